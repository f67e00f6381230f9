//! One connection seen from the client: who waits for which answer, and what else a server may say. Knows frames and ids;
//! of methods only those that a server sends. How bytes come and go is `pump`. Floor 6.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context as TaskContext, Waker};

use bytes::Bytes;
use serde::Deserialize;
use serde::de::IgnoredAny;
use tokio::sync::{mpsc, oneshot, watch};

use super::Stray;
use super::error::{Error, visible};
use crate::error::{ProtocolError, shortened};
use crate::message::{
    self, Frame, Malformed, Message, Outcome, Unreadable, encode_call, encode_error, encode_prepared,
};
use crate::method::Method;
use crate::model::{CancelledNotificationParams, ErrorObject, LoggingMessageNotificationParams, RequestId};
use crate::peer::Peer;

/// How many bytes of requests may wait for a server that does not read; beyond it requests wait.
const OUTGOING: usize = 4 << 20;
/// The longest progress notification in bytes; a longer one is dropped.
const PROGRESS_LENGTH: usize = 64 * 1024;
/// How many progress notifications of one call may wait for whoever awaits it; further ones are dropped.
pub(super) const PROGRESS_QUEUED: usize = 64;

/// What is called for every log message.
pub(super) type OnLog = Box<dyn Fn(LoggingMessageNotificationParams) + Send + Sync>;

/// How far a connection's life has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Open,
    /// Nothing more is sent.
    Closing,
    /// Nothing more will come.
    Ended,
}

/// A connection to a server.
pub(super) struct Wire {
    peer: Peer,
    table: Mutex<Table>,
    stage: watch::Sender<Stage>,
    last_id: AtomicI64,
    /// The server is of a revision without requests from server to client.
    is_modern: AtomicBool,
    stray: Mutex<Stray>,
    on_log: Option<OnLog>,
}

#[derive(Default)]
struct Table {
    waiting: HashMap<i64, Waiting>,
    end: Option<End>,
}

/// Who waits for an answer.
struct Waiting {
    answer: oneshot::Sender<Answer>,
    progress: Option<mpsc::Sender<Bytes>>,
}

/// What came for a request.
#[derive(Debug)]
pub(super) enum Answer {
    Result(Bytes),
    Error(Bytes),
    /// A response that is none, with the reason.
    Malformed(String),
}

/// How a connection ended.
#[derive(Clone, Debug, Default)]
pub(super) struct End {
    pub(super) status: Option<ExitStatus>,
    pub(super) cause: Option<Arc<io::Error>>,
}

impl From<End> for Error {
    fn from(End { status, cause }: End) -> Self {
        Self::Closed { status, cause }
    }
}

impl Wire {
    pub(super) fn new(on_log: Option<OnLog>) -> Arc<Self> {
        Arc::new(Self {
            peer: Peer::new(OUTGOING),
            table: Mutex::default(),
            stage: watch::Sender::new(Stage::Open),
            last_id: AtomicI64::new(0),
            is_modern: AtomicBool::new(false),
            stray: Mutex::default(),
            on_log,
        })
    }

    pub(super) fn peer(&self) -> &Peer {
        &self.peer
    }

    pub(super) fn stray(&self) -> Stray {
        self.stray.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From here on the server's requests are not answered: 2026-07-28 has none, and forbids responses from a client
    /// ("stdio", "Sending Messages").
    pub(super) fn becomes_modern(&self) {
        self.is_modern.store(true, Ordering::Relaxed);
    }

    /// Sends a request once there is room for it. `encode` appends the frame for the given id.
    pub(super) async fn send(
        self: &Arc<Self>,
        progress: Option<mpsc::Sender<Bytes>>,
        encode: impl FnOnce(&mut Vec<u8>, &RequestId),
    ) -> Result<Flight, Error> {
        self.peer.room().await;
        let id = self.last_id.fetch_add(1, Ordering::Relaxed) + 1;
        let (sender, answer) = oneshot::channel();
        {
            let mut table = self.table();
            if let Some(end) = &table.end {
                return Err(end.clone().into());
            }
            if self.peer.is_closed() {
                return Err(End::default().into());
            }
            table.waiting.insert(id, Waiting { answer: sender, progress });
        }
        let flight = Flight { wire: Arc::clone(self), id, answer, gives_notice: true, reason: None };
        self.peer.send(|out| encode(out, &RequestId::Number(id)));
        Ok(flight)
    }

    /// Sends a notification that has no parameters.
    pub(super) fn notify(&self, method: Method) {
        self.peer.send(|out| encode_call(out, None, method.as_str(), None::<&()>));
    }

    /// Sends nothing more: what is queued is written, then the server sees the end of its input.
    pub(super) fn close(&self) {
        self.peer.close();
        self.advance(Stage::Closing);
    }

    /// Gives up every request that waits. The first reason is the one that is told.
    pub(super) fn end(&self, end: End) {
        let waiting = {
            let mut table = self.table();
            table.end.get_or_insert(end);
            std::mem::take(&mut table.waiting)
        };
        drop(waiting);
        self.peer.close();
        self.advance(Stage::Ended);
    }

    fn advance(&self, to: Stage) {
        self.stage.send_if_modified(|stage| {
            let is_new = *stage < to;
            *stage = to.max(*stage);
            is_new
        });
    }

    /// Waits until the connection has come that far. Dropping the future is harmless.
    pub(super) async fn reached(&self, at_least: Stage) {
        // It fails only when the sender is gone, and that is `self`.
        let _ = self.stage.subscribe().wait_for(|stage| *stage >= at_least).await;
    }

    fn closed(&self) -> Error {
        self.table().end.clone().unwrap_or_default().into()
    }

    /// Handles one frame.
    pub(super) fn receive(&self, frame: &Bytes) {
        match message::decode(frame) {
            Frame::Single(message) => self.handle(frame, message),
            Frame::Batch(items) => items.into_iter().for_each(|message| self.handle(frame, message)),
        }
    }

    fn handle(&self, frame: &Bytes, message: Result<Message, Malformed>) {
        match message {
            Ok(Message::Response { id, outcome }) => {
                let answer = match outcome {
                    Outcome::Result(result) => Answer::Result(result),
                    Outcome::Error(error) => Answer::Error(error),
                };
                // One that nobody waits for any more came too late, or was never asked for.
                let _ = self.settle(&id, || answer);
            }
            Ok(Message::Notification { method, params }) => self.notification(&method, params),
            Ok(Message::Request { id, method, .. }) => self.request(&id, &method),
            Err(malformed) => self.malformed(frame, malformed),
        }
    }

    /// Hands an answer to whoever waits for it; says whether anybody did.
    fn settle(&self, id: &RequestId, answer: impl FnOnce() -> Answer) -> bool {
        let RequestId::Number(id) = id else { return false };
        let waiting = self.table().waiting.remove(id);
        waiting.is_some_and(|waiting| waiting.answer.send(answer()).is_ok())
    }

    fn notification(&self, name: &str, params: Option<Bytes>) {
        let Some(params) = params else { return };
        match Method::parse(name) {
            Some(Method::Progress) => self.progress(params),
            Some(Method::LogMessage) => {
                let Some(on_log) = &self.on_log else { return };
                let Ok(params) = serde_json::from_slice(&params) else { return };
                // The user's code must not end the connection; the panic itself is on standard error by now.
                let _ = catch_unwind(AssertUnwindSafe(|| on_log(params)));
            }
            // Nothing else is waited for.
            _ => {}
        }
    }

    fn progress(&self, params: Bytes) {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Token {
            progress_token: RequestId,
        }
        if params.len() > PROGRESS_LENGTH {
            return;
        }
        let Ok(Token { progress_token: RequestId::Number(id) }) = serde_json::from_slice(&params) else { return };
        let progress = self.table().waiting.get(&id).and_then(|waiting| waiting.progress.clone());
        if let Some(progress) = progress {
            // It fails when whoever awaits the call is behind; calls are not held up for it.
            let _ = progress.try_send(params);
        }
    }

    fn request(&self, id: &RequestId, method: &str) {
        // A server that asks and does not read is not answered: the reading side must never wait.
        if self.is_modern.load(Ordering::Relaxed) || !self.has_room() {
            return;
        }
        self.peer.send(|out| {
            let start = out.len();
            if method != Method::Ping.as_str() {
                encode_error(out, Some(id), Unreadable::Null, &ProtocolError::method_not_found(method));
            } else if encode_prepared(out, id, b"{}").is_err() {
                // An id is a number or a string and always serializes.
                out.truncate(start);
            }
        });
    }

    fn has_room(&self) -> bool {
        pin!(self.peer.room()).poll(&mut TaskContext::from_waker(Waker::noop())).is_ready()
    }

    fn malformed(&self, frame: &Bytes, Malformed { id, error }: Malformed) {
        /// An error that belongs to no request, because the server could not read which one it was.
        #[derive(Deserialize)]
        struct Orphan {
            #[serde(rename = "jsonrpc")]
            _version: IgnoredAny,
            #[serde(rename = "error")]
            _error: IgnoredAny,
        }
        let is_settled = match &id {
            Some(id) => self.settle(id, || Answer::Malformed(error.message().to_owned())),
            None => serde_json::from_slice::<Orphan>(frame).is_ok(),
        };
        if !is_settled {
            self.note_stray(frame);
        }
    }

    fn note_stray(&self, line: &[u8]) {
        /// As many bytes as an excerpt can have.
        const READ: usize = 1024;
        let mut stray = self.stray.lock().unwrap_or_else(PoisonError::into_inner);
        stray.lines = stray.lines.saturating_add(1);
        stray.first.get_or_insert_with(|| {
            let text = String::from_utf8_lossy(line.get(..READ).unwrap_or(line));
            visible(&shortened(text.trim_ascii()))
        });
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // Nothing that can panic runs while the table is locked; a poisoned lock holds a whole table.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").field("stage", &*self.stage.borrow()).finish_non_exhaustive()
    }
}

/// A request under way. Dropping it tells the server that nobody waits any more.
#[derive(Debug)]
pub(super) struct Flight {
    wire: Arc<Wire>,
    id: i64,
    answer: oneshot::Receiver<Answer>,
    gives_notice: bool,
    reason: Option<&'static str>,
}

impl Flight {
    /// The same, but dropping it tells the server nothing: the handshake must not be cancelled (2025-11-25,
    /// "Cancellation", "Behavior Requirements").
    pub(super) fn without_notice(mut self) -> Self {
        self.gives_notice = false;
        self
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
        let was_waiting = self.wire.table().waiting.remove(&self.id).is_some();
        if was_waiting && self.gives_notice {
            let params = CancelledNotificationParams {
                request_id: RequestId::Number(self.id),
                reason: self.reason.map(str::to_owned),
                meta: None,
            };
            // Not `notify`, which drops what finds no room: there is at most one for each request.
            self.wire.peer.send(|out| encode_call(out, None, Method::Cancelled.as_str(), Some(&params)));
        }
    }
}

impl Answer {
    /// The result, or the error in the client's terms.
    pub(super) fn result(self, method: Method) -> Result<Bytes, Error> {
        match self {
            Self::Result(result) => Ok(result),
            Self::Malformed(reason) => Err(Error::invalid(method, reason)),
            Self::Error(error) => match serde_json::from_slice(&error) {
                Ok(ErrorObject { code, message, data }) => {
                    let error = ProtocolError::new(code, message);
                    let error = data.into_iter().fold(error, ProtocolError::with_data);
                    Err(Error::Protocol { method, error })
                }
                Err(error) => Err(Error::invalid(method, shortened(&error.to_string()))),
            },
        }
    }
}
