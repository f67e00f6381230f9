//! Tasks, which are an extension of 2026-07-28 and in no revision before. Floor 0.

use super::{Lower, result_type};
use crate::model::{
    CreateTaskResult, DetailedTask, ErrorObject, GetTaskResult, ResultType, Task, TaskState,
    TaskStatusNotificationParams,
};
use crate::revision::Revision;

impl Lower for CreateTaskResult {
    fn lower(&mut self, revision: Revision) {
        let Self { task, status: _, result_type: kind, meta: _ } = self;
        task.lower(revision);
        kind.get_or_insert(ResultType::Task);
        result_type(revision, kind);
    }
}

impl Lower for GetTaskResult {
    fn lower(&mut self, revision: Revision) {
        let Self { task, result_type: kind, meta: _ } = self;
        task.lower(revision);
        result_type(revision, kind);
    }
}

impl Lower for TaskStatusNotificationParams {
    fn lower(&mut self, revision: Revision) {
        let Self { task, meta: _ } = self;
        task.lower(revision);
    }
}

impl Lower for DetailedTask {
    fn lower(&mut self, revision: Revision) {
        let Self { task, state } = self;
        task.lower(revision);
        state.lower(revision);
    }
}

impl Lower for Task {
    fn lower(&mut self, _: Revision) {
        let Self { task_id: _, status_message: _, created_at: _, last_updated_at: _, ttl_ms: _, poll_interval_ms: _ } =
            self;
    }
}

impl Lower for TaskState {
    /// The result stays as it is: it was lowered when it was serialized, by whoever knew which tool it comes from.
    fn lower(&mut self, revision: Revision) {
        match self {
            Self::InputRequired { input_requests } => {
                for request in input_requests.values_mut() {
                    request.lower(revision);
                }
            }
            Self::Working
            | Self::Completed { result: _ }
            | Self::Failed { error: ErrorObject { code: _, message: _, data: _ } }
            | Self::Cancelled => {}
        }
    }
}
