//! One connection: what becomes of its frames. Each call is polled where its frame was read; only one that has to wait becomes a
//! task. Floor 5.

use std::any::Any;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use super::flight::{Flights, Ticket};
#[cfg(feature = "http")]
use super::in_place;
use super::target::{ClosedOnDrop, Place, Target};
use super::{Around, Input};
use crate::budget::{Exhausted, FREE};
use crate::call::Call;
use crate::dispatch::Begun;
use crate::error::ProtocolError;
use crate::exchange::{Admitted, is_modern};
use crate::ground::Ground;
use crate::limits::Limits;
use crate::message::{self, Frame, Malformed, Message, Rest, Unreadable, encode_error, encode_shared};
use crate::method::{Method, Name};
use crate::model::{CancelledNotificationParams, RequestId};
use crate::params::{Parameters, are_modern};
use crate::party::Origin;
use crate::peer::Peer;
use crate::piece::Piece;
use crate::revision::Revision;
use crate::server::App;
use crate::session::Session;
use crate::subscribe::deliver;
use crate::usage::{Holds, Usage};

/// One connection.
pub(crate) struct Link {
    app: Arc<App>,
    peer: Arc<Peer>,
    runtime: Handle,
    /// Opened once.
    session: OnceLock<Arc<Session>>,
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

/// What the messages of one frame have in common.
struct Turn<'t, 'a> {
    carrier: Option<&'t Carrier>,
    ground: &'t mut Ground,
    around: &'t mut Around<'a>,
}

impl Link {
    pub(crate) fn new(app: Arc<App>) -> Arc<Self> {
        let peer = Peer::new(app.core.limits.outgoing);
        Self::alone(app, peer)
    }

    /// A connection with this way out, of somebody who is known.
    pub(crate) fn with_peer(app: Arc<App>, principal: Option<Arc<str>>, peer: Peer) -> Arc<Self> {
        Arc::new(Self {
            app,
            peer: Arc::new(peer),
            runtime: Handle::current(),
            session: OnceLock::new(),
            flights: Flights::default(),
            is_modern: AtomicBool::new(false),
            principal,
            is_told: AtomicBool::new(false),
            telling: Mutex::default(),
        })
    }

    /// The same for one that belongs to no table: it is asked itself what it holds.
    pub(super) fn alone(app: Arc<App>, peer: Peer) -> Arc<Self> {
        let link = Self::with_peer(app, None, peer);
        let holder: Weak<Self> = Arc::downgrade(&link);
        link.app.core.holders.enter(holder);
        link
    }

    pub(crate) fn peer(&self) -> &Arc<Peer> {
        &self.peer
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.app.core.limits
    }

    /// What calls stand on that come one after another.
    pub(crate) fn ground(&self) -> Ground {
        Ground::lasting(&self.app.core)
    }

    /// Takes notice of changes before a call comes.
    pub(crate) fn renew(&self, ground: &mut Ground) {
        ground.renew(&self.app.core);
    }

    pub(crate) fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// Handles one line. Answers that are ready wait in the peer for the caller to flush them. Frames are to be handled in
    /// the order in which they came, but for what `around` lets happen beside a poll.
    pub(crate) fn receive(self: &Arc<Self>, line: Input<'_>, ground: &mut Ground, around: &mut Around<'_>) {
        match line {
            Input::Line(text) => {
                let long = text.as_deref().ok().filter(|text| text.len() > FREE);
                let held = long.map(|text| self.app.core.memory.flying.charge(text.len())).transpose();
                let frame = message::decode_text(text);
                match held {
                    // It is held for as long as a call that came with it lives.
                    Ok(held) => {
                        let carrier = held.map(|held| Arc::new(held) as Carrier);
                        self.receive_frame(frame, None, Turn { carrier: carrier.as_ref(), ground, around });
                    }
                    Err(exhausted) => self.receive_unheld(frame, exhausted),
                }
            }
            Input::TooLong => self.receive_too_long(),
        }
    }

    /// The same for a frame that was decoded already, and whose answers may have a way out of their own.
    #[cfg(feature = "http")]
    pub(crate) fn receive_decoded(
        self: &Arc<Self>,
        frame: Frame,
        own: Option<Arc<ClosedOnDrop>>,
        carrier: Option<&Carrier>,
    ) {
        let mut ground = Ground::once(&self.app.core);
        self.receive_frame(frame, own, Turn { carrier, ground: &mut ground, around: &mut in_place });
    }

    fn receive_frame(self: &Arc<Self>, frame: Frame, own: Option<Arc<ClosedOnDrop>>, mut turn: Turn<'_, '_>) {
        let target = |own| Target { own, place: None };
        match frame {
            Frame::Single(Ok(message)) => self.handle(message, || target(own), &mut turn),
            Frame::Single(Err(malformed)) => self.refuse(malformed, target(own)),
            Frame::Batch(items) => self.receive_batch(items, own, &mut turn),
        }
    }

    /// Answers a line that was too long to be kept.
    fn receive_too_long(&self) {
        let error = ProtocolError::invalid_request(format!(
            "the message is longer than {} bytes; the server's author can raise the limit",
            self.limits().line
        ));
        self.refuse(Malformed { id: None, error }, Target::default());
    }

    /// Answers a frame that there is no memory for.
    fn receive_unheld(&self, frame: Frame, exhausted: Exhausted) {
        let (messages, first) = match frame {
            Frame::Single(message) => (vec![message], None),
            Frame::Batch(messages) => (messages, Some(Place::first(&self.peer, None))),
        };
        for message in messages {
            let place = first.as_ref().map(Place::another);
            match message {
                Ok(Message::Request { id, .. }) => {
                    self.refuse(Malformed { id: Some(id), error: exhausted.into() }, Target { own: None, place });
                }
                // Whoever asked hears that nothing will come.
                Ok(Message::Response { id, .. }) => {
                    self.session().iter().for_each(|session| session.pending.fail(&id));
                }
                Ok(Message::Notification { .. }) => {}
                Err(malformed) => self.refuse(malformed, Target { own: None, place }),
            }
        }
    }

    fn receive_batch(
        self: &Arc<Self>,
        items: Vec<Result<Message, Malformed>>,
        own: Option<Arc<ClosedOnDrop>>,
        turn: &mut Turn<'_, '_>,
    ) {
        if self.session().is_none_or(|session| session.revision != Revision::V2025_03_26) {
            let error =
                ProtocolError::invalid_request("a message is an object; only revision 2025-03-26 knows batches");
            return self.refuse(Malformed { id: None, error }, Target { own, place: None });
        }
        let first = Place::first(self.way(own.as_ref()), own.clone());
        for item in items {
            let target = || Target { own: own.clone(), place: Some(first.another()) };
            match item {
                Ok(message) => self.handle(message, target, turn),
                Err(malformed) => self.refuse(malformed, target()),
            }
        }
    }

    /// The way out: a frame's own, or the connection's.
    fn way<'a>(&'a self, own: Option<&'a Arc<ClosedOnDrop>>) -> &'a Arc<Peer> {
        own.map_or(&self.peer, |own| &own.0)
    }

    fn handle(self: &Arc<Self>, message: Message, target: impl FnOnce() -> Target, turn: &mut Turn<'_, '_>) {
        match message {
            Message::Request { id, method, params } => {
                self.request(id, &method, params, target(), turn);
            }
            Message::Notification { method, params } => self.notification(&method, params.as_ref()),
            Message::Response { id, outcome } => {
                if let Some(session) = self.session() {
                    session.pending.answer(&id, outcome, turn.carrier.cloned());
                }
            }
        }
    }

    fn request(
        self: &Arc<Self>,
        id: RequestId,
        name: &Name,
        params: Parameters,
        target: Target,
        turn: &mut Turn<'_, '_>,
    ) {
        match self.admit(&id, name, params, &target, turn) {
            Err(error) => self.refuse(Malformed { id: Some(id), error }, target),
            Ok(Admitted::Answered(rest)) => target.ahead(|out| encode_shared(out, &id, rest)).put(&self.peer),
            Ok(Admitted::Call(call)) => match self.flights.enter(&call.context, self.limits().in_flight) {
                Ok(ticket) => self.run((&id, ticket), call, target, turn),
                Err(error) => self.refuse(Malformed { id: Some(id), error }, target),
            },
        }
    }

    /// Decides what a request belongs to, and answers what needs no entry.
    fn admit(
        self: &Arc<Self>,
        id: &RequestId,
        name: &Name,
        params: Parameters,
        target: &Target,
        turn: &mut Turn<'_, '_>,
    ) -> Result<Admitted, ProtocolError> {
        let method = name.requested()?;
        if method == Method::Initialize {
            // A request of 2026-07-28 that is called `initialize` is an unknown method there.
            if are_modern(params.raw()) {
                return Err(ProtocolError::method_not_found(name));
            }
            if target.place.is_some() {
                return Err(ProtocolError::invalid_request("`initialize` must not be part of a batch"));
            }
            return self.initialize(params.raw()).map(Admitted::Answered);
        }
        let outline = params.read(method)?;
        let session = self.session();
        if is_modern(method, &outline, session) {
            self.is_modern.store(true, Ordering::Relaxed);
        }
        // Whoever asks for something has understood the answer to `initialize`, even if it forgot to say so.
        if let Some(session) = session.filter(|_| !self.is_told.load(Ordering::Relaxed)) {
            self.tell(session);
        }
        let origin = Origin {
            session,
            peer: self.way(target.own.as_ref()),
            principal: self.principal.as_ref(),
            carrier: turn.carrier.cloned(),
        };
        self.app.admit(&origin, turn.ground, (id, method), outline)
    }

    fn initialize(&self, params: Option<&Piece>) -> Result<Rest, ProtocolError> {
        let core = &self.app.core;
        let opened = Session::open(params, &core.limits, || core.session_watcher(), &core.memory.kept)?;
        let answer = core.catalog().initialize(opened.revision);
        match self.session.set(Arc::new(opened)) {
            Ok(()) => Ok(answer),
            Err(_) => Err(ProtocolError::invalid_request("the session is initialized already")),
        }
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

    fn notification(&self, name: &Name, params: Option<&Piece>) {
        match name.known() {
            // Before it, a client may not know yet what it would be told.
            Some(Method::Initialized) => return self.session().iter().for_each(|session| self.tell(session)),
            Some(Method::Cancelled) => {}
            // Unknown notifications are ignored, as JSON-RPC wants it.
            _ => return,
        }
        let Some(params) = params.and_then(|params| serde_json::from_str::<CancelledNotificationParams>(params).ok())
        else {
            return;
        };
        self.flights.cancel(&params.request_id);
    }

    /// Begins a call and polls it once where it stands. If it has to wait it becomes a task.
    fn run(self: &Arc<Self>, (id, ticket): (&RequestId, Ticket), call: Call, target: Target, turn: &mut Turn<'_, '_>) {
        // The task polls again at once, so that a wake-up that comes in between is not lost.
        let mut cx = TaskContext::from_waker(Waker::noop());
        let revision = call.context.revision();
        let (mut call, mut begun) = (Some(call), None);
        let catalog = turn.ground.catalog();
        (turn.around)(&mut || {
            begun = call.take().map(|call| match self.app.start(call, catalog) {
                Begun::Replied(reply) => Begun::Replied(reply),
                Begun::Waiting(mut running) => match Pin::new(&mut running).poll(&mut cx) {
                    Poll::Ready(reply) => Begun::Replied(reply),
                    Poll::Pending => Begun::Waiting(running),
                },
            });
        });
        let running = match begun {
            Some(Begun::Waiting(running)) => running,
            Some(Begun::Replied(reply)) => {
                let answer = target.ahead(|out| self.app.encode(out, revision, id, reply));
                return self.flights.leave(ticket, |context| {
                    context.end();
                    answer.put(context.peer());
                });
            }
            // A transport that runs no poll serves nobody.
            None => return self.flights.leave(ticket, |_| {}),
        };
        self.flights.keep(ticket, |context, seat| {
            let (link, flying) = (Arc::clone(self), context.clone());
            let busy = self.app.core.pulse.busy(&self.runtime);
            let task = self.runtime.spawn(async move {
                let _busy = busy;
                let reply = running.await;
                flying.peer().room().await;
                flying.end();
                let was_stream = reply.is_end_of_stream();
                let answer = target.ahead(|out| link.app.encode(out, revision, flying.id(), reply));
                link.flights.land(flying.id(), seat, || {
                    answer.put_awake(flying.peer());
                    if was_stream {
                        tell_end(flying.peer(), flying.id());
                    }
                });
            });
            task.abort_handle()
        });
    }

    fn refuse(&self, malformed: Malformed, target: Target) {
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
        let own = target.own.clone();
        target.put(self.way(own.as_ref()), |out| encode_error(out, id.as_ref(), unreadable, &error));
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
        self.tell(self.session.get_or_init(|| Arc::new(opened)));
    }

    pub(crate) fn session(&self) -> Option<&Arc<Session>> {
        self.session.get()
    }
}

impl Holds for Link {
    fn add_to(&self, usage: &mut Usage) {
        usage.calls += self.flights.count();
        usage.questions += self.session().map_or(0, |session| session.pending.open());
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
