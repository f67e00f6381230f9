//! The members of a task; and what a call says that asks its client, or became a task, with the questions as text already:
//! whoever asked made it. So a
//! server that asks nothing has none of the types of what can be asked, nor has one that reads a task back from its store.
//! Floor 0.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::task::timestamp;
use super::{ErrorObject, Meta, ResultType, Task, TaskStatus};

/// Questions by their names.
pub(crate) type Questions = BTreeMap<String, Box<RawValue>>;

/// The members of [`InputRequiredResult`](super::InputRequiredResult).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Asked {
    input_requests: Questions,
    request_state: String,
    result_type: ResultType,
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    pub(crate) meta: Option<Meta>,
}

impl Asked {
    pub(crate) fn new(input_requests: Questions, request_state: String) -> Self {
        Self { input_requests, request_state, result_type: ResultType::InputRequired, meta: None }
    }
}

/// What a task is doing, as [`TaskState`](super::TaskState) has it.
pub(crate) enum Standing {
    Working,
    Asking(Questions),
    Completed(Box<RawValue>),
    Failed(ErrorObject),
    Cancelled,
}

/// A task as it stands in the store, which is also what `tasks/get` answers.
pub(crate) type TaskRecord = TaskMembers<Questions>;

/// The members of [`GetTaskResult`](super::GetTaskResult), of which those of every other message about tasks are a part.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TaskMembers<Q> {
    pub(super) task_id: String,
    pub(crate) status: TaskStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status_message: Option<String>,
    pub(super) created_at: String,
    pub(super) last_updated_at: String,
    pub(super) ttl_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) poll_interval_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) input_requests: Option<Q>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) result: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<ErrorObject>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) result_type: Option<ResultType>,
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    pub(crate) meta: Option<Meta>,
}

impl TaskRecord {
    /// A task whose call goes on.
    pub(crate) fn new(task: &Task) -> Self {
        let Task { task_id, status_message, created_at, last_updated_at, ttl_ms, poll_interval_ms } = task.clone();
        Self {
            task_id,
            status_message,
            created_at,
            last_updated_at,
            ttl_ms,
            poll_interval_ms,
            // No other revision has tasks.
            result_type: Some(ResultType::Complete),
            ..Self::default()
        }
    }

    /// Says what it is doing since now.
    pub(crate) fn set(&mut self, standing: Standing, now: SystemTime) {
        (self.input_requests, self.result, self.error) = (None, None, None);
        self.status = match standing {
            Standing::Working => TaskStatus::Working,
            Standing::Asking(questions) => {
                self.input_requests = Some(questions);
                TaskStatus::InputRequired
            }
            Standing::Completed(result) => {
                self.result = Some(result);
                TaskStatus::Completed
            }
            Standing::Failed(error) => {
                // SEP-2663, "Task Execution Errors".
                self.status_message = Some(error.message.clone());
                self.error = Some(error);
                TaskStatus::Failed
            }
            Standing::Cancelled => TaskStatus::Cancelled,
        };
        self.last_updated_at = timestamp(now);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use serde_json::value::to_raw_value;

    use super::*;
    use crate::model::{DetailedTask, GetTaskResult, InputRequest, InputRequiredResult, TaskState};

    #[test]
    fn they_are_what_the_protocol_calls_them() -> serde_json::Result<()> {
        let error = ErrorObject { code: -1, message: "m".to_owned(), data: Some(Value::from("d")) };
        let result = RawValue::from_string("{\"a\":1.0}".to_owned())?;
        let asked = InputRequest::ListRoots(None);
        let questions = Questions::from([("a".to_owned(), to_raw_value(&asked)?)]);
        let input_requests = BTreeMap::from([("a".to_owned(), asked)]);

        let answer = InputRequiredResult {
            input_requests: Some(input_requests.clone()),
            request_state: Some("s".to_owned()),
            result_type: Some(ResultType::InputRequired),
            meta: None,
        };
        assert_eq!(
            serde_json::to_value(Asked::new(questions.clone(), "s".to_owned()))?,
            serde_json::to_value(&answer)?
        );

        let now = SystemTime::UNIX_EPOCH;
        let mut task = Task::new("t", now);
        (task.ttl_ms, task.poll_interval_ms) = (Some(1), Some(2));
        let mut record = TaskRecord::new(&task);
        for (standing, state) in [
            (Standing::Working, TaskState::Working),
            (Standing::Asking(questions), TaskState::InputRequired { input_requests }),
            (Standing::Cancelled, TaskState::Cancelled),
            (Standing::Failed(error.clone()), TaskState::Failed { error }),
            (Standing::Completed(result.clone()), TaskState::Completed { result }),
        ] {
            record.set(standing, now);
            if let TaskState::Failed { error } = &state {
                task.status_message = Some(error.message.clone());
            }
            let detailed = DetailedTask { task: task.clone(), state };
            let answer = GetTaskResult { task: detailed, result_type: Some(ResultType::Complete), meta: None };
            let kept = serde_json::to_string(&record)?;
            assert_eq!(serde_json::from_str::<Value>(&kept)?, serde_json::to_value(&answer)?);
            // What is read back is the same.
            record = serde_json::from_str(&kept)?;
            assert_eq!(serde_json::to_string(&record)?, kept);
        }
        Ok(())
    }
}
