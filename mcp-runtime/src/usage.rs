//! What a server holds at a moment, for whoever watches it. Who holds something says so itself. Floor 1.

use std::sync::{Mutex, PoisonError, Weak};

/// What a server holds at the moment, see [`Handle::usage`](crate::Handle::usage). A server that nobody talks to holds
/// nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Usage {
    /// Connections over HTTP that the server accepted itself.
    pub connections: usize,
    /// Sessions over HTTP (up to 2025-11-25) that live in this process.
    pub sessions: usize,
    /// Calls that had to wait and are not answered yet.
    pub calls: usize,
    /// Questions to clients that are not answered yet (up to 2025-11-25).
    pub questions: usize,
    /// Streams of sessions over HTTP: those that go on, and those that are over and kept for clients that lost them.
    pub streams: usize,
    /// Who hears of changes: streams of `subscriptions/listen`, and sessions, if the server says that it tells of any.
    pub listeners: usize,
    /// Tasks that run in this process.
    pub tasks: usize,
    /// Bytes of [`Limits::memory`](crate::Limits::memory) that are taken.
    pub memory: usize,
}

/// Whoever holds something.
pub(crate) trait Holds: Send + Sync {
    fn add_to(&self, usage: &mut Usage);
}

/// Everybody who does.
#[derive(Default)]
pub(crate) struct Holders(Mutex<Vec<Weak<dyn Holds>>>);

impl Holders {
    pub(crate) fn enter(&self, holder: Weak<dyn Holds>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|known| known.strong_count() > 0);
        all.push(holder);
    }

    pub(crate) fn add_to(&self, usage: &mut Usage) {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        all.iter().filter_map(Weak::upgrade).for_each(|holder| holder.add_to(usage));
    }
}
