//! A task as it stands in the store, which is also what `tasks/get` answers. What goes with its state is text already: to read
//! it back takes none of the types that it was made of. Floor 0.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::lower::Lower;
use super::task::timestamp;
use super::{Meta, ResultType, Task, TaskState, TaskStatus};
use crate::revision::Revision;

/// The members of [`GetTaskResult`](super::GetTaskResult).
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TaskRecord {
    task_id: String,
    pub(crate) status: TaskStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_message: Option<String>,
    created_at: String,
    last_updated_at: String,
    ttl_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    poll_interval_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_requests: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result_type: Option<ResultType>,
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

    /// Gives it another state, of this time.
    ///
    /// # Errors
    /// None of what this crate makes.
    pub(crate) fn set(&mut self, mut state: TaskState, now: SystemTime) -> serde_json::Result<()> {
        state.lower(Revision::V2026_07_28);
        (self.input_requests, self.result, self.error) = (None, None, None);
        self.status = state.status();
        match state {
            TaskState::Working | TaskState::Cancelled => {}
            TaskState::InputRequired { input_requests } => self.input_requests = Some(to_raw_value(&input_requests)?),
            TaskState::Completed { result } => self.result = Some(result),
            TaskState::Failed { error } => {
                self.error = Some(to_raw_value(&error)?);
                // SEP-2663, "Task Execution Errors".
                self.status_message = Some(error.message);
            }
        }
        self.last_updated_at = timestamp(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::Value;

    use super::*;
    use crate::model::{DetailedTask, ErrorObject, GetTaskResult, InputRequest};

    #[test]
    fn it_is_what_tasks_get_answers() -> serde_json::Result<()> {
        let error = ErrorObject { code: -1, message: "m".to_owned(), data: Some(Value::Null) };
        let asked = BTreeMap::from([("a".to_owned(), InputRequest::ListRoots(None))]);
        let states = [
            TaskState::Working,
            TaskState::InputRequired { input_requests: asked },
            TaskState::Cancelled,
            TaskState::Failed { error },
            TaskState::Completed { result: RawValue::from_string("{\"a\":1.0}".to_owned())? },
        ];
        let now = SystemTime::UNIX_EPOCH;
        let mut task = Task::new("t", now);
        (task.ttl_ms, task.poll_interval_ms) = (Some(1), Some(2));
        let mut record = TaskRecord::new(&task);
        for state in states {
            record.set(state.clone(), now)?;
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
