//! Where answers go: out at once, into the answer to a batch, or to a place of their own that closes when all is said.
//! Floor 5.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::message::Rest;
use crate::peer::Peer;

/// Where what belongs to one message goes, if it does not go straight out on the connection's own way.
#[derive(Default)]
pub(crate) struct Target {
    /// A way out for this frame alone, closed when nobody can answer on it any more.
    pub(super) own: Option<Arc<ClosedOnDrop>>,
    /// The message is part of a batch.
    pub(super) place: Option<Place>,
}

impl Target {
    /// Hands an answer on; the transport is told when the frame in hand has been handled.
    pub(super) fn put(self, peer: &Peer, encode: impl FnOnce(&mut Vec<u8>)) {
        match self.place {
            None => peer.send_later(encode),
            Some(place) => place.fill(encode),
        }
    }

    /// Takes an answer that is to be handed on while others wait. One that has a way of its own is written here, before
    /// they do; any other is written where it goes. What `encode` gives back belongs behind what it wrote.
    pub(super) fn ahead<E: FnOnce(&mut Vec<u8>) -> Option<Rest>>(self, encode: E) -> Answer<E> {
        if self.own.is_none() || self.place.is_some() {
            return Answer { target: self, text: Text::Unwritten(encode) };
        }
        let mut text = Vec::new();
        let rest = encode(&mut text);
        Answer { target: self, text: Text::Written(text, rest) }
    }
}

/// An answer that goes to its target at once.
pub(super) struct Answer<E> {
    target: Target,
    text: Text<E>,
}

enum Text<E> {
    Written(Vec<u8>, Option<Rest>),
    Unwritten(E),
}

impl<E: FnOnce(&mut Vec<u8>) -> Option<Rest>> Answer<E> {
    /// Hands it on, to `peer` if it has no way of its own; the transport is told when the frame in hand has been handled.
    pub(super) fn put(self, peer: &Peer) {
        match self {
            Self { target: Target { place: None, own: Some(own) }, text: Text::Written(text, rest) } => {
                own.0.send_written(text, rest);
            }
            Self { target, text } => target.put(peer, |out| text.append_to(out)),
        }
    }

    /// Hands it on and wakes the transport.
    pub(super) fn put_awake(self, peer: &Peer) {
        match self.target.place {
            None => peer.send(|out| self.text.append_to(out)),
            Some(place) => place.fill(|out| self.text.append_to(out)),
        }
    }
}

impl<E: FnOnce(&mut Vec<u8>) -> Option<Rest>> Text<E> {
    fn append_to(self, out: &mut Vec<u8>) {
        let rest = match self {
            Self::Unwritten(encode) => encode(out),
            Self::Written(text, rest) => {
                if out.is_empty() {
                    *out = text;
                } else {
                    out.extend_from_slice(&text);
                }
                rest
            }
        };
        if let Some(rest) = rest {
            rest.append_to(out);
        }
    }
}

/// A way out that closes when nobody can answer on it any more.
pub(crate) struct ClosedOnDrop(pub(crate) Arc<Peer>);

impl Drop for ClosedOnDrop {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// The answers to a batch (2025-03-26), gathered until the last one is there.
struct Batch {
    answers: Mutex<Vec<u8>>,
    /// How many may still be answered.
    open: AtomicU64,
    peer: Arc<Peer>,
    /// What must stay open until then.
    _own: Option<Arc<ClosedOnDrop>>,
}

/// A place for one answer to a batch. Given up, as with a call that is cancelled, it stays empty.
pub(super) struct Place(Arc<Batch>);

impl Place {
    /// The first place of a new batch: whoever splits it up keeps this one, so that nothing is sent before all have begun.
    pub(super) fn first(peer: &Arc<Peer>, own: Option<Arc<ClosedOnDrop>>) -> Self {
        let (answers, open) = (Mutex::default(), AtomicU64::new(1));
        Self(Arc::new(Batch { answers, open, peer: Arc::clone(peer), _own: own }))
    }

    /// Another place of the same batch.
    pub(super) fn another(&self) -> Self {
        self.0.open.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(&self.0))
    }

    /// Puts an answer there, unless it comes to nothing.
    fn fill(self, encode: impl FnOnce(&mut Vec<u8>)) {
        let mut answers = self.0.lock();
        let start = answers.len();
        answers.push(if start == 0 { b'[' } else { b',' });
        encode(&mut answers);
        if answers.len() == start + 1 {
            answers.truncate(start);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.0.open.fetch_sub(1, Ordering::AcqRel) > 1 {
            return;
        }
        let mut answers = self.0.lock();
        if !answers.is_empty() {
            answers.push(b']');
            self.0.peer.send(|out| out.extend_from_slice(&answers));
        }
    }
}

impl Batch {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<u8>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
