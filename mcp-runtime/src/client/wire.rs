//! One connection seen from the client: who waits for which answer, and what else a server may say. Knows frames and ids;
//! of methods only those that a server sends. How bytes come and go is `pump`. Floor 6.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::pin::pin;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::IgnoredAny;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::timeout;

use super::Stray;
use super::asked;
use super::error::{Error, visible};
use super::flight::Flight;
use super::gather::Gather;
use super::hub::{Direction, Hub};
use super::outlet::Outlet;
use crate::error::{ProtocolError, shortened};
use crate::message::{
    self, Frame, Malformed, Message, Outcome, Unreadable, encode_call, encode_error, encode_prepared,
};
use crate::method::Method;
use crate::model::{CancelledNotificationParams, ErrorObject, RequestId, Tool};
use crate::revision::Revision;

/// The longest progress notification in bytes; a longer one is dropped.
const PROGRESS_LENGTH: usize = 64 * 1024;
/// How many progress notifications of one call may wait for whoever awaits it; further ones are dropped.
pub(super) const PROGRESS_QUEUED: usize = 64;

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
    outlet: Outlet,
    pub(super) hub: Arc<Hub>,
    table: Mutex<Table>,
    stage: watch::Sender<Stage>,
    last_id: AtomicI64,
    /// What both sides speak, once they agree.
    revision: OnceLock<Revision>,
    stray: Mutex<Stray>,
}

#[derive(Default)]
struct Table {
    waiting: HashMap<i64, Waiting>,
    /// What the server asked and is being answered.
    answering: HashMap<RequestId, AbortHandle>,
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
    /// None can come any more.
    #[cfg_attr(not(feature = "client-http"), expect(dead_code, reason = "only HTTP has this"))]
    Failed(Error),
}

/// How a connection ended.
#[derive(Clone, Debug, Default)]
pub(super) struct End {
    pub(super) status: Option<ExitStatus>,
    pub(super) cause: Option<Arc<io::Error>>,
}

impl From<End> for Error {
    fn from(End { status, cause }: End) -> Self {
        Self::Closed { server: String::new(), status, cause }
    }
}

impl Wire {
    pub(super) fn new(outlet: Outlet, hub: Arc<Hub>) -> Arc<Self> {
        Arc::new(Self {
            outlet,
            hub,
            table: Mutex::default(),
            stage: watch::Sender::new(Stage::Open),
            last_id: AtomicI64::new(0),
            revision: OnceLock::new(),
            stray: Mutex::default(),
        })
    }

    pub(super) fn stray(&self) -> Stray {
        self.stray.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many requests are not answered yet, and how many of the server's are being answered.
    pub(super) fn open(&self) -> (usize, usize) {
        let table = self.table();
        (table.waiting.len(), table.answering.len())
    }

    /// Both sides speak this revision. From 2026-07-28 on the server's requests are not answered: it has none, and forbids
    /// responses from a client ("stdio", "Sending Messages").
    pub(super) fn agree(self: &Arc<Self>, revision: Revision) {
        // Only a handshake agrees, and it does so once.
        let _ = self.revision.set(revision);
        self.outlet.agreed(self, revision);
    }

    /// What both sides speak; the newest revision with a handshake as long as they do not agree.
    pub(super) fn revision(&self) -> Revision {
        self.revision.get().copied().unwrap_or(Revision::LATEST_WITH_HANDSHAKE)
    }

    /// Tries another way to the same server; `false` if there is none.
    pub(super) async fn fall_back(self: &Arc<Self>) -> Result<bool, Error> {
        self.outlet.fall_back(self).await
    }

    /// Whether somebody is being asked for credentials: that time is not the server's.
    pub(super) fn is_paused(&self) -> bool {
        self.outlet.is_paused()
    }

    /// Waits for `what` as long as `time`, not counting the time that somebody is asked for credentials.
    pub(super) async fn within<T>(&self, time: Duration, what: impl Future<Output = T>) -> Option<T> {
        let mut what = pin!(what);
        loop {
            match timeout(time, &mut what).await {
                Ok(done) => return Some(done),
                Err(_) if self.is_paused() => {}
                Err(_) => return None,
            }
        }
    }

    /// Takes out the tools that cannot be called on this way, with the reasons.
    pub(super) fn screen(&self, tools: &mut Vec<Tool>) -> Vec<(String, String)> {
        self.outlet.screen(tools)
    }

    /// Whether nothing can be sent any more.
    pub(super) fn is_over(&self) -> bool {
        *self.stage.borrow() != Stage::Open
    }

    /// Sends a request once there is room for it. `encode` appends the frame for the given id.
    pub(super) async fn send(
        self: &Arc<Self>,
        progress: Option<mpsc::Sender<Bytes>>,
        encode: impl FnOnce(&mut Vec<u8>, &RequestId),
    ) -> Result<Flight, Error> {
        self.send_in(None, progress, encode).await
    }

    /// The same, together with others where there are some.
    pub(super) async fn send_in(
        self: &Arc<Self>,
        gather: Option<&Arc<Gather>>,
        progress: Option<mpsc::Sender<Bytes>>,
        encode: impl FnOnce(&mut Vec<u8>, &RequestId),
    ) -> Result<Flight, Error> {
        self.outlet.room().await;
        let id = self.last_id.fetch_add(1, Ordering::Relaxed) + 1;
        let (sender, answer) = oneshot::channel();
        {
            let mut table = self.table();
            if let Some(end) = &table.end {
                return Err(end.clone().into());
            }
            if self.is_over() {
                return Err(End::default().into());
            }
            table.waiting.insert(id, Waiting { answer: sender, progress });
        }
        let mut flight = Flight::new(Arc::clone(self), id, answer);
        let encode = |out: &mut Vec<u8>| encode(out, &RequestId::Number(id));
        let Some(gather) = gather else {
            flight.carried_by(self.outlet.send(self, vec![id], encode));
            return Ok(flight);
        };
        let mut frame = Vec::new();
        encode(&mut frame);
        match gather.take(self, id, frame) {
            Ok(()) => flight.carried_with(gather),
            Err(frame) => flight.carried_by(self.send_frame(vec![id], &frame)),
        }
        Ok(flight)
    }

    /// Sends what holds these requests.
    pub(super) fn send_frame(self: &Arc<Self>, ids: Vec<i64>, frame: &[u8]) -> Option<JoinHandle<()>> {
        self.outlet.send(self, ids, |out| out.extend_from_slice(frame))
    }

    /// Sends a notification that has no parameters. Where each frame goes by itself, the task ends when the server has it.
    pub(super) fn notify(self: &Arc<Self>, method: Method) -> Option<JoinHandle<()>> {
        self.outlet.send(self, Vec::new(), |out| encode_call(out, None, method.as_str(), None::<&()>))
    }

    /// Sends a frame that must not wait.
    pub(super) fn say(self: &Arc<Self>, encode: impl FnOnce(&mut Vec<u8>)) {
        drop(self.outlet.send(self, Vec::new(), encode));
    }

    /// Sends nothing more: what is queued is written, then the server sees the end of its input.
    pub(super) fn close(self: &Arc<Self>) {
        if self.advance(Stage::Closing) {
            self.outlet.close(self);
        }
    }

    /// Nothing more is sent; what is on its way may still be answered.
    #[cfg(feature = "client-http")]
    pub(super) fn lead_out(&self) {
        self.advance(Stage::Closing);
    }

    /// Gives up every request that waits. The first reason is the one that is told.
    pub(super) fn end(&self, end: End) {
        // Before anybody learns of it, so that whoever asks then is told the truth.
        self.advance(Stage::Ended);
        let (waiting, answering) = {
            let mut table = self.table();
            table.end.get_or_insert(end);
            (std::mem::take(&mut table.waiting), std::mem::take(&mut table.answering))
        };
        drop(waiting);
        for task in answering.into_values() {
            task.abort();
        }
        self.outlet.end();
    }

    /// Says whether it came that far only now.
    fn advance(&self, to: Stage) -> bool {
        self.stage.send_if_modified(|stage| {
            let is_new = *stage < to;
            *stage = to.max(*stage);
            is_new
        })
    }

    /// Waits until the connection has come that far. Dropping the future is harmless.
    pub(super) async fn reached(&self, at_least: Stage) {
        // It fails only when the sender is gone, and that is `self`.
        let _ = self.stage.subscribe().wait_for(|stage| *stage >= at_least).await;
    }

    /// Nobody waits for this answer any more; says whether somebody did.
    pub(super) fn forget(&self, id: i64) -> bool {
        self.table().waiting.remove(&id).is_some()
    }

    /// Whether giving a request up is told by ending it, and by nothing else.
    pub(super) fn cancels_by_ending(&self) -> bool {
        self.outlet.cancels_by_ending()
    }

    /// Whether nothing comes any more.
    pub(super) fn has_ended(&self) -> bool {
        *self.stage.borrow() == Stage::Ended
    }

    /// How the connection ended.
    pub(super) fn closed(&self) -> Error {
        self.table().end.clone().unwrap_or_default().into()
    }

    /// Handles one frame.
    pub(super) fn receive(self: &Arc<Self>, frame: &[u8]) {
        self.receive_with(frame, &mut |_| {});
    }

    /// The same; `asked` learns the ids of the server's requests.
    pub(super) fn receive_with(self: &Arc<Self>, frame: &[u8], asked: &mut dyn FnMut(RequestId)) {
        self.hub.observe(Direction::Received, frame);
        match message::decode(frame.to_vec()) {
            Frame::Single(message) => self.handle(frame, message, asked),
            Frame::Batch(items) => items.into_iter().for_each(|message| self.handle(frame, message, asked)),
        }
    }

    fn handle(self: &Arc<Self>, frame: &[u8], message: Result<Message, Malformed>, asked: &mut dyn FnMut(RequestId)) {
        match message {
            Ok(Message::Response { id, outcome }) => {
                let answer = match outcome {
                    Outcome::Result(result) => Answer::Result(result.into()),
                    Outcome::Error(error) => Answer::Error(error.into()),
                };
                // One that nobody waits for any more came too late, or was never asked for.
                let _ = self.settle(&id, || answer);
            }
            Ok(Message::Notification { method, params }) => self.notification(&method, params.map(Bytes::from)),
            Ok(Message::Request { id, method, params }) => {
                asked::receive(self, &id, &method, params.raw().map(AsRef::as_ref));
                asked(id);
            }
            Err(malformed) => self.malformed(frame, malformed),
        }
    }

    /// Whether somebody still waits for the answer to this request.
    #[cfg(feature = "client-http")]
    pub(super) fn awaits(&self, id: i64) -> bool {
        self.table().waiting.contains_key(&id)
    }

    /// Gives this answer to whoever waits for the request.
    #[cfg(feature = "client-http")]
    pub(super) fn answer(&self, id: i64, answer: impl FnOnce() -> Answer) {
        self.settle(&RequestId::Number(id), answer);
    }

    /// Hands an answer to whoever waits for it; says whether anybody did.
    fn settle(&self, id: &RequestId, answer: impl FnOnce() -> Answer) -> bool {
        let RequestId::Number(id) = id else { return false };
        let waiting = self.table().waiting.remove(id);
        waiting.is_some_and(|waiting| waiting.answer.send(answer()).is_ok())
    }

    fn notification(&self, name: &str, params: Option<Bytes>) {
        let params = params.unwrap_or_else(|| Bytes::from_static(b"{}"));
        match Method::parse(name) {
            Some(Method::Progress) => self.progress(params),
            Some(Method::Cancelled) => self.cancelled(&params),
            Some(method) => self.hub.tell(method, &params),
            None => {}
        }
    }

    /// The server gives up something that it asked.
    fn cancelled(&self, params: &[u8]) {
        let Ok(CancelledNotificationParams { request_id, .. }) = crate::text::from_bytes(params) else { return };
        self.give_up(&request_id);
    }

    /// This question of the server's need not be answered any more.
    pub(super) fn give_up(&self, question: &RequestId) {
        let task = self.table().answering.remove(question);
        if let Some(task) = task {
            task.abort();
        }
    }

    /// Whether this question of the server's is being answered.
    #[cfg(feature = "client-http")]
    pub(super) fn answers(&self, question: &RequestId) -> bool {
        self.table().answering.contains_key(question)
    }

    /// Notes who answers a question; `false` if the connection has ended, or the same question is being answered.
    pub(super) fn note_answering(&self, id: &RequestId, task: AbortHandle) -> bool {
        let mut table = self.table();
        let is_new = table.end.is_none() && !table.answering.contains_key(id);
        if is_new {
            table.answering.insert(id.clone(), task);
        }
        is_new
    }

    /// Whether this question is still to be answered; from here on it is not.
    pub(super) fn take_answering(&self, id: &RequestId) -> bool {
        self.table().answering.remove(id).is_some()
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
        let Ok(Token { progress_token: RequestId::Number(id) }) = crate::text::from_bytes(&params) else { return };
        let progress = self.table().waiting.get(&id).and_then(|waiting| waiting.progress.clone());
        if let Some(progress) = progress {
            // It fails when whoever awaits the call is behind; calls are not held up for it.
            let _ = progress.try_send(params);
        }
    }

    /// Answers with an error.
    pub(super) fn refuse(self: &Arc<Self>, id: &RequestId, error: &ProtocolError) {
        self.say(|out| encode_error(out, Some(id), Unreadable::Null, error));
    }

    /// Answers with a result that is JSON already.
    pub(super) fn reply(self: &Arc<Self>, id: &RequestId, result: &[u8]) {
        self.say(|out| {
            let start = out.len();
            if encode_prepared(out, id, result).is_err() {
                // An id is a number or a string and always serializes.
                out.truncate(start);
            }
        });
    }

    /// Whether there is room for an answer. The reading side must never wait for it.
    pub(super) fn has_room(&self) -> bool {
        self.outlet.has_room()
    }

    fn malformed(&self, frame: &[u8], Malformed { id, error }: Malformed) {
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
            None => crate::text::from_bytes::<Orphan>(frame).is_ok(),
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

impl Answer {
    /// The result, or the error in the client's terms.
    pub(super) fn result(self, method: Method) -> Result<Bytes, Error> {
        match self {
            Self::Result(result) => Ok(result),
            // What failed as part of a batch does not know what was asked.
            Self::Malformed(reason) | Self::Failed(Error::Invalid { reason, .. }) => {
                Err(Error::invalid(method, reason))
            }
            Self::Failed(error) => Err(error),
            Self::Error(error) => match crate::text::from_bytes(&error) {
                Ok(ErrorObject { code, message, data }) => {
                    let error = ProtocolError::new(code, message);
                    let error = data.into_iter().fold(error, ProtocolError::with_data);
                    Err(Error::Protocol { server: String::new(), method, error })
                }
                Err(error) => Err(Error::invalid(method, shortened(&error.to_string()))),
            },
        }
    }
}
