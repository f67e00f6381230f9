//! Responses: what is sent when a request is refused, and how an answer becomes a body. Floor 5.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue, VARY};
use http::{HeaderMap, Response, StatusCode};

use super::body::Body;
use super::context::Request;
use super::encoding::{Coding, WORTHWHILE};
use super::events::{ALIVE, Events, Source, Stream, held};
use super::service::Shared;
use crate::budget::{Charge, FREE_ANSWER, Memory};
use crate::error::{
    HEADER_MISMATCH, INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND, MISSING_CLIENT_CAPABILITY, PARSE_ERROR,
    ProtocolError, UNSUPPORTED_PROTOCOL_VERSION,
};
use crate::message::{Unreadable, encode_error};
use crate::model::RequestId;
use crate::peer::Whole;

/// Tells proxies that buffer to hand events on at once.
const UNBUFFERED: HeaderName = HeaderName::from_static("x-accel-buffering");
/// The media type of a stream.
const EVENTS: &str = "text/event-stream";
/// Above this many bytes, compressing takes long enough to go to a thread of its own.
const LONG: usize = 128 * 1024;

/// A response with a text for people.
pub(super) fn refusal(status: StatusCode, message: &str) -> Response<Body> {
    refusal_of(None, status, message)
}

/// The same for a request whose id is known.
pub(super) fn refusal_of(id: Option<&RequestId>, status: StatusCode, message: &str) -> Response<Body> {
    let mut out = Vec::new();
    encode_error(&mut out, id, Unreadable::Omitted, &ProtocolError::invalid_request(message.to_owned()));
    json(status, out.into())
}

/// A response without a body.
pub(super) fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::whole(Bytes::new()));
    *response.status_mut() = status;
    response
}

/// A response that is a JSON-RPC error.
pub(super) fn error(id: Option<&RequestId>, error: &ProtocolError) -> Response<Body> {
    let mut out = Vec::new();
    encode_error(&mut out, id, Unreadable::Omitted, error);
    json(status_of(error.code()), out.into())
}

/// The status that goes with an error's code (2026-07-28, "Streamable HTTP").
pub(super) fn status_of(code: i64) -> StatusCode {
    match code {
        METHOD_NOT_FOUND => StatusCode::NOT_FOUND,
        PARSE_ERROR
        | INVALID_REQUEST
        | INVALID_PARAMS
        | HEADER_MISMATCH
        | MISSING_CLIENT_CAPABILITY
        | UNSUPPORTED_PROTOCOL_VERSION => StatusCode::BAD_REQUEST,
        _ => StatusCode::OK,
    }
}

pub(super) fn json(status: StatusCode, body: Bytes) -> Response<Body> {
    json_of(status, Body::whole(body))
}

fn json_of(status: StatusCode, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A response that is a stream of events.
pub(super) fn stream(events: Events) -> Response<Body> {
    let mut response = Response::new(Body::events(events));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(EVENTS));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(UNBUFFERED, HeaderValue::from_static("no"));
    response
}

/// Whether a response is a stream of events.
pub(super) fn is_stream(response: &Response<Body>) -> bool {
    response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == EVENTS)
}

/// How an answer may be put.
pub(super) struct Manner<'a> {
    pub(super) headers: &'a HeaderMap,
    pub(super) compresses: bool,
    /// What is counted of answers that were not counted before.
    pub(super) memory: &'a Memory,
    /// Under which name the stream can be taken up again, and whether it begins with its name alone.
    pub(super) stream: Option<(Arc<Stream>, bool)>,
}

impl<'a> Manner<'a> {
    pub(super) fn of(shared: &'a Shared, request: &'a Request, stream: Option<(Arc<Stream>, bool)>) -> Self {
        let compresses = shared.options.compress && request.takes_codings;
        Self { headers: &request.parts.headers, compresses, memory: &shared.app.core.memory, stream }
    }
}

/// An answer, or what it takes to wait for one: in a box, so that it makes the future of no request larger.
pub(super) enum Answer<'a> {
    Ready(Response<Body>),
    Later(Pin<Box<dyn Future<Output = Response<Body>> + Send + 'a>>),
}

impl<'a> Answer<'a> {
    pub(super) fn later(answer: impl Future<Output = Response<Body>> + Send + 'a) -> Self {
        Self::Later(Box::pin(answer))
    }

    pub(super) async fn response(self) -> Response<Body> {
        match self {
            Self::Ready(response) => response,
            Self::Later(later) => later.await,
        }
    }
}

/// Answers when there is something to answer with: whole if nothing but the answer comes from `source`, else as events.
pub(super) async fn later(mut source: Source, manner: Manner<'_>) -> Response<Body> {
    let is_let_go = manner.stream.as_ref().map(|(stream, _)| Arc::clone(stream));
    let first = tokio::time::timeout(ALIVE, async {
        tokio::select! {
            biased;
            frames = poll_fn(|cx| source.poll_frames(cx)) => frames.unwrap_or_default(),
            // The call wants its client to come back later.
            () = wait_let_go(is_let_go.as_deref()) => Vec::new(),
        }
    });
    // A client that has waited for long is told that its call is under way.
    let mut begun = first.await.unwrap_or_default();
    if source.is_over() && memchr::memchr_iter(b'\n', &begun).count() <= 1 {
        begun.pop();
        let all = Whole { text: begun, rest: None, held: source.take_held() };
        return whole(all, source.refused(), &manner).response().await;
    }
    stream(match manner.stream {
        Some((stream, primes)) => Events::resumable(source, &begun, &stream, primes),
        None => Events::answer(source, &begun),
    })
}

async fn wait_let_go(stream: Option<&Stream>) {
    match stream {
        Some(stream) => stream.wait_let_go().await,
        None => std::future::pending().await,
    }
}

/// Answers with a frame alone.
pub(super) fn whole(all: Whole, refused: Option<i64>, manner: &Manner<'_>) -> Answer<'static> {
    let Whole { text: mut frame, rest, held: charge } = all;
    if frame.is_empty() {
        // The call was cancelled: there is nothing to answer.
        return Answer::Ready(empty(StatusCode::ACCEPTED));
    }
    // Only a call of 2026-07-28 runs where it is answered; in a session, errors are answers like any other.
    let status = refused.map_or(StatusCode::OK, status_of);
    let is_worthwhile = manner.compresses && (rest.is_some() || frame.len() > WORTHWHILE);
    let coding = is_worthwhile.then(|| Coding::wanted(manner.headers)).flatten();
    match (coding, rest) {
        (None, None) => Answer::Ready(json(status, held(frame, charge))),
        (None, Some(rest)) => Answer::Ready(json_of(status, Body::shared(frame, rest))),
        (Some(coding), rest) => {
            if let Some(rest) = rest {
                rest.append_to(&mut frame);
            }
            // What many are answered with is counted once it is copied.
            let charge = charge.or_else(|| (frame.len() > FREE_ANSWER).then(|| manner.memory.flying.nothing()));
            Answer::later(compressed(status, coding, frame, charge))
        }
    }
}

async fn compressed(status: StatusCode, coding: Coding, frame: Vec<u8>, charge: Option<Charge>) -> Response<Body> {
    let another = charge.as_ref().map(Charge::another);
    let (frame, compressed) = if frame.len() > LONG {
        let frame = held(frame, charge);
        let text = frame.clone();
        (frame, tokio::task::spawn_blocking(move || coding.compress(&text)).await.ok().flatten())
    } else {
        let compressed = coding.compress(&frame);
        (held(frame, charge), compressed)
    };
    let Some(compressed) = compressed else { return json(status, frame) };
    let mut response = json(status, held(compressed, another));
    response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept-encoding"));
    response
}
