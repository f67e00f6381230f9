//! One connection's serve loop: frames in, frames out. Each call is polled where its frame was read; only one that has to
//! wait becomes a task. How bytes come and go is the business of the files below. Floor 5.

mod flight;
pub(crate) mod frame;
#[cfg(feature = "http")]
pub(crate) mod http;
mod memory;
mod signal;
mod stdio;
mod stream;
mod target;

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::Duration;

use self::flight::Flights;
pub use self::memory::memory;
pub use self::stdio::Stdio;
pub use self::stream::Stream;
#[cfg(feature = "http")]
pub(crate) use self::target::ClosedOnDrop;
pub(crate) use self::target::Outlet;
use self::target::{Batch, Target};
use crate::context::Context;
use crate::dispatch::Running;
use crate::error::{ProtocolError, Result};
use crate::exchange::{Admitted, Origin, is_modern, requested};
use crate::message::{self, Frame, Malformed, Message, Unreadable, encode_error, encode_prepared};
use crate::method::Method;
use crate::model::{CancelledNotificationParams, RequestId};
use crate::peer::Peer;
use crate::revision::Revision;
use crate::server::{App, Server};
use crate::session::{Params, Session};
use crate::subscribe::deliver;
use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

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
    /// Whom the connection belongs to, where that was established.
    principal: Option<Arc<str>>,
    /// The session is told of changes.
    is_told: AtomicBool,
    /// The task that does so.
    telling: Mutex<Option<AbortHandle>>,
}

/// What the transport knows of a request and a call can ask for.
pub(crate) type Carrier = Arc<dyn Any + Send + Sync>;

impl Link {
    pub(crate) fn new(app: Arc<App>) -> Arc<Self> {
        Self::of(app, None)
    }

    /// A connection of somebody who is known.
    pub(crate) fn of(app: Arc<App>, principal: Option<Arc<str>>) -> Arc<Self> {
        let room = app.core.limits.outgoing;
        Self::with_room(app, principal, room)
    }

    /// The same with so much room, in bytes, for what goes out on the connection's own way.
    pub(crate) fn with_room(app: Arc<App>, principal: Option<Arc<str>>, room: usize) -> Arc<Self> {
        let peer = Arc::new(Peer::new(room));
        Arc::new(Self {
            app,
            peer,
            runtime: Handle::current(),
            session: Mutex::default(),
            flights: Flights::default(),
            is_modern: AtomicBool::new(false),
            principal,
            is_told: AtomicBool::new(false),
            telling: Mutex::default(),
        })
    }

    pub(crate) fn peer(&self) -> &Arc<Peer> {
        &self.peer
    }

    pub(crate) fn limits(&self) -> crate::limits::Limits {
        self.app.core.limits
    }

    pub(crate) fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// Handles one frame. Answers that are ready wait in the peer for the caller to flush them. Frames are to be handled in
    /// the order in which they came, but for what `around` lets happen beside a poll.
    pub(crate) fn receive(self: &Arc<Self>, frame: &Bytes, around: &mut Around<'_>) {
        self.receive_decoded(message::decode(frame), Outlet::Shared(Arc::clone(&self.peer)), None, around);
    }

    /// The same for a frame that was decoded already, and whose answers may have a way out of their own.
    pub(crate) fn receive_decoded(
        self: &Arc<Self>,
        frame: Frame,
        outlet: Outlet,
        carrier: Option<&Carrier>,
        around: &mut Around<'_>,
    ) {
        let target = Target { outlet, batch: None };
        match frame {
            Frame::Single(Ok(message)) => self.handle(message, target, carrier, around),
            Frame::Single(Err(malformed)) => self.refuse(malformed, &target),
            Frame::Batch(items) => self.receive_batch(items, target, carrier, around),
        }
    }

    /// Answers a line that was too long to be kept.
    pub(crate) fn receive_too_long(&self) {
        let error = ProtocolError::invalid_request(format!(
            "the message is longer than {} bytes; the server's author can raise the limit",
            self.limits().line
        ));
        let target = Target { outlet: Outlet::Shared(Arc::clone(&self.peer)), batch: None };
        self.refuse(Malformed { id: None, error }, &target);
    }

    fn receive_batch(
        self: &Arc<Self>,
        items: Vec<Result<Message, Malformed>>,
        target: Target,
        carrier: Option<&Carrier>,
        around: &mut Around<'_>,
    ) {
        if self.session().is_none_or(|session| session.revision != Revision::V2025_03_26) {
            let error =
                ProtocolError::invalid_request("a message is an object; only revision 2025-03-26 knows batches");
            return self.refuse(Malformed { id: None, error }, &target);
        }
        // One more than there are, so that nothing is sent before all have begun.
        let batch = Batch::begun();
        let target = Target { batch: Some(Arc::clone(&batch)), ..target };
        for item in items {
            match item {
                Ok(message @ Message::Request { .. }) => {
                    batch.open.fetch_add(1, Ordering::AcqRel);
                    self.handle(message, target.clone(), carrier, around);
                }
                Ok(message) => self.handle(message, target.clone(), carrier, around),
                Err(malformed) => {
                    batch.open.fetch_add(1, Ordering::AcqRel);
                    self.refuse(malformed, &target);
                }
            }
        }
        batch.settle(target.outlet.peer(), |_| {});
    }

    fn handle(self: &Arc<Self>, message: Message, target: Target, carrier: Option<&Carrier>, around: &mut Around<'_>) {
        match message {
            Message::Request { id, method, params } => {
                self.request(id, &method, params.as_ref(), target, carrier, around);
            }
            Message::Notification { method, params } => self.notification(&method, params.as_ref()),
            Message::Response { id, outcome } => {
                if let Some(session) = self.session() {
                    session.pending.answer(&id, outcome);
                }
            }
        }
    }

    fn request(
        self: &Arc<Self>,
        id: RequestId,
        name: &str,
        params: Option<&Bytes>,
        target: Target,
        carrier: Option<&Carrier>,
        around: &mut Around<'_>,
    ) {
        match self.admit(&id, name, params, &target, carrier) {
            Err(error) => self.refuse(Malformed { id: Some(id), error }, &target),
            Ok(Admitted::Answered(answer)) => target.put(|out| {
                // Made by this crate of its own types.
                let _ = encode_prepared(out, &id, &answer);
            }),
            Ok(Admitted::Call(call)) => {
                let context = call.context.clone();
                if let Err(error) = self.flights.enter(&context, self.limits().in_flight) {
                    return self.refuse(Malformed { id: Some(id), error }, &target);
                }
                self.run(&context, self.app.start(call), target, around);
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
        carrier: Option<&Carrier>,
    ) -> Result<Admitted, ProtocolError> {
        let method = requested(name)?;
        if method == Method::Initialize {
            // A request of 2026-07-28 that is called `initialize` is an unknown method there.
            let is_modern = Params::read(method, params).is_ok_and(|params| params.facts.is_modern());
            if is_modern {
                return Err(ProtocolError::method_not_found(name));
            }
            if target.batch.is_some() {
                return Err(ProtocolError::invalid_request("`initialize` must not be part of a batch"));
            }
            return self.initialize(params).map(Admitted::Answered);
        }
        let outline = Params::read(method, params)?;
        let session = self.session();
        if is_modern(method, &outline, session.as_ref()) {
            self.is_modern.store(true, Ordering::Relaxed);
        }
        // Whoever asks for something has understood the answer to `initialize`, even if it forgot to say so.
        if let Some(session) = session.as_ref().filter(|_| !self.is_told.load(Ordering::Relaxed)) {
            self.tell(session);
        }
        let origin = Origin {
            session: session.as_ref(),
            peer: target.outlet.peer(),
            principal: self.principal.as_ref(),
            carrier: carrier.cloned(),
        };
        self.app.admit(&origin, id, method, outline, params)
    }

    fn initialize(&self, params: Option<&Bytes>) -> Result<Bytes, ProtocolError> {
        let opened = Session::open(params, &self.app.core.hub)?;
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        if session.is_some() {
            return Err(ProtocolError::invalid_request("the session is initialized already"));
        }
        let result = self.app.core.catalog().initialize(opened.revision);
        let result =
            serde_json::to_vec(&result).map_err(|_| ProtocolError::internal("the answer could not be made"))?;
        *session = Some(Arc::new(opened));
        Ok(result.into())
    }

    /// Begins to tell the session of changes.
    fn tell(&self, session: &Session) {
        self.is_told.store(true, Ordering::Relaxed);
        let mut telling = self.telling.lock().unwrap_or_else(PoisonError::into_inner);
        if telling.is_none() && self.app.core.about.changes {
            let (watcher, peer) = (Arc::clone(&session.watcher), Arc::clone(&self.peer));
            let task = self.runtime.spawn(async move { deliver(&watcher, &peer, None).await });
            *telling = Some(task.abort_handle());
        }
    }

    fn notification(&self, name: &str, params: Option<&Bytes>) {
        match Method::parse(name) {
            // Before it, a client may not know yet what it would be told.
            Some(Method::Initialized) => return self.session().iter().for_each(|session| self.tell(session)),
            Some(Method::Cancelled) => {}
            // Unknown notifications are ignored, as JSON-RPC wants it.
            _ => return,
        }
        let Some(params) = params.and_then(|params| serde_json::from_slice::<CancelledNotificationParams>(params).ok())
        else {
            return;
        };
        self.flights.cancel(&params.request_id);
    }

    /// Polls a call once where it stands. If it has to wait it becomes a task.
    fn run(self: &Arc<Self>, context: &Context, mut running: Running, target: Target, around: &mut Around<'_>) {
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
                    target.put(|out| self.app.encode(out, context.revision(), context.id(), reply));
                }
            });
        }
        let flying = context.clone();
        self.flights.keep(context, || {
            let task = self.runtime.spawn(async move {
                let reply = running.await;
                let link = Arc::clone(&landing.link);
                flying.peer().room().await;
                flying.end();
                link.flights.land(flying.id(), || {
                    if let Some(target) = landing.target.take() {
                        let was_stream = reply.is_end_of_stream();
                        target.put_awake(|out| link.app.encode(out, flying.revision(), flying.id(), reply));
                        if was_stream {
                            tell_end(flying.peer(), flying.id());
                        }
                    }
                });
            });
            task.abort_handle()
        });
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
        target.put(|out| encode_error(out, id.as_ref(), unreadable, &error));
    }

    /// Lets calls in flight end for a while, then gives them up. What they answered is in the peer afterwards.
    pub(crate) async fn wind_down(&self, grace: Duration) {
        // Streams of changes end in order first; they would not by themselves.
        self.app.core.hub.close();
        // Time that runs out and calls that end come to the same: nothing is left in flight below.
        let _ = tokio::time::timeout(grace, self.flights.drained()).await;
        self.flights.give_up().dropped().await;
        self.close();
    }

    /// Gives up the calls in flight at once; nothing is answered any more.
    pub(crate) fn give_up(&self) {
        // Nobody is here to wait for what they drop.
        let _ = self.flights.give_up();
        self.close();
    }

    fn close(&self) {
        if let Some(session) = self.session() {
            session.pending.close();
        }
        if let Some(telling) = self.telling.lock().unwrap_or_else(PoisonError::into_inner).take() {
            telling.abort();
        }
        self.peer.close();
    }

    /// Takes up a session that was opened elsewhere.
    #[cfg(feature = "http")]
    pub(crate) fn resume(&self, opened: Session) {
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        self.tell(&opened);
        *session = Some(Arc::new(opened));
    }

    pub(crate) fn session(&self) -> Option<Arc<Session>> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A stream of changes is answered when the server ends it ("Subscriptions"), and its client is told in the words of a
/// cancellation too where streams share a channel (2026-07-28, "Cancellation").
fn tell_end(peer: &Peer, stream: &RequestId) {
    let params = CancelledNotificationParams {
        request_id: stream.clone(),
        reason: Some("the server ended the stream".to_owned()),
        meta: None,
    };
    peer.notify(Method::Cancelled.as_str(), &params);
}

/// Settles a batch when a call's task ends without an answer, as a cancelled one does.
struct Landing {
    link: Arc<Link>,
    target: Option<Target>,
}

impl Drop for Landing {
    fn drop(&mut self) {
        if let Some(Target { outlet, batch: Some(batch) }) = self.target.take() {
            batch.settle(outlet.peer(), |_| {});
        }
    }
}
