//! Tasks, which are an extension of 2026-07-28 and in no revision before. What `tasks/get` answers was lowered when it was
//! written down: see `record`. Floor 0.

use super::{Lower, result_type};
use crate::model::{CreateTaskResult, ResultType, Task};
use crate::revision::Revision;

impl Lower for CreateTaskResult {
    fn lower(&mut self, revision: Revision) {
        let Self { task, status: _, result_type: kind, meta: _ } = self;
        task.lower(revision);
        kind.get_or_insert(ResultType::Task);
        result_type(revision, kind);
    }
}

impl Lower for Task {
    fn lower(&mut self, _: Revision) {
        let Self { task_id: _, status_message: _, created_at: _, last_updated_at: _, ttl_ms: _, poll_interval_ms: _ } =
            self;
    }
}
