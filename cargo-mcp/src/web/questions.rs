//! What the server asks the user: shown on every page that is open, and answered by whichever is first. A page that is
//! opened later shows what is still open.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::body::Bytes;
use mcp_runtime::ProtocolError;
use mcp_runtime::model::ElicitResult;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::{oneshot, watch};
use tokio::time::timeout;

use super::journal::line;

/// How long a question may wait. As nobody can tell whether somebody looks at the page, it ends as if turned away from.
const ANSWER: Duration = Duration::from_mins(10);

pub(super) struct Questions {
    open: Mutex<Open>,
    /// How often something changed.
    changed: watch::Sender<u64>,
}

#[derive(Default)]
struct Open {
    last: u64,
    /// At most as many as the client lets a server ask at once.
    by_id: BTreeMap<u64, (Value, oneshot::Sender<ElicitResult>)>,
}

impl Questions {
    pub(super) fn new() -> Self {
        Self { open: Mutex::default(), changed: watch::Sender::new(0) }
    }

    /// Asks, and waits for the answer. Dropping the future takes the question back.
    pub(super) async fn ask(self: Arc<Self>, question: impl Serialize) -> Result<ElicitResult, ProtocolError> {
        let question =
            serde_json::to_value(question).map_err(|_| ProtocolError::internal("the question cannot be shown"))?;
        let (sender, answer) = oneshot::channel();
        let id = {
            let mut open = self.open();
            open.last += 1;
            let id = open.last;
            open.by_id.insert(id, (question, sender));
            id
        };
        let _taken_back = TakeBack(&self, id);
        self.tell();
        // Whoever holds the other end answers or is still there when the time is over.
        Ok(timeout(ANSWER, answer).await.ok().and_then(Result::ok).unwrap_or_else(ElicitResult::cancel))
    }

    /// Answers a question; says whether it was still open.
    pub(super) fn answer(&self, id: u64, result: ElicitResult) -> bool {
        let taken = self.open().by_id.remove(&id);
        taken.is_some_and(|(_, sender)| sender.send(result).is_ok())
    }

    pub(super) fn are_open(&self) -> bool {
        !self.open().by_id.is_empty()
    }

    /// Hears when that changes.
    pub(super) fn follow(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// All that is open.
    pub(super) fn event(&self) -> Bytes {
        let open = self.open();
        let questions: Vec<_> =
            open.by_id.iter().map(|(id, (question, _))| json!({ "id": id, "params": question })).collect();
        line(&json!({ "type": "questions", "open": questions }))
    }

    fn tell(&self) {
        self.changed.send_modify(|count| *count += 1);
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        // Nothing that can panic runs while it is locked.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct TakeBack<'q>(&'q Questions, u64);

impl Drop for TakeBack<'_> {
    fn drop(&mut self) {
        self.0.open().by_id.remove(&self.1);
        self.0.tell();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_question_is_open_until_it_is_answered_taken_back_or_forgotten() {
        let questions = Arc::new(Questions::new());
        let ask = || tokio::spawn(Arc::clone(&questions).ask(json!({ "message": "m" })));
        let asked = ask();
        tokio::task::yield_now().await;
        let event: Value = serde_json::from_slice(&questions.event()).expect("JSON");
        assert_eq!(event["open"], json!([{ "id": 1, "params": { "message": "m" } }]));
        assert!(questions.answer(1, ElicitResult::decline()) && !questions.answer(1, ElicitResult::decline()));
        assert_eq!(asked.await.expect("an end").expect("an answer"), ElicitResult::decline());

        let asked = ask();
        tokio::task::yield_now().await;
        assert!(questions.are_open());
        asked.abort();
        assert!(asked.await.is_err());
        assert!(!questions.are_open());

        assert_eq!(ask().await.expect("an end").expect("an answer"), ElicitResult::cancel());
    }
}
