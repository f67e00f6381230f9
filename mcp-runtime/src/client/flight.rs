//! A request under way: somebody waits for its answer, and when nobody does any more the server is told. Floor 6.

use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::task::{AbortHandle, JoinHandle};

use super::error::Error;
use super::gather::Gather;
use super::wire::{Answer, Wire};
use crate::message::encode_call;
use crate::method::Method;
use crate::model::{CancelledNotificationParams, RequestId};

/// A request under way. Dropping it tells the server that nobody waits any more.
#[derive(Debug)]
pub(super) struct Flight {
    wire: Arc<Wire>,
    id: i64,
    answer: oneshot::Receiver<Answer>,
    /// What carries the request and its answer, where that is a task of its own.
    post: Option<AbortHandle>,
    /// What it left together with.
    gather: Option<Arc<Gather>>,
    gives_notice: bool,
    reason: Option<&'static str>,
}

impl Flight {
    pub(super) fn new(wire: Arc<Wire>, id: i64, answer: oneshot::Receiver<Answer>) -> Self {
        Self { wire, id, answer, post: None, gather: None, gives_notice: true, reason: None }
    }

    pub(super) fn carried_by(&mut self, post: Option<JoinHandle<()>>) {
        self.post = post.map(|post| post.abort_handle());
    }

    pub(super) fn carried_with(&mut self, gather: &Arc<Gather>) {
        self.gather = Some(Arc::clone(gather));
    }

    /// The same, but dropping it tells the server nothing: the handshake must not be cancelled (2025-11-25,
    /// "Cancellation", "Behavior Requirements").
    pub(super) fn without_notice(mut self) -> Self {
        self.gives_notice = false;
        self
    }

    /// The id of the request.
    pub(super) fn id(&self) -> i64 {
        self.id
    }

    /// Waits for the answer. Dropping the future is harmless.
    ///
    /// # Errors
    /// When the connection ends first.
    pub(super) async fn answer(&mut self) -> Result<Answer, Error> {
        (&mut self.answer).await.map_err(|_| self.wire.closed())
    }

    /// Why it is given up, for the server's log.
    pub(super) fn give_up(mut self, reason: &'static str) {
        self.reason = Some(reason);
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let was_waiting = self.wire.forget(self.id);
        if let Some(post) = self.post.as_ref().filter(|_| was_waiting || self.wire.has_ended()) {
            post.abort();
        }
        if let Some(gather) = self.gather.as_ref().filter(|_| was_waiting) {
            gather.give_up();
        }
        if was_waiting && self.gives_notice && !self.wire.is_over() && !self.wire.cancels_by_ending() {
            let params = CancelledNotificationParams {
                request_id: RequestId::Number(self.id),
                reason: self.reason.map(str::to_owned),
                meta: None,
            };
            // Not `notify`, which drops what finds no room: there is at most one for each request.
            self.wire.say(|out| encode_call(out, None, Method::Cancelled.as_str(), Some(&params)));
        }
    }
}
