//! What a server of a revision with a handshake asked its client and was not answered yet. How the question is made is
//! `ask`; how it travels is `peer`. Floor 2.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::message::Outcome;
use crate::model::RequestId;

/// Why a question cannot be entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closed {
    /// The session is over.
    Over,
    /// As many as this are open already.
    Full(usize),
}

/// What came for a question, and what is held for as long as that is not read.
pub(crate) type Answer = (Outcome, Option<Arc<dyn Any + Send + Sync>>);

/// The questions of one session.
#[derive(Debug)]
pub(crate) struct Pending {
    table: Mutex<Table>,
    most: usize,
}

#[derive(Debug, Default)]
struct Table {
    last: i64,
    waiting: HashMap<i64, oneshot::Sender<Answer>>,
    closed: bool,
}

impl Pending {
    /// Of a client that may owe answers to so many.
    pub(crate) fn new(most: usize) -> Self {
        Self { table: Mutex::default(), most }
    }

    /// The same, but the ids come after this one: an answer to what another process asked is none to what this one asks.
    #[cfg(feature = "http")]
    pub(crate) fn after(last: u64, most: usize) -> Self {
        let last = i64::try_from(last).unwrap_or_default();
        Self { table: Mutex::new(Table { last, ..Table::default() }), most }
    }

    /// Enters a question and gives its id.
    ///
    /// # Errors
    /// When the session is over, or owes too many answers.
    pub(crate) fn enter(&self) -> Result<(i64, oneshot::Receiver<Answer>), Closed> {
        let mut table = self.lock();
        if table.closed {
            return Err(Closed::Over);
        }
        if table.waiting.len() >= self.most {
            return Err(Closed::Full(self.most));
        }
        let (sender, receiver) = oneshot::channel();
        table.last += 1;
        let id = table.last;
        table.waiting.insert(id, sender);
        Ok((id, receiver))
    }

    /// Hands an answer to whoever waits for it. One that nobody waits for is dropped.
    pub(crate) fn answer(&self, id: &RequestId, outcome: Outcome, held: Option<Arc<dyn Any + Send + Sync>>) {
        if let Some(waiting) = self.leave(id) {
            // Whoever asked may have gone in the meantime.
            let _ = waiting.send((outcome, held));
        }
    }

    /// Tells whoever waits for an answer that it cannot be taken.
    pub(crate) fn fail(&self, id: &RequestId) {
        drop(self.leave(id));
    }

    fn leave(&self, id: &RequestId) -> Option<oneshot::Sender<Answer>> {
        // Some clients send a number back as text.
        let id = match id {
            RequestId::Number(id) => Some(*id),
            RequestId::String(id) => id.parse().ok(),
        };
        self.lock().waiting.remove(&id?)
    }

    /// Takes a question back; says whether it was still open.
    pub(crate) fn withdraw(&self, id: i64) -> bool {
        self.lock().waiting.remove(&id).is_some()
    }

    /// How many questions are open.
    pub(crate) fn open(&self) -> usize {
        self.lock().waiting.len()
    }

    /// Nothing will be answered any more.
    pub(crate) fn close(&self) {
        let mut table = self.lock();
        table.closed = true;
        table.waiting.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        // Nothing that can panic runs while the table is locked but an allocation.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
