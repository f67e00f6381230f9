//! Tasks: calls that a server answers with a handle, to be asked about until they are done. An extension of 2026-07-28,
//! `io.modelcontextprotocol/tasks`; the tasks of 2025-11-25 are another thing and not here, nor is what runs one. Floor 0.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::record::TaskMembers;
use super::{EmptyResult, ErrorObject, InputRequests, InputResponses, Meta, ResultType};

/// The id of the extension, a key of the `extensions` of both sides' capabilities.
///
/// Its settings are an empty object. A client that does not name it in a request gets no task for it.
/// Source: SEP-2663, "Capability Negotiation".
pub const TASKS_EXTENSION: &str = "io.modelcontextprotocol/tasks";

/// What a task is doing. Since 2026-07-28.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskStatus {
    /// The call goes on.
    #[default]
    Working,
    /// The call waits for answers of the client.
    InputRequired,
    /// The call has a result, possibly one with `isError`.
    Completed,
    /// The call ended in a JSON-RPC error.
    Failed,
    /// The call was given up.
    Cancelled,
}

impl TaskStatus {
    /// Whether the task is done: nothing about its state changes any more.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

/// What can be said of every task, whatever it is doing. Since 2026-07-28.
///
/// On the wire these members stand beside the others of what contains them. Source: SEP-2663, "Tasks".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    /// The handle of the task. It may be all that keeps others from the task, so nobody must be able to guess it.
    pub task_id: String,
    /// What the task is doing, for people and models to read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_message: Option<String>,
    /// When the task was made, as ISO 8601 text.
    pub created_at: String,
    /// When anything about the task last changed, as ISO 8601 text.
    pub last_updated_at: String,
    /// For how many milliseconds from its making the task is kept; `None`, which is `null` on the wire, means for ever.
    pub ttl_ms: Option<u64>,
    /// How many milliseconds the client should wait before it asks again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub poll_interval_ms: Option<u64>,
}

impl Task {
    /// A task that was made at this time and is kept for ever.
    pub fn new(task_id: impl Into<String>, created: SystemTime) -> Self {
        let created_at = timestamp(created);
        Self { task_id: task_id.into(), last_updated_at: created_at.clone(), created_at, ..Self::default() }
    }

    /// Notes that something about the task changed at this time.
    pub fn updated(&mut self, at: SystemTime) {
        self.last_updated_at = timestamp(at);
    }
}

/// What a task is doing, with what goes with it. Since 2026-07-28.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(tag = "status", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum TaskState {
    /// The call goes on.
    #[default]
    Working,
    /// The call waits for answers of the client.
    InputRequired {
        /// All that is still to be answered, by names of which a task never uses one twice.
        input_requests: InputRequests,
    },
    /// The call has a result, possibly one with `isError`.
    Completed {
        /// What the call would have been answered with, a JSON object. It stays text: whoever made it knows its type.
        result: Box<RawValue>,
    },
    /// The call ended in a JSON-RPC error.
    Failed {
        /// What the call would have been refused with.
        error: ErrorObject,
    },
    /// The call was given up.
    Cancelled,
}

impl TaskState {
    /// The state without what goes with it.
    pub const fn status(&self) -> TaskStatus {
        match self {
            Self::Working => TaskStatus::Working,
            Self::InputRequired { .. } => TaskStatus::InputRequired,
            Self::Completed { .. } => TaskStatus::Completed,
            Self::Failed { .. } => TaskStatus::Failed,
            Self::Cancelled => TaskStatus::Cancelled,
        }
    }
}

/// Everything about a task. Since 2026-07-28.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(try_from = "Flat")]
pub struct DetailedTask {
    /// What can be said of every task.
    #[serde(flatten)]
    pub task: Task,
    /// What this one is doing.
    #[serde(flatten)]
    pub state: TaskState,
}

/// The answer to `tools/call` when the call becomes a task. Since 2026-07-28.
///
/// Only for a request that names the [extension](TASKS_EXTENSION), and not before `tasks/get` finds the task.
/// Source: SEP-2663, "Task Creation".
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Flat", rename_all = "camelCase")]
pub struct CreateTaskResult {
    /// The task as it was made.
    #[serde(flatten)]
    pub task: Task,
    /// What it is doing, usually [`TaskStatus::Working`]. What goes with it is for `tasks/get` to say.
    pub status: TaskStatus,
    /// [`ResultType::Task`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_type: Option<ResultType>,
    /// Metadata of the result.
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
}

/// The parameters of `tasks/get`. Since 2026-07-28.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GetTaskRequestParams {
    /// Which task.
    pub task_id: String,
    /// Metadata of the request.
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
}

/// The answer to `tasks/get`. Since 2026-07-28.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(try_from = "Flat", rename_all = "camelCase")]
pub struct GetTaskResult {
    /// The task as it is now.
    #[serde(flatten)]
    pub task: DetailedTask,
    /// [`ResultType::Complete`], whatever the task is doing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_type: Option<ResultType>,
    /// Metadata of the result.
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
}

/// The parameters of `tasks/update`: answers to what a task asks. Since 2026-07-28.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UpdateTaskRequestParams {
    /// Which task.
    pub task_id: String,
    /// The answers, some or all, by the names under which they were asked.
    pub input_responses: InputResponses,
    /// Metadata of the request.
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
}

/// The answer to `tasks/update`: the answers came in. Whether the task has seen them is for `tasks/get` to say.
/// Since 2026-07-28.
pub type UpdateTaskResult = EmptyResult;

/// The parameters of `tasks/cancel`. Since 2026-07-28.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CancelTaskRequestParams {
    /// Which task.
    pub task_id: String,
    /// Metadata of the request.
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
}

/// The answer to `tasks/cancel`: the wish came in. Whether the task ends for it is for `tasks/get` to say.
/// Since 2026-07-28.
pub type CancelTaskResult = EmptyResult;

/// The parameters of `notifications/tasks`: what `tasks/get` would answer now. Since 2026-07-28.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(try_from = "Flat")]
pub struct TaskStatusNotificationParams {
    /// The task as it is now.
    #[serde(flatten)]
    pub task: DetailedTask,
    /// Metadata of the notification; names the stream under [`SUBSCRIPTION_ID_KEY`](super::SUBSCRIPTION_ID_KEY).
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
}

/// What a task is decoded from: `flatten` would take raw JSON apart, and numbers where some crate of the build turns on the
/// feature `arbitrary_precision` of `serde_json`.
type Flat = TaskMembers<InputRequests>;

/// What a task lacks for the status that it has.
const LACKS_INPUT_REQUESTS: &str = "a task that is `input_required` must have `inputRequests`";
const LACKS_RESULT: &str = "a task that is `completed` must have a `result`";
const LACKS_ERROR: &str = "a task that is `failed` must have an `error`";

impl Flat {
    fn task(self) -> Task {
        let Self { task_id, status_message, created_at, last_updated_at, ttl_ms, poll_interval_ms, .. } = self;
        Task { task_id, status_message, created_at, last_updated_at, ttl_ms, poll_interval_ms }
    }
}

impl From<Flat> for CreateTaskResult {
    fn from(mut flat: Flat) -> Self {
        let (status, result_type, meta) = (flat.status, flat.result_type.take(), flat.meta.take());
        Self { task: flat.task(), status, result_type, meta }
    }
}

impl TryFrom<Flat> for DetailedTask {
    type Error = &'static str;

    fn try_from(mut flat: Flat) -> Result<Self, Self::Error> {
        let state = match flat.status {
            TaskStatus::Working => TaskState::Working,
            TaskStatus::InputRequired => {
                TaskState::InputRequired { input_requests: flat.input_requests.take().ok_or(LACKS_INPUT_REQUESTS)? }
            }
            TaskStatus::Completed => TaskState::Completed { result: flat.result.take().ok_or(LACKS_RESULT)? },
            TaskStatus::Failed => TaskState::Failed { error: flat.error.take().ok_or(LACKS_ERROR)? },
            TaskStatus::Cancelled => TaskState::Cancelled,
        };
        Ok(Self { task: flat.task(), state })
    }
}

impl TryFrom<Flat> for GetTaskResult {
    type Error = &'static str;

    fn try_from(mut flat: Flat) -> Result<Self, Self::Error> {
        let (result_type, meta) = (flat.result_type.take(), flat.meta.take());
        Ok(Self { task: flat.try_into()?, result_type, meta })
    }
}

impl TryFrom<Flat> for TaskStatusNotificationParams {
    type Error = &'static str;

    fn try_from(mut flat: Flat) -> Result<Self, Self::Error> {
        let meta = flat.meta.take();
        Ok(Self { task: flat.try_into()?, meta })
    }
}

/// Formats a time as RFC 3339 does, which is ISO 8601 too: in UTC, with milliseconds.
///
/// What lies before 1970 becomes its beginning, what lies after 9999 its last second: only a broken clock says so.
pub(super) fn timestamp(at: SystemTime) -> String {
    const LAST: u64 = 253_402_300_799;
    const DAY: u64 = 86_400;
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = since.as_secs().min(LAST);
    let (hour, minute, second) = (seconds % DAY / 3600, seconds % 3600 / 60, seconds % 60);
    // Years are counted from March of the year 0, so that a leap day is the last of its year; 400 years make an era, after
    // which all repeats. The method is Howard Hinnant's `civil_from_days`.
    let days = seconds / DAY + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = if month < 10 { (year, month + 3) } else { (year + 1, month - 9) };
    let year = era * 400 + year;
    let millis = since.subsec_millis();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;
    use std::time::Duration;

    use serde::de::DeserializeOwned;
    use serde_json::{Value, json};

    use super::*;

    /// A task with these members beside those that each has.
    fn task(more: Value) -> Value {
        let mut task = json!({
            "taskId": "786512e2-9e0d-44bd-8f29-789f320fe840", "createdAt": "2025-11-25T10:30:00Z",
            "lastUpdatedAt": "2025-11-25T10:40:00Z", "ttlMs": 60000
        });
        let Value::Object(more) = more else { panic!("{more} is no object") };
        task.as_object_mut().unwrap().extend(more);
        task
    }

    /// Each state, as SEP-2663 shows it.
    fn states() -> [(TaskStatus, Value); 6] {
        let form = json!({ "type": "object", "properties": { "name": { "type": "string" } }, "required": ["name"] });
        let elicit = json!({ "mode": "form", "message": "Who are you?", "requestedSchema": form });
        let said = json!([{ "type": "text", "text": "Hello!" }]);
        [
            (TaskStatus::Working, json!({ "status": "working", "pollIntervalMs": 5000, "statusMessage": "Half-way" })),
            (
                TaskStatus::InputRequired,
                json!({
                    "status": "input_required",
                    "inputRequests": { "name": { "method": "elicitation/create", "params": elicit } }
                }),
            ),
            (TaskStatus::Completed, json!({ "status": "completed", "result": { "content": said, "isError": false } })),
            (TaskStatus::Completed, json!({ "status": "completed", "result": { "content": said, "isError": true } })),
            (
                TaskStatus::Failed,
                json!({ "status": "failed", "statusMessage": "m", "error": { "code": -32603, "message": "limit" } }),
            ),
            (TaskStatus::Cancelled, json!({ "status": "cancelled", "ttlMs": null })),
        ]
    }

    /// Decodes a message from text, encodes it, and compares.
    fn check<T: DeserializeOwned + Serialize + Debug>(json: &Value) -> T {
        let message: T = serde_json::from_str(&json.to_string()).unwrap_or_else(|error| panic!("{error}: {json}"));
        let encoded = serde_json::to_string(&message).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&encoded).unwrap(), *json);
        message
    }

    #[test]
    fn a_new_task_stands_flat_in_its_result() {
        for more in [json!({}), json!({ "pollIntervalMs": 5000, "statusMessage": "m", "_meta": { "a.b/c": 1 } })] {
            let mut json = task(more);
            json["resultType"] = "task".into();
            json["status"] = "working".into();
            let result: CreateTaskResult = check(&json);
            assert_eq!((result.status, result.result_type), (TaskStatus::Working, Some(ResultType::Task)));
            assert_eq!(result.task.ttl_ms, Some(60000));
        }
    }

    #[test]
    fn each_state_survives_a_round_trip_wherever_it_stands() {
        for (status, more) in states() {
            let mut json = task(more);
            assert_eq!(check::<DetailedTask>(&json).state.status(), status);
            json["_meta"] = json!({ "io.modelcontextprotocol/subscriptionId": 1 });
            let params: TaskStatusNotificationParams = check(&json);
            assert!(params.meta.is_some() && params.task.state.status() == status);
            json["resultType"] = "complete".into();
            let result: GetTaskResult = check(&json);
            assert_eq!((result.task.state.status(), result.result_type), (status, Some(ResultType::Complete)));
        }
    }

    #[test]
    fn a_result_is_kept_to_the_byte() {
        let raw = r#"{"b" : 1.0, "a":12345678901234567890123, "b":[ ]}"#;
        let mut json = task(json!({ "status": "completed" })).to_string();
        json.insert_str(json.len() - 1, &format!(r#","result":{raw}"#));
        let task: DetailedTask = serde_json::from_str(&json).unwrap();
        assert!(serde_json::to_string(&task).unwrap().contains(raw), "{task:?}");
        assert!(matches!(task.state, TaskState::Completed { result } if result.get() == raw));
    }

    #[test]
    fn a_task_without_what_its_status_needs_is_refused() {
        for (status, expected) in
            [("input_required", LACKS_INPUT_REQUESTS), ("completed", LACKS_RESULT), ("failed", LACKS_ERROR)]
        {
            let json = task(json!({ "status": status })).to_string();
            let message = serde_json::from_str::<GetTaskResult>(&json).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
            assert!(serde_json::from_str::<CreateTaskResult>(&json).is_ok(), "a new task needs only its status");
        }
        let unknown = task(json!({ "status": "paused" })).to_string();
        assert!(serde_json::from_str::<GetTaskResult>(&unknown).is_err());
    }

    #[test]
    fn requests_name_their_task() {
        let meta = json!({ "a.b/c": 1 });
        assert_eq!(check::<GetTaskRequestParams>(&json!({ "taskId": "t", "_meta": meta })).task_id, "t");
        assert_eq!(check::<CancelTaskRequestParams>(&json!({ "taskId": "t" })).task_id, "t");
        let answers = json!({ "name": { "action": "accept", "content": { "input": "Luca" } } });
        let update: UpdateTaskRequestParams = check(&json!({ "taskId": "t", "inputResponses": answers }));
        assert!(update.input_responses.contains_key("name"));
        assert!(serde_json::from_str::<UpdateTaskRequestParams>(r#"{"taskId":"t"}"#).is_err());
    }

    #[test]
    fn terminal_are_the_states_in_which_a_task_is_done() {
        for (status, more) in states() {
            let has_ended = ["completed", "failed", "cancelled"].iter().any(|name| more["status"] == *name);
            assert_eq!(status.is_terminal(), has_ended, "{status:?}");
        }
    }

    #[test]
    fn a_change_moves_the_time_of_the_last_one_only() {
        let mut task = Task::new("t", UNIX_EPOCH);
        task.updated(UNIX_EPOCH + Duration::from_millis(1));
        assert_eq!(task.created_at, "1970-01-01T00:00:00.000Z");
        assert_eq!(task.last_updated_at, "1970-01-01T00:00:00.001Z");
    }

    #[test]
    fn times_are_written_as_rfc_3339() {
        for (millis, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_764_066_600_007, "2025-11-25T10:30:00.007Z"),
            (4_107_542_399_000, "2100-02-28T23:59:59.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (253_402_300_799_000, "9999-12-31T23:59:59.000Z"),
            (253_402_300_800_000, "9999-12-31T23:59:59.000Z"),
        ] {
            assert_eq!(timestamp(UNIX_EPOCH + Duration::from_millis(millis)), expected);
        }
        assert_eq!(timestamp(UNIX_EPOCH - Duration::from_secs(1)), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let (mut year, mut month, mut day) = (1970, 1, 1);
        for days in 0..366 * 500 {
            let time = UNIX_EPOCH + Duration::from_secs(days * 86_400);
            assert_eq!(timestamp(time)[..10], format!("{year}-{month:02}-{day:02}"));
            let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let last = match month {
                2 if is_leap => 29,
                2 => 28,
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            (year, month, day) = match (month, day) {
                (12, 31) => (year + 1, 1, 1),
                (_, day) if day == last => (year, month + 1, 1),
                _ => (year, month, day + 1),
            };
        }
        assert!(year > 2400, "no year without a leap day was passed");
    }
}
