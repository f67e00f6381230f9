//! What was done and what went wrong, counted by everybody who takes part.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// After so many failures there is nothing more to learn.
const ENOUGH: usize = 20;

#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Requests that were made, by what they are.
    kinds: Mutex<BTreeMap<&'static str, u64>>,
    pub(crate) calls: AtomicU64,
    pub(crate) cancelled: AtomicU64,
    pub(crate) panicked: AtomicU64,
    /// Questions of the server that nobody ever answered.
    pub(crate) unanswered: AtomicU64,
    pub(crate) connections: AtomicU64,
    pub(crate) abandoned: AtomicU64,
    /// Sessions that were left without a word.
    pub(crate) left: AtomicU64,
    failures: Mutex<Vec<String>>,
    is_over: AtomicBool,
}

/// One more.
pub(crate) fn more(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

pub(crate) fn count(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Counts {
    /// A request of this kind begins.
    pub(crate) fn begin(&self, kind: &'static str) {
        more(&self.calls);
        *lock(&self.kinds).entry(kind).or_default() += 1;
    }

    /// Whether the next call is one to cancel, so that it is one in ten.
    pub(crate) fn is_time_to_cancel(&self) -> bool {
        count(&self.cancelled) * 10 < count(&self.calls)
    }

    /// Whether the next call is one to panic, so that it is one in a hundred.
    pub(crate) fn is_time_to_panic(&self) -> bool {
        count(&self.panicked) * 100 < count(&self.calls)
    }

    /// Whether the next connection is one to abandon, so that three in ten are.
    pub(crate) fn is_time_to_abandon(&self) -> bool {
        count(&self.abandoned) * 10 < count(&self.connections) * 3
    }

    pub(crate) fn fail(&self, what: impl Into<String>) {
        lock(&self.failures).push(what.into());
    }

    pub(crate) fn failures(&self) -> Vec<String> {
        lock(&self.failures).clone()
    }

    pub(crate) fn kinds(&self) -> BTreeMap<&'static str, u64> {
        lock(&self.kinds).clone()
    }

    /// Nothing new is begun from here on.
    pub(crate) fn stop(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed) || lock(&self.failures).len() >= ENOUGH
    }
}
