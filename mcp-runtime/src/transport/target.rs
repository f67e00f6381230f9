//! Where answers go: out at once, into the answer to a batch, or to a place of their own that closes when all is said.
//! Floor 5.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::peer::Peer;

/// Where what belongs to one frame goes.
#[derive(Clone)]
pub(crate) struct Target {
    pub(super) outlet: Outlet,
    /// The answer to a batch that this one is part of.
    pub(super) batch: Option<Arc<Batch>>,
}

impl Target {
    /// Hands an answer on; the transport is told when the frame in hand has been handled.
    pub(super) fn put(&self, encode: impl FnOnce(&mut Vec<u8>)) {
        match &self.batch {
            None => self.outlet.peer().send_later(encode),
            Some(batch) => batch.settle(self.outlet.peer(), encode),
        }
    }

    /// Hands an answer on and wakes the transport.
    pub(super) fn put_awake(&self, encode: impl FnOnce(&mut Vec<u8>)) {
        match &self.batch {
            None => self.outlet.peer().send(encode),
            Some(batch) => batch.settle(self.outlet.peer(), encode),
        }
    }
}

/// The way out for what one frame causes.
#[derive(Clone)]
pub(crate) enum Outlet {
    /// The connection's own, which lives on.
    Shared(Arc<Peer>),
    /// One for this frame alone, closed when everything is answered.
    #[cfg_attr(not(feature = "http"), expect(dead_code, reason = "only HTTP answers each frame on its own"))]
    Own(Arc<ClosedOnDrop>),
}

/// A way out that closes when nobody can answer on it any more.
pub(crate) struct ClosedOnDrop(pub(crate) Arc<Peer>);

impl Drop for ClosedOnDrop {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Outlet {
    pub(super) fn peer(&self) -> &Arc<Peer> {
        match self {
            Self::Shared(peer) => peer,
            Self::Own(own) => &own.0,
        }
    }
}

/// The answers to a batch (2025-03-26), gathered until the last one is there.
pub(crate) struct Batch {
    answers: Mutex<Vec<u8>>,
    pub(super) open: AtomicU64,
}

impl Batch {
    /// A batch that is not complete before its maker settles it once.
    pub(super) fn begun() -> Arc<Self> {
        Arc::new(Self { answers: Mutex::default(), open: AtomicU64::new(1) })
    }

    /// Adds an answer and sends the batch if that was the last one.
    pub(super) fn settle(&self, peer: &Peer, encode: impl FnOnce(&mut Vec<u8>)) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let start = answers.len();
        answers.push(if start == 0 { b'[' } else { b',' });
        encode(&mut answers);
        if answers.len() == start + 1 {
            answers.truncate(start);
        }
        if self.open.fetch_sub(1, Ordering::AcqRel) == 1 && !answers.is_empty() {
            answers.push(b']');
            peer.send(|out| out.extend_from_slice(&answers));
        }
    }
}
