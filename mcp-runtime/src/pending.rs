//! What a server of a revision with a handshake asked its client and was not answered yet. How the question is made is
//! `ask`; how it travels is `peer`. Floor 2.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::message::Outcome;
use crate::model::RequestId;

/// The most questions that one client may owe answers to.
const MOST: usize = 1024;

/// Why a question cannot be entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closed {
    /// The session is over.
    Over,
    /// As many as this are open already.
    Full(usize),
}

/// The questions of one session.
#[derive(Debug, Default)]
pub(crate) struct Pending(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    last: i64,
    waiting: HashMap<i64, oneshot::Sender<Outcome>>,
    closed: bool,
}

impl Pending {
    /// Enters a question and gives its id.
    ///
    /// # Errors
    /// When the session is over, or owes too many answers.
    pub(crate) fn enter(&self) -> Result<(i64, oneshot::Receiver<Outcome>), Closed> {
        let mut table = self.lock();
        if table.closed {
            return Err(Closed::Over);
        }
        if table.waiting.len() >= MOST {
            return Err(Closed::Full(MOST));
        }
        let (sender, receiver) = oneshot::channel();
        table.last += 1;
        let id = table.last;
        table.waiting.insert(id, sender);
        Ok((id, receiver))
    }

    /// Hands an answer to whoever waits for it. One that nobody waits for is dropped.
    pub(crate) fn answer(&self, id: &RequestId, outcome: Outcome) {
        // Some clients send a number back as text.
        let id = match id {
            RequestId::Number(id) => Some(*id),
            RequestId::String(id) => id.parse().ok(),
        };
        let waiting = id.and_then(|id| self.lock().waiting.remove(&id));
        if let Some(waiting) = waiting {
            // Whoever asked may have gone in the meantime.
            let _ = waiting.send(outcome);
        }
    }

    /// Takes a question back; says whether it was still open.
    pub(crate) fn withdraw(&self, id: i64) -> bool {
        self.lock().waiting.remove(&id).is_some()
    }

    /// Nothing will be answered any more.
    pub(crate) fn close(&self) {
        let mut table = self.lock();
        table.closed = true;
        table.waiting.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        // Nothing that can panic runs while the table is locked but an allocation.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
