//! What was found to be wrong in one run, and what it did.

use std::cell::Cell;
use std::panic;
use std::sync::{Arc, Mutex, Once, PoisonError};

thread_local! {
    static PANICS: Cell<usize> = const { Cell::new(0) };
}

/// How many panics there were on this thread since this was asked last: those of a task that nobody waits for are seen by
/// nobody else.
pub(crate) fn panics() -> usize {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            PANICS.set(PANICS.get() + 1);
            usual(panic);
        }));
    });
    PANICS.take()
}

/// What is wrong, noted by whoever sees it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Verdict(Arc<Mutex<Notes>>);

#[derive(Debug, Default)]
struct Notes {
    wrong: Vec<String>,
    heard: usize,
}

impl Verdict {
    /// Notes what must not be.
    pub(crate) fn check(&self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            let text = match turmoil::sim_elapsed() {
                Some(now) => format!("at {now:?}: {}", otherwise()),
                None => otherwise(),
            };
            self.0.lock().unwrap_or_else(PoisonError::into_inner).wrong.push(text);
        }
    }

    /// A client has heard of a change.
    pub(crate) fn heard(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).heard += 1;
    }

    /// What is wrong, and how many changes were heard of.
    pub(crate) fn take(&self) -> (Vec<String>, usize) {
        let notes = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        (notes.wrong, notes.heard)
    }
}

/// What is done wrong on purpose, to see that it is seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Slip {
    #[default]
    None,
    /// The client makes calls again that must not be.
    Repeats,
    /// The client waits longer than its caller said.
    Waits,
    /// The server answers with what another call asked.
    Mixes,
    /// The server keeps something of each connection.
    Keeps,
}

/// What many runs did.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) calls: usize,
    pub(crate) answered: usize,
    pub(crate) failed: usize,
    pub(crate) given_up: usize,
    /// Functions that ran, and those among them that were given up.
    pub(crate) run: u32,
    pub(crate) dropped: u32,
    /// Calls that were sent more than once.
    pub(crate) repeated: usize,
    pub(crate) changes: usize,
    pub(crate) partitions: usize,
    pub(crate) holds: usize,
    pub(crate) slow: usize,
    pub(crate) restarts: usize,
    pub(crate) broken: usize,
}

impl Tally {
    /// The sum.
    pub(crate) fn add(&mut self, other: &Self) {
        let Self { calls, answered, failed, given_up, run, dropped, repeated, changes, .. } = self;
        (*calls, *answered, *failed) = (*calls + other.calls, *answered + other.answered, *failed + other.failed);
        (*given_up, *run, *dropped) = (*given_up + other.given_up, *run + other.run, *dropped + other.dropped);
        (*repeated, *changes) = (*repeated + other.repeated, *changes + other.changes);
        self.partitions += other.partitions;
        self.holds += other.holds;
        self.slow += other.slow;
        self.restarts += other.restarts;
        self.broken += other.broken;
    }
}
