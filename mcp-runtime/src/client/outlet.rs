//! The way out of a connection: a queue of lines that one task writes, or a request over HTTP for each frame. Knows nothing
//! of what comes back. Floor 6.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use tokio::task::JoinHandle;

use super::error::Error;
use super::hub::Direction;
use super::wire::Wire;
use crate::model::Tool;
use crate::peer::Peer;
use crate::revision::Revision;

/// What a fallback returns: whether there was another way, and what went wrong with it.
pub(super) type Falling<'a> = Pin<Box<dyn Future<Output = Result<bool, Error>> + Send + 'a>>;

/// How frames leave.
pub(super) enum Outlet {
    /// One after the other, a line each.
    Lines(Arc<Peer>),
    #[cfg_attr(not(feature = "client-http"), expect(dead_code, reason = "only HTTP has this"))]
    /// Each by itself; its answer comes back on the same way.
    Posts(Box<dyn Posts>),
}

/// A server that takes each frame by itself.
pub(super) trait Posts: Send + Sync {
    /// Sends a frame, and hands what comes back to the wire. Whoever waits for one of `ids` is told if nothing does. Aborting
    /// the task gives the requests up.
    fn post(&self, wire: &Arc<Wire>, ids: Vec<i64>, frame: Bytes) -> JoinHandle<()>;

    /// Whether there is room for one that must not wait.
    fn has_room(&self) -> bool;

    /// Both sides agree: from here on every request says so, and what the server says unasked is listened to.
    fn agreed(&self, wire: &Arc<Wire>, revision: Revision);

    /// Tries the way that servers of 2024-11-05 have; `false` if there is no other way left to try.
    fn fall_back<'a>(&'a self, wire: &'a Arc<Wire>) -> Falling<'a>;

    /// Whether giving a request up is told by ending it, and by nothing else.
    fn cancels_by_ending(&self) -> bool;

    /// Whether somebody is being asked for credentials: that time is not the server's.
    fn is_paused(&self) -> bool;

    /// Takes out the tools that cannot be called this way, with the reason for each, and remembers how the others are.
    fn screen(&self, tools: &mut Vec<Tool>) -> Vec<(String, String)>;

    /// Sends nothing more. The wire ends once the server knows.
    fn close(&self, wire: &Arc<Wire>);
}

impl Outlet {
    /// Waits until there is room for another frame. Dropping the future is harmless.
    pub(super) async fn room(&self) {
        if let Self::Lines(peer) = self {
            peer.room().await;
        }
    }

    /// Whether there is room for one that must not wait.
    pub(super) fn has_room(&self) -> bool {
        match self {
            Self::Lines(peer) => !peer.is_full(),
            Self::Posts(posts) => posts.has_room(),
        }
    }

    /// Sends the frame that `encode` appends, which holds these requests.
    pub(super) fn send(
        &self,
        wire: &Arc<Wire>,
        ids: Vec<i64>,
        encode: impl FnOnce(&mut Vec<u8>),
    ) -> Option<JoinHandle<()>> {
        match self {
            Self::Lines(peer) if !wire.hub.is_observed() => {
                peer.send(encode);
                None
            }
            Self::Lines(peer) => {
                // The queue is locked while it is appended to, and an observer may take its time.
                let mut frame = Vec::new();
                encode(&mut frame);
                wire.hub.observe(Direction::Sent, &frame);
                peer.send(|out| out.append(&mut frame));
                None
            }
            Self::Posts(posts) => {
                let mut frame = Vec::new();
                encode(&mut frame);
                wire.hub.observe(Direction::Sent, &frame);
                Some(posts.post(wire, ids, frame.into()))
            }
        }
    }

    pub(super) fn agreed(&self, wire: &Arc<Wire>, revision: Revision) {
        if let Self::Posts(posts) = self {
            posts.agreed(wire, revision);
        }
    }

    pub(super) async fn fall_back(&self, wire: &Arc<Wire>) -> Result<bool, Error> {
        match self {
            Self::Lines(_) => Ok(false),
            Self::Posts(posts) => posts.fall_back(wire).await,
        }
    }

    pub(super) fn cancels_by_ending(&self) -> bool {
        match self {
            Self::Lines(_) => false,
            Self::Posts(posts) => posts.cancels_by_ending(),
        }
    }

    pub(super) fn is_paused(&self) -> bool {
        match self {
            Self::Lines(_) => false,
            Self::Posts(posts) => posts.is_paused(),
        }
    }

    pub(super) fn screen(&self, tools: &mut Vec<Tool>) -> Vec<(String, String)> {
        match self {
            Self::Lines(_) => Vec::new(),
            Self::Posts(posts) => posts.screen(tools),
        }
    }

    pub(super) fn close(&self, wire: &Arc<Wire>) {
        match self {
            Self::Lines(peer) => peer.close(),
            Self::Posts(posts) => posts.close(wire),
        }
    }

    /// Nothing that comes late is sent.
    pub(super) fn end(&self) {
        if let Self::Lines(peer) = self {
            peer.close();
        }
    }
}
