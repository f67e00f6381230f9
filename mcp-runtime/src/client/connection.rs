//! The tasks that keep a connection, and their end. What goes over it is `wire`. Floor 6.

use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::error::Error;
use super::hub::Hub;
use super::outlet::Outlet;
#[cfg(feature = "client-http")]
use super::outlet::Posts;
use super::process::Keeper;
use super::pump::{self, Reader, Writer};
use super::wire::{End, Stage, Wire};
use crate::peer::Peer;

/// How many bytes of requests may wait for a server that does not read; beyond it requests wait.
const OUTGOING: usize = 4 << 20;
/// How long the reason for an end is waited for.
const LINGER: Duration = Duration::from_millis(500);

/// What every connection begins with. Public only to be named by a sealed method.
#[derive(Debug)]
pub struct Opening {
    pub(super) hub: Arc<Hub>,
    /// The longest message in bytes.
    pub(super) longest: usize,
    pub(super) grace: Duration,
}

/// The tasks of a connection. Dropping it ends them, and the process with them. Public only to be named by a sealed method.
#[derive(Debug)]
pub struct Connection {
    wire: Arc<Wire>,
    keeper: Option<Keeper>,
    tasks: Vec<AbortHandle>,
    grace: Duration,
}

impl Connection {
    /// Over two streams of bytes.
    pub(super) fn streams(opening: Opening, reader: Reader, writer: Writer, keeper: Option<Keeper>) -> Self {
        let Opening { hub, longest, grace } = opening;
        let peer = Arc::new(Peer::new(OUTGOING));
        let wire = Wire::new(Outlet::Lines(Arc::clone(&peer)), hub);
        let exit = keeper.as_ref().map(Keeper::exit);
        let reading = tokio::spawn(pump::read(Arc::clone(&wire), reader, longest, exit)).abort_handle();
        // The writer ends by itself: what was cancelled last is still told to the server.
        drop(tokio::spawn(pump::write(Arc::clone(&wire), peer, writer, grace)));
        let mut tasks = vec![reading];
        tasks.extend(keeper.as_ref().map(|keeper| keeper.task.clone()));
        Self { wire, keeper, tasks, grace }
    }

    /// To a server that takes each message by itself.
    #[cfg(feature = "client-http")]
    pub(super) fn posts(opening: Opening, posts: Box<dyn Posts>, farewell: Duration) -> Self {
        let Opening { hub, grace, .. } = opening;
        let grace = grace + farewell;
        Self { wire: Wire::new(Outlet::Posts(posts), hub), keeper: None, tasks: Vec::new(), grace }
    }

    pub(super) fn wire(&self) -> &Arc<Wire> {
        &self.wire
    }

    /// What a process wrote to standard error last is the reason for its end, more often than not.
    pub(super) async fn explain(&self, error: Error) -> Error {
        match (&self.keeper, error) {
            (Some(keeper), Error::Closed { server, status, cause: None }) => {
                let cause = timeout(LINGER, keeper.last_words()).await.ok().flatten();
                Error::Closed { server, status, cause: cause.map(|text| Arc::new(std::io::Error::other(text))) }
            }
            (_, error) => error,
        }
    }

    /// Ends the input of the server and waits until it is gone.
    pub(super) async fn close(&self) -> Option<ExitStatus> {
        self.wire.close();
        let status = match &self.keeper {
            Some(keeper) => keeper.stop().await,
            None => None,
        };
        // A reader that does not see the end is not waited for.
        let _ = timeout(self.grace, self.wire.reached(Stage::Ended)).await;
        self.wire.end(End { status, cause: None });
        status
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.wire.close();
        for task in &self.tasks {
            task.abort();
        }
    }
}
