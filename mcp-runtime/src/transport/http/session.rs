//! A request of an older revision over HTTP: it belongs to a session, goes on when its connection is lost, and may ask its
//! client on its stream. Floor 5.

use std::any::Any;
use std::sync::Arc;

use http::header::HeaderName;
use http::request::Parts;
use http::{HeaderValue, Response, StatusCode};

use super::body::Body;
use super::context::{LateStream, Request};
use super::events::{Events, Source, event_name};
use super::reply::{self, Answer, Manner};
use super::service::Shared;
use super::sessions::{Live, NoSession};
use crate::message::{Frame, Message};
use crate::method::{Method, Name};
use crate::model::RequestId;
use crate::peer::Peer;
use crate::revision::Revision;
use crate::transport::{Carrier, ClosedOnDrop, Link};

/// The header that names a session.
pub(super) const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
/// The header that says after which event a stream is taken up again.
const LAST_EVENT: HeaderName = HeaderName::from_static("last-event-id");

/// Answers `initialize`.
pub(super) async fn open(
    shared: &Shared,
    request: Arc<Request>,
    principal: Option<Arc<str>>,
    frame: Frame,
) -> Response<Body> {
    let link = shared.sessions.link(principal.clone());
    let peer = begin(&link, frame, &request);
    let opened = match link.session() {
        // What was answered is why there is no session.
        None => None,
        Some(_) => match shared.sessions.open(&link, principal).await {
            Ok(live) => Some(live),
            Err(none) => {
                link.give_up();
                return no_session(&none, None);
            }
        },
    };
    let mut response = reply::later(Source::of(peer), Manner::of(shared, &request, None)).await;
    if let Some(id) = opened.and_then(|live| HeaderValue::from_str(&live.id).ok()) {
        response.headers_mut().insert(SESSION, id);
    }
    response
}

/// Answers whatever else is posted.
pub(super) fn post(shared: &Shared, mut request: Arc<Request>, live: Arc<Live>, frame: Frame) -> Answer<'_> {
    let changes = messages(&frame)
        .any(|method| matches!(method.known(), Some(Method::SetLevel | Method::Subscribe | Method::Unsubscribe)));
    let revision = live.link.session().map(|session| session.revision);
    let is_refused = matches!(frame, Frame::Batch(_)) && revision != Some(Revision::V2025_03_26);
    if is_refused || !has_requests(&frame) {
        let peer = begin(&live.link, frame, &request);
        let mut refused = Vec::new();
        peer.take(&mut refused);
        // Nothing is answered but what could not be understood.
        return Answer::Ready(match refused.pop() {
            None => reply::empty(StatusCode::ACCEPTED),
            Some(_) => reply::json(StatusCode::BAD_REQUEST, refused.into()),
        });
    }
    let peer = Arc::new(shared.app.core.way_out());
    if let Err(error) = live.make_room() {
        return Answer::Ready(reply::error(id_of(&frame), &error));
    }
    // Since 2025-11-25 a stream begins with its name, so that it can be taken up again from the start; before, a client
    // need not know that an event may be empty.
    let primes = revision >= Some(Revision::V2025_11_25);
    // Nobody else has it yet.
    if let Some(request) = Arc::get_mut(&mut request).filter(|_| primes) {
        request.stream = Some(LateStream::new(&live));
    }
    begin_on(&live.link, frame, &request, &peer);
    if !changes && let Some(frame) = peer.take_whole() {
        return reply::whole(frame, None, &Manner::of(shared, &request, None));
    }
    Answer::later(async move {
        if changes && let Err(none) = shared.sessions.save(&live).await {
            return no_session(&none, None);
        }
        if let Some(frame) = peer.take_whole() {
            return reply::whole(frame, None, &Manner::of(shared, &request, None)).response().await;
        }
        let stream = match &request.stream {
            Some(late) => late.get(&peer),
            None => live.stream(&peer).ok(),
        };
        let named = stream.as_ref().map(|stream| (Arc::clone(stream), primes));
        let response = reply::later(Source::of(peer), Manner::of(shared, &request, named)).await;
        if let Some(stream) = stream.filter(|_| !reply::is_stream(&response)) {
            live.forget_stream(&stream);
        }
        response
    })
}

/// Opens the session's own stream, or takes one up again (up to 2025-11-25, "Listening for Messages from the Server").
pub(super) fn listen(parts: &Parts, live: &Arc<Live>) -> Response<Body> {
    let taken_up = match parts.headers.get(LAST_EVENT) {
        None => live.find_stream(live.first).map(|stream| {
            let source = Source::of(Arc::clone(&stream.peer));
            Events::resumable(source, b"", &stream, false)
        }),
        Some(name) => {
            let name = name.to_str().ok().and_then(event_name);
            name.and_then(|(stream, number)| {
                let stream = live.find_stream(stream).filter(|stream| stream.has_sent(number))?;
                Some(Events::taken_up(&stream, number))
            })
        }
    };
    match taken_up {
        Some(events) => reply::stream(events),
        // Not 404: that would say that the session is gone.
        None => reply::refusal(
            StatusCode::BAD_REQUEST,
            "`Last-Event-ID` names no event of a stream that is kept; make the request again",
        ),
    }
}

/// Ends a session.
pub(super) async fn end(shared: &Shared, live: &Arc<Live>) -> Response<Body> {
    match shared.sessions.end(live).await {
        Ok(_) => reply::empty(StatusCode::NO_CONTENT),
        Err(none) => no_session(&none, None),
    }
}

/// What is said where there is no session.
pub(super) fn no_session(none: &NoSession, id: Option<&RequestId>) -> Response<Body> {
    let (status, message) = match none {
        NoSession::Unknown => {
            (StatusCode::NOT_FOUND, "there is no such session; begin one with `initialize`".to_owned())
        }
        NoSession::Full(most) => {
            (StatusCode::SERVICE_UNAVAILABLE, format!("{most} sessions are open already; try again later"))
        }
        NoSession::Unavailable => {
            (StatusCode::SERVICE_UNAVAILABLE, "sessions are not available; try again later".to_owned())
        }
    };
    reply::refusal_of(id, status, &message)
}

/// Hands a frame to a link, with a way out of its own.
fn begin(link: &Arc<Link>, frame: Frame, request: &Arc<Request>) -> Arc<Peer> {
    let peer = Arc::new(Peer::new(link.limits().outgoing));
    begin_on(link, frame, request, &peer);
    peer
}

fn begin_on(link: &Arc<Link>, frame: Frame, request: &Arc<Request>, peer: &Arc<Peer>) {
    let carrier: Carrier = Arc::<Request>::clone(request) as Arc<dyn Any + Send + Sync>;
    let own = Arc::new(ClosedOnDrop(Arc::clone(peer)));
    link.receive_decoded(frame, Some(own), Some(&carrier));
}

fn messages(frame: &Frame) -> impl Iterator<Item = &Name> {
    let (one, many) = match frame {
        Frame::Single(message) => (Some(message), None),
        Frame::Batch(messages) => (None, Some(messages)),
    };
    one.into_iter().chain(many.into_iter().flatten()).filter_map(|message| match message {
        Ok(Message::Request { method, .. } | Message::Notification { method, .. }) => Some(method),
        _ => None,
    })
}

/// The id of a frame that is one request.
pub(super) fn id_of(frame: &Frame) -> Option<&RequestId> {
    match frame {
        Frame::Single(Ok(Message::Request { id, .. })) => Some(id),
        _ => None,
    }
}

fn has_requests(frame: &Frame) -> bool {
    let asks = |message: &Result<Message, _>| matches!(message, Ok(Message::Request { .. }));
    match frame {
        Frame::Single(message) => asks(message),
        Frame::Batch(messages) => messages.iter().any(asks),
    }
}
