//! Frames that wait for each other to leave as one JSON-RPC batch, which only 2025-03-26 has. Floor 6.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::AbortHandle;

use super::wire::Wire;

/// The most messages of one batch.
const MESSAGES: usize = 100;
/// The most bytes of one batch, unless one message alone has more.
const BYTES: usize = 1 << 20;

/// Where the frames of several requests are gathered. Public only to be named by a sealed method.
#[derive(Debug, Default)]
pub struct Gather {
    state: Mutex<State>,
    /// What carries the batches, where that is a task of its own.
    posts: Mutex<Vec<AbortHandle>>,
    was_given_up: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    /// From here on every frame leaves by itself.
    has_left: bool,
    wire: Option<Arc<Wire>>,
    frames: Vec<(i64, Vec<u8>)>,
}

impl Gather {
    /// Takes the frame of a request, or gives it back when it has to leave by itself.
    pub(super) fn take(&self, wire: &Arc<Wire>, id: i64, frame: Vec<u8>) -> Result<(), Vec<u8>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.has_left || !Arc::ptr_eq(state.wire.get_or_insert_with(|| Arc::clone(wire)), wire) {
            return Err(frame);
        }
        state.frames.push((id, frame));
        Ok(())
    }

    /// Sends all that is gathered. A single frame is no batch.
    pub(super) fn leave(&self) {
        let State { wire, frames, .. } = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *state, State { has_left: true, ..State::default() })
        };
        let Some(wire) = wire else { return };
        let (mut ids, mut batch) = (Vec::new(), Vec::new());
        for (id, frame) in frames {
            if ids.len() >= MESSAGES || (!ids.is_empty() && batch.len() + frame.len() > BYTES) {
                self.send(&wire, std::mem::take(&mut ids), &std::mem::take(&mut batch));
            }
            if !ids.is_empty() {
                batch.push(b',');
            }
            ids.push(id);
            batch.extend_from_slice(&frame);
        }
        self.send(&wire, ids, &batch);
    }

    fn send(&self, wire: &Arc<Wire>, ids: Vec<i64>, frames: &[u8]) {
        let (open, close): (&[u8], &[u8]) = if ids.len() > 1 { (b"[", b"]") } else { (b"", b"") };
        let post = wire.send_frame(ids, &[open, frames, close].concat());
        let mut posts = self.posts.lock().unwrap_or_else(PoisonError::into_inner);
        posts.extend(post.map(|post| post.abort_handle()));
    }

    /// Somebody stopped waiting for an answer.
    pub(super) fn give_up(&self) {
        self.was_given_up.store(true, Ordering::Relaxed);
    }
}

impl Drop for Gather {
    /// Nobody waits any more. What carried answers that all came may end by itself.
    fn drop(&mut self) {
        if self.was_given_up.load(Ordering::Relaxed) {
            let posts = self.posts.get_mut().unwrap_or_else(PoisonError::into_inner);
            posts.drain(..).for_each(|post| post.abort());
        }
    }
}
