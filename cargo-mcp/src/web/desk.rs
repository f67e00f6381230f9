//! What is there before the connection is: who notes its frames, and who answers what the server asks.

use std::sync::{Arc, Mutex, PoisonError};

use mcp_runtime::client::{CacheLimits, Connect, Source};
use mcp_runtime::model::LoggingLevel;

use super::journal::Journal;
use super::questions::Questions;
use crate::target::Prepare;

pub(crate) struct Desk {
    pub(super) journal: Arc<Journal>,
    pub(super) questions: Arc<Questions>,
    /// Which log messages the server was asked for last.
    level: Mutex<LoggingLevel>,
}

impl Desk {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            journal: Arc::new(Journal::new()),
            questions: Arc::new(Questions::new()),
            level: Mutex::new(LoggingLevel::Info),
        })
    }

    pub(super) fn level(&self) -> LoggingLevel {
        *self.level.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_level(&self, level: LoggingLevel) {
        *self.level.lock().unwrap_or_else(PoisonError::into_inner) = level;
    }
}

impl Prepare for Arc<Desk> {
    fn prepare<S: Source>(&self, connect: Connect<S>) -> Connect<S> {
        let (journal, forms, addresses) =
            (Arc::clone(&self.journal), Arc::clone(&self.questions), Arc::clone(&self.questions));
        connect
            .on_frame(move |direction, frame| journal.note(direction, frame))
            .on_elicit(move |form| Arc::clone(&forms).ask(form))
            .on_elicit_url(move |address| Arc::clone(&addresses).ask(address))
            .log_level(self.level())
            // Whoever presses "reload" wants to see what the server says now.
            .cache(CacheLimits::none())
    }
}
