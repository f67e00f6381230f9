//! One connection's serve loop: frames in, frames out. Each call is polled where its frame was read; only one that has to
//! wait becomes a task. How bytes come and go is the business of the files below. Floor 5.

mod flight;
pub(crate) mod frame;
mod memory;
mod stdio;
mod stream;

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::Duration;

use self::flight::Flights;
pub use self::memory::memory;
pub use self::stdio::Stdio;
pub use self::stream::Stream;
use crate::call::{Answered, Call, Reply};
use crate::context::{Client, Context, Inner};
use crate::dispatch::Running;
use crate::error::{ProtocolError, Result};
use crate::message::{self, Frame, Malformed, Message, Unreadable, encode_error, encode_prepared, encode_result};
use crate::method::{Kind, Method};
use crate::model::lower::Lower;
use crate::model::{CancelledNotificationParams, RequestId};
use crate::peer::Peer;
use crate::revision::Revision;
use crate::server::{App, Server};
use crate::session::{Params, Session};
use bytes::Bytes;
use tokio::runtime::Handle;

/// A way for clients to reach a server, see [`Server::serve`].
pub trait Transport {
    #[doc(hidden)]
    fn serve(self, app: Arc<App>) -> impl Future<Output = Result<()>> + Send;
}

impl Server {
    /// Serves clients on this transport until their input ends or the process is told to stop.
    ///
    /// # Errors
    /// Everything that is wrong with the server, before anything is served; later, a failure of the transport.
    pub async fn serve(self, transport: impl Transport) -> Result<()> {
        transport.serve(self.build()?).await
    }
}

/// What a transport does around the first poll of a call, which may take long: it is handed the poll and must run it.
pub(crate) type Around<'a> = dyn FnMut(&mut dyn FnMut()) + 'a;

/// Nothing but the poll itself.
pub(crate) fn in_place(poll: &mut dyn FnMut()) {
    poll();
}

/// One connection.
pub(crate) struct Link {
    app: Arc<App>,
    peer: Arc<Peer>,
    runtime: Handle,
    session: Mutex<Option<Arc<Session>>>,
    flights: Flights,
    /// Requests without a handshake have come in.
    is_modern: AtomicBool,
}

/// Where an answer goes: out at once, or into the answer to a batch.
#[derive(Clone)]
enum Target {
    Line,
    Batch(Arc<Batch>),
}

/// The answers to a batch (2025-03-26), gathered until the last one is there.
struct Batch {
    answers: Mutex<Vec<u8>>,
    open: AtomicU64,
}

impl Link {
    pub(crate) fn new(app: Arc<App>) -> Arc<Self> {
        let peer = Arc::new(Peer::new(app.core.limits.outgoing));
        Arc::new(Self {
            app,
            peer,
            runtime: Handle::current(),
            session: Mutex::default(),
            flights: Flights::default(),
            is_modern: AtomicBool::new(false),
        })
    }

    pub(crate) fn peer(&self) -> &Arc<Peer> {
        &self.peer
    }

    pub(crate) fn limits(&self) -> crate::server::Limits {
        self.app.core.limits
    }

    pub(crate) fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// Handles one frame. Answers that are ready wait in the peer for the caller to flush them. Frames are to be handled in
    /// the order in which they came, but for what `around` lets happen beside a poll.
    pub(crate) fn receive(self: &Arc<Self>, frame: &Bytes, around: &mut Around<'_>) {
        match message::decode(frame) {
            Frame::Single(Ok(message)) => self.handle(message, Target::Line, around),
            Frame::Single(Err(malformed)) => self.refuse(malformed, &Target::Line),
            Frame::Batch(items) => self.receive_batch(items, around),
        }
    }

    /// Answers a line that was too long to be kept.
    pub(crate) fn receive_too_long(&self) {
        let error = ProtocolError::invalid_request(format!(
            "the message is longer than {} bytes; the server's author can raise the limit",
            self.limits().line
        ));
        self.refuse(Malformed { id: None, error }, &Target::Line);
    }

    fn receive_batch(self: &Arc<Self>, items: Vec<Result<Message, Malformed>>, around: &mut Around<'_>) {
        if self.session().is_none_or(|session| session.revision != Revision::V2025_03_26) {
            let error =
                ProtocolError::invalid_request("a message is an object; only revision 2025-03-26 knows batches");
            return self.refuse(Malformed { id: None, error }, &Target::Line);
        }
        // One more than there are, so that nothing is sent before all have begun.
        let batch = Arc::new(Batch { answers: Mutex::default(), open: AtomicU64::new(1) });
        let target = Target::Batch(Arc::clone(&batch));
        for item in items {
            match item {
                Ok(message @ Message::Request { .. }) => {
                    batch.open.fetch_add(1, Ordering::AcqRel);
                    self.handle(message, target.clone(), around);
                }
                Ok(message) => self.handle(message, target.clone(), around),
                Err(malformed) => {
                    batch.open.fetch_add(1, Ordering::AcqRel);
                    self.refuse(malformed, &target);
                }
            }
        }
        self.settle(&batch, |_| {});
    }

    fn handle(self: &Arc<Self>, message: Message, target: Target, around: &mut Around<'_>) {
        match message {
            Message::Request { id, method, params } => self.request(id, &method, params, target, around),
            Message::Notification { method, params } => self.notification(&method, params.as_ref()),
            // This server asks its clients nothing that they could answer.
            Message::Response { .. } => {}
        }
    }

    fn request(
        self: &Arc<Self>,
        id: RequestId,
        name: &str,
        params: Option<Bytes>,
        target: Target,
        around: &mut Around<'_>,
    ) {
        match self.admit(&id, name, params.as_ref(), &target) {
            Err(error) => self.refuse(Malformed { id: Some(id), error }, &target),
            Ok(Admitted::Answered(answer)) => self.put(&target, |out| {
                // Made by this crate of its own types.
                let _ = encode_prepared(out, &id, &answer);
            }),
            Ok(Admitted::Call { method, revision, params: outline, context }) => {
                if let Err(error) = self.flights.enter(&context, self.limits().in_flight) {
                    return self.refuse(Malformed { id: Some(id), error }, &target);
                }
                let call =
                    Call { method, context: context.clone(), name: outline.name, arguments: outline.arguments, params };
                self.run(revision, &context, self.app.start(call), target, around);
            }
        }
    }

    /// Decides what a request belongs to, and answers what needs no entry.
    fn admit(
        self: &Arc<Self>,
        id: &RequestId,
        name: &str,
        params: Option<&Bytes>,
        target: &Target,
    ) -> Result<Admitted, ProtocolError> {
        let method = Method::parse(name)
            .filter(|method| method.kind() == Kind::Request && method.is_from_client())
            .ok_or_else(|| ProtocolError::method_not_found(name))?;
        if method == Method::Initialize {
            // A request of 2026-07-28 that is called `initialize` is an unknown method there.
            let is_modern = Params::read(method, params).is_ok_and(|params| params.facts.is_modern());
            if is_modern {
                return Err(ProtocolError::method_not_found(name));
            }
            if matches!(target, Target::Batch(_)) {
                return Err(ProtocolError::invalid_request("`initialize` must not be part of a batch"));
            }
            return self.initialize(params).map(Admitted::Answered);
        }
        let mut outline = Params::read(method, params)?;
        let session = self.session();
        // Without a session, `server/discover` is told what it lacks; within one it is no method.
        let is_modern = outline.facts.is_modern() || (session.is_none() && method == Method::Discover);
        let revision = if is_modern {
            self.is_modern.store(true, Ordering::Relaxed);
            outline.facts.modern_revision()?
        } else if let Some(session) = &session {
            session.revision
        } else if method == Method::Ping {
            Revision::LATEST_WITH_HANDSHAKE
        } else {
            return Err(ProtocolError::invalid_params(format!(
                "`{name}` came before `initialize` and names no protocol version; send `initialize` first (up to \
                 2025-11-25), or `_meta` with `{}` (2026-07-28)",
                crate::model::PROTOCOL_VERSION_KEY
            )));
        };
        if !method.is_in(revision) {
            return Err(ProtocolError::method_not_found(name));
        }
        match (method, &session) {
            (Method::Ping, _) => return Ok(Admitted::Answered(Bytes::from_static(b"{}"))),
            (Method::Discover, _) => return Ok(Admitted::Answered(self.app.core.catalog.discover())),
            (Method::SetLevel, Some(session)) if self.app.core.catalog.offers(method) => {
                session.set_level(params)?;
                return Ok(Admitted::Answered(Bytes::from_static(b"{}")));
            }
            _ => {}
        }
        let facts = &mut outline.facts;
        let (client, log_level) = match session.filter(|_| revision.has_handshake()) {
            Some(session) => (Arc::clone(&session.client), Some(Arc::clone(&session.log_level))),
            None => {
                let level = facts.log_level.map(|level| Arc::new(AtomicU8::new(level as u8)));
                (facts.client.take().map_or_else(unknown_client, Arc::new), level)
            }
        };
        let context = Context::new(Inner {
            id: id.clone(),
            revision,
            client,
            states: Arc::clone(&self.app.core.states),
            peer: Arc::clone(&self.peer),
            progress_token: facts.progress_token.take(),
            progress: AtomicU64::new(f64::NEG_INFINITY.to_bits()),
            log_level,
            meta: outline.meta.take(),
            ended: AtomicBool::new(false),
            cancelled: AtomicBool::new(false),
            wake: Mutex::default(),
        });
        Ok(Admitted::Call { method, revision, params: outline, context })
    }

    fn initialize(&self, params: Option<&Bytes>) -> Result<Bytes, ProtocolError> {
        let opened = Session::open(params)?;
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        if session.is_some() {
            return Err(ProtocolError::invalid_request("the session is initialized already"));
        }
        let result = self.app.core.catalog.initialize(opened.revision);
        let result =
            serde_json::to_vec(&result).map_err(|_| ProtocolError::internal("the answer could not be made"))?;
        *session = Some(Arc::new(opened));
        Ok(result.into())
    }

    fn notification(&self, name: &str, params: Option<&Bytes>) {
        // Unknown notifications are ignored, as JSON-RPC wants it; `initialized` needs nothing to be done.
        if Method::parse(name) != Some(Method::Cancelled) {
            return;
        }
        let Some(params) = params.and_then(|params| serde_json::from_slice::<CancelledNotificationParams>(params).ok())
        else {
            return;
        };
        self.flights.cancel(&params.request_id);
    }

    /// Polls a call once where it stands. If it has to wait it becomes a task.
    fn run(
        self: &Arc<Self>,
        revision: Revision,
        context: &Context,
        mut running: Running,
        target: Target,
        around: &mut Around<'_>,
    ) {
        // The task polls again at once, so that a wake-up that comes in between is not lost.
        let mut cx = TaskContext::from_waker(Waker::noop());
        // Settles a batch when the call ends without an answer, as a cancelled one does.
        let mut landing = Landing { link: Arc::clone(self), target: Some(target) };
        let mut polled = Poll::Pending;
        around(&mut || polled = Pin::new(&mut running).poll(&mut cx));
        if let Poll::Ready(reply) = polled {
            context.end();
            return self.flights.leave(context.id(), || {
                if let Some(target) = landing.target.take() {
                    self.put(&target, |out| self.encode(out, revision, context.id(), reply));
                }
            });
        }
        let flying = context.clone();
        self.flights.keep(context, || {
            let task = self.runtime.spawn(async move {
                let reply = running.await;
                let link = Arc::clone(&landing.link);
                link.peer.room().await;
                flying.end();
                link.flights.land(flying.id(), || {
                    if let Some(target) = landing.target.take() {
                        link.put_awake(&target, |out| link.encode(out, revision, flying.id(), reply));
                    }
                });
            });
            task.abort_handle()
        });
    }

    fn encode(&self, out: &mut Vec<u8>, revision: Revision, id: &RequestId, reply: Reply) {
        let start = out.len();
        let encoded = match reply.0 {
            Ok(answer) => self.encode_answer(out, revision, id, answer),
            Err(mut error) => {
                error.lower(revision);
                encode_error(out, Some(id), Unreadable::Null, &error);
                Ok(())
            }
        };
        if encoded.is_err() {
            out.truncate(start);
            let error = ProtocolError::internal("the result could not be serialized");
            encode_error(out, Some(id), Unreadable::Null, &error);
        }
    }

    fn encode_answer(
        &self,
        out: &mut Vec<u8>,
        revision: Revision,
        id: &RequestId,
        answer: Answered,
    ) -> serde_json::Result<()> {
        let catalog = &self.app.core.catalog;
        macro_rules! send {
            ($result:expr) => {{
                let mut result = $result;
                if revision < Revision::V2026_07_28 {
                    return encode_result(out, id, &result);
                }
                if let Some(meta) = &mut result.meta {
                    catalog.stamp_into(meta);
                    return encode_result(out, id, &result);
                }
                encode_result(out, id, &result)?;
                // `…}}`: the result's brace and the message's.
                out.truncate(out.len().saturating_sub(2));
                out.extend_from_slice(catalog.stamp());
                out.push(b'}');
                Ok(())
            }};
        }
        match answer {
            Answered::Prepared(json) => encode_prepared(out, id, &json),
            Answered::Tool(mut result, wraps) => {
                if wraps {
                    result.lower_wrapped(revision);
                } else {
                    result.lower(revision);
                }
                send!(result)
            }
            Answered::Resource(mut result) => {
                let (ttl_ms, cache_scope) = catalog.cache();
                result.ttl_ms.get_or_insert(ttl_ms);
                result.cache_scope.get_or_insert(cache_scope);
                result.lower(revision);
                send!(result)
            }
            Answered::Prompt(mut result) => {
                result.lower(revision);
                send!(result)
            }
            Answered::Completion(mut result) => {
                result.lower(revision);
                send!(result)
            }
        }
    }

    fn refuse(&self, malformed: Malformed, target: &Target) {
        let session = self.session();
        let revision = session.map(|session| session.revision);
        // 2025-11-25 and later leave out an id that could not be read; JSON-RPC and earlier revisions say `null`.
        let omits = match revision {
            Some(revision) => revision >= Revision::V2025_11_25,
            None => self.is_modern.load(Ordering::Relaxed),
        };
        let unreadable = if omits { Unreadable::Omitted } else { Unreadable::Null };
        let Malformed { id, mut error } = malformed;
        error.lower(revision.unwrap_or(Revision::LATEST));
        self.put(target, |out| encode_error(out, id.as_ref(), unreadable, &error));
    }

    /// Hands an answer on; the transport is told when the frame in hand has been handled.
    fn put(&self, target: &Target, encode: impl FnOnce(&mut Vec<u8>)) {
        match target {
            Target::Line => self.peer.send_later(encode),
            Target::Batch(batch) => self.settle(batch, encode),
        }
    }

    /// Hands an answer on and wakes the transport.
    fn put_awake(&self, target: &Target, encode: impl FnOnce(&mut Vec<u8>)) {
        match target {
            Target::Line => self.peer.send(encode),
            Target::Batch(batch) => self.settle(batch, encode),
        }
    }

    /// Adds an answer to a batch and sends it if that was the last one.
    fn settle(&self, batch: &Batch, encode: impl FnOnce(&mut Vec<u8>)) {
        let mut answers = batch.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let start = answers.len();
        answers.push(if start == 0 { b'[' } else { b',' });
        encode(&mut answers);
        if answers.len() == start + 1 {
            answers.truncate(start);
        }
        if batch.open.fetch_sub(1, Ordering::AcqRel) == 1 && !answers.is_empty() {
            answers.push(b']');
            self.peer.send(|out| out.extend_from_slice(&answers));
        }
    }

    /// Lets calls in flight end for a while, then gives them up. What they answered is in the peer afterwards.
    pub(crate) async fn wind_down(&self, grace: Duration) {
        // Time that runs out and calls that end come to the same: nothing is left in flight below.
        let _ = tokio::time::timeout(grace, self.flights.drained()).await;
        self.flights.give_up().dropped().await;
        self.peer.close();
    }

    /// Gives up the calls in flight at once; nothing is answered any more.
    pub(crate) fn give_up(&self) {
        // Nobody is here to wait for what they drop.
        let _ = self.flights.give_up();
        self.peer.close();
    }

    fn session(&self) -> Option<Arc<Session>> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Settles a batch when a call's task ends without an answer, as a cancelled one does.
struct Landing {
    link: Arc<Link>,
    target: Option<Target>,
}

impl Drop for Landing {
    fn drop(&mut self) {
        if let Some(Target::Batch(batch)) = self.target.take() {
            self.link.settle(&batch, |_| {});
        }
    }
}

#[expect(clippy::large_enum_variant, reason = "it is taken apart where it is made")]
enum Admitted {
    Answered(Bytes),
    Call { method: Method, revision: Revision, params: Params, context: Context },
}

fn unknown_client() -> Arc<Client> {
    Arc::new(Client::default())
}
