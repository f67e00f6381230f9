//! From a request of HTTP to what answers it: checks who asks and how, reads the body within bounds, and tells the eras of
//! the protocol apart. Floor 5.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use bytes::Buf;
use http::header::{self, HeaderName, HeaderValue};
use http::request::Parts;
use http::{HeaderMap, Method as Verb, Request, Response, StatusCode, Version};
use http_body::Body as HttpBody;
use http_body_util::BodyExt;
use tower_service::Service;

use super::body::Body;
use super::context::{Principal, Request as Carried};
use super::fields::{Field, Fields};
use super::gathered::Gathered;
use super::guard::Refusal;
use super::media::Accepted;
use super::mirror::PARAMETER;
use super::pair::{self, Pairs};
use super::reply::Answer;
use super::sessions::Sessions;
use super::{HttpOptions, media, modern, reply, session};
use crate::budget::{Charge, Exhausted, FREE};
use crate::message::{self, Frame, Message, Unreadable, encode_error};
use crate::method::Method;
use crate::model::RequestId;
use crate::revision::Revision;
use crate::server::App;

const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");

/// A server as a tower service over HTTP, see [`Server::into_service`](crate::Server::into_service).
#[derive(Clone)]
pub struct HttpService(pub(super) Arc<Shared>);

/// What every request needs.
pub(super) struct Shared {
    pub(super) app: Arc<App>,
    pub(super) options: Arc<HttpOptions>,
    pub(super) sessions: Arc<Sessions>,
    pub(super) pairs: Arc<Pairs>,
}

impl HttpService {
    pub(super) fn new(app: Arc<App>) -> Self {
        let options = app.core.options.get::<HttpOptions>();
        let options = options.map_or_else(Arc::default, |options| Arc::new(HttpOptions::clone(&options)));
        let sessions = Sessions::new(&app, options.sessions, options.session_ttl, options.bounds);
        let pairs = Pairs::new(&app.core.holders);
        Self(Arc::new(Shared { app, options, sessions, pairs }))
    }

    /// Where the endpoint is.
    pub(super) fn path(&self) -> &str {
        &self.0.options.path
    }

    /// Takes in a request to this server alone: other paths are not found.
    pub(super) fn route(&self, parts: Parts) -> Result<Arrived, Box<Response<Body>>> {
        let (path, options) = (parts.uri.path(), &self.0.options);
        if path == options.path || options.pair && matches!(path, pair::STREAM | pair::MESSAGES) {
            return self.arrive(parts);
        }
        let message = format!("there is nothing at {}; the endpoint is {}", crate::error::quoted(path), options.path);
        Err(Box::new(reply::refusal(StatusCode::NOT_FOUND, &message)))
    }

    /// Takes in a request, if it may come from where it comes.
    fn arrive(&self, mut parts: Parts) -> Result<Arrived, Box<Response<Body>>> {
        name_host(&mut parts);
        let options = &self.0.options;
        let fields = Fields::of(&parts.headers);
        if let Err(refused) = options.guard.check(&fields, &parts.uri) {
            return Err(Box::new(refuse(&refused)));
        }
        let origin = if options.cors { fields.origin.first.cloned() } else { None };
        let told = Told::of(&fields, &parts.method);
        let takes_codings = fields.accept_encoding.first.is_some();
        Ok(Arrived { request: Arc::new(Carried { parts, takes_codings, stream: None }), told, origin })
    }

    /// Answers a request that was taken in.
    pub(super) async fn answer<B>(&self, arrived: Arrived, body: B) -> Response<Body>
    where
        B: HttpBody + Send + 'static,
        B::Data: Send,
    {
        let Arrived { request, told, origin } = arrived;
        let mut response = match &request.parts.method {
            &Verb::OPTIONS if origin.is_some() => preflight(&request.parts.headers),
            _ => self.0.serve(request, told, body).await,
        };
        if let Some(origin) = origin {
            let headers = response.headers_mut();
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("mcp-session-id"));
            headers.append(header::VARY, HeaderValue::from_static("origin"));
        }
        response
    }
}

/// A request that came from where it may come from.
pub(super) struct Arrived {
    request: Arc<Carried>,
    told: Result<Told, Refusal>,
    /// The page that it comes from, where pages are answered.
    origin: Option<HeaderValue>,
}

impl<B> Service<Request<B>> for HttpService
where
    B: HttpBody + Send + 'static,
    B::Data: Send,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (parts, body) = request.into_parts();
        match self.arrive(parts) {
            Ok(arrived) => {
                let service = self.clone();
                Box::pin(async move { Ok(service.answer(arrived, body).await) })
            }
            Err(response) => Box::pin(std::future::ready(Ok(*response))),
        }
    }
}

impl std::fmt::Debug for HttpService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HttpService")
    }
}

impl Shared {
    async fn serve<B>(&self, request: Arc<Carried>, told: Result<Told, Refusal>, body: B) -> Response<Body>
    where
        B: HttpBody + Send + 'static,
        B::Data: Send,
    {
        let parts = &request.parts;
        let principal = parts.extensions.get::<Principal>().map(|principal| Arc::clone(principal.name()));
        if self.options.pair && parts.uri.path() == pair::STREAM {
            // A client that tries the newer way first learns from the refusal that it has to begin with GET.
            return match parts.method {
                Verb::GET => self.pairs.open(self, principal),
                _ => not_allowed("open the stream with GET; it says where to post messages", "GET"),
            };
        }
        let told = match told {
            Ok(told) => told,
            Err(refused) => return refuse(&refused),
        };
        if parts.method == Verb::POST {
            return self.post(request, told, body, principal).await;
        }
        match (&parts.method, &told.session) {
            (&Verb::GET, Some(session)) => {
                if !told.accepted.event_stream {
                    let message = "a stream is `text/event-stream`; say in `Accept` that it is taken";
                    return reply::refusal(StatusCode::NOT_ACCEPTABLE, message);
                }
                match self.find((parts, session), told.version, principal.as_ref(), None).await {
                    Ok(live) => session::listen(parts, &live),
                    Err(response) => response,
                }
            }
            (&Verb::DELETE, Some(session)) => {
                match self.find((parts, session), told.version, principal.as_ref(), None).await {
                    Ok(live) => session::end(self, &live).await,
                    Err(response) => response,
                }
            }
            _ => {
                let message = "send messages with POST; GET and DELETE belong to a session, named in `Mcp-Session-Id`";
                not_allowed(message, "POST, GET, DELETE")
            }
        }
    }

    async fn find(
        &self,
        (parts, session): (&Parts, &HeaderValue),
        version: Said,
        principal: Option<&Arc<str>>,
        asked: Option<&RequestId>,
    ) -> Result<Arc<super::sessions::Live>, Response<Body>> {
        if version.is_modern() {
            return Err(unsupported(parts, asked));
        }
        // One that is no text names none that could be known.
        let id = session.to_str().unwrap_or_default();
        self.sessions.find(id, principal).await.map_err(|none| session::no_session(&none, asked))
    }

    async fn post<B>(
        &self,
        mut request: Arc<Carried>,
        told: Told,
        body: B,
        principal: Option<Arc<str>>,
    ) -> Response<Body>
    where
        B: HttpBody + Send + 'static,
        B::Data: Send,
    {
        let Told { session, version, accepted } = told;
        let is_pair = self.options.pair && request.parts.uri.path() == pair::MESSAGES;
        let takes_both = accepted.json && accepted.event_stream;
        if !is_pair && !takes_both {
            let message = "`Accept` must list `application/json` and `text/event-stream`: the answer may be either";
            return reply::refusal(StatusCode::NOT_ACCEPTABLE, message);
        }
        let (body, held) = match self.read(body).await {
            Ok(read) => read,
            Err(refused) => return refuse(&refused),
        };
        // A call has them for as long as it lives; nobody else has the request yet.
        if let Some(held) = held
            && let Some(request) = Arc::get_mut(&mut request)
        {
            request.parts.extensions.insert(Arc::new(held));
        }
        let is_of_session = session.is_some() && version.is_there && !version.is_modern();
        let frame = message::decode(body);
        if is_pair {
            return self.pairs.post(&request.parts, principal.as_ref(), frame);
        }
        let answer = 'answer: {
            let frame = match frame {
                Frame::Single(Ok(Message::Request { id, method, params })) if !is_of_session => {
                    let raw = params.clone_raw();
                    let asked = modern::Asked::read(&method, params);
                    // A session is told that there is no such version, not what a revision would want that it does not speak.
                    let seems_modern = match session {
                        Some(_) => version.said == Some(Revision::LATEST),
                        None => version.is_modern() || asked.is_discovery(),
                    };
                    if asked.is_modern() || seems_modern {
                        break 'answer modern::request(self, request, principal.as_ref(), (id, method), asked);
                    }
                    let begins = method.known() == Some(Method::Initialize) && session.is_none();
                    let params = raw.unwrap_or_else(|| asked.into_parameters());
                    let frame = Frame::Single(Ok(Message::Request { id, method, params }));
                    if begins {
                        return Box::pin(session::open(self, request, principal, frame)).await;
                    }
                    frame
                }
                // Nobody waits for what a notification of 2026-07-28 might do.
                Frame::Single(Ok(Message::Notification { .. })) if version.said == Some(Revision::LATEST) => {
                    return reply::empty(StatusCode::ACCEPTED);
                }
                Frame::Single(Err(malformed)) => {
                    let mut out = Vec::new();
                    encode_error(&mut out, malformed.id.as_ref(), Unreadable::Omitted, &malformed.error);
                    return reply::json(StatusCode::BAD_REQUEST, out.into());
                }
                // Only a session can have batches, and its link knows whether it has.
                frame => frame,
            };
            let Some(session) = session else { return sessionless(&request.parts, version, &frame) };
            match self.find((&request.parts, &session), version, principal.as_ref(), session::id_of(&frame)).await {
                Ok(live) => session::post(self, request, live, frame),
                Err(response) => return response,
            }
        };
        // What `Answer::response` does. As a future within this one it takes two hundred instructions more.
        match answer {
            Answer::Ready(response) => response,
            Answer::Later(later) => later.await,
        }
    }

    /// Reads the body within its bounds, and counts it if it is long.
    async fn read<B>(&self, body: B) -> Result<(Vec<u8>, Option<Charge>), Refusal>
    where
        B: HttpBody + Send + 'static,
        B::Data: Send,
    {
        let (most, memory) = (self.app.core.limits.line, &self.app.core.memory.flying);
        let too_long = || Refusal {
            status: StatusCode::PAYLOAD_TOO_LARGE,
            message: format!("the message is longer than {most} bytes; the server's author can raise the limit"),
        };
        let announced = body.size_hint().exact();
        if announced.is_some_and(|length: u64| length > most as u64) {
            return Err(too_long());
        }
        let time = self.options.body_time;
        let reading = async {
            let mut body = pin!(body);
            let mut held: Option<Charge> = None;
            let mut gathered = Gathered::new(announced);
            while let Some(frame) = body.frame().await {
                let frame = frame.map_err(|_| Refusal {
                    status: StatusCode::BAD_REQUEST,
                    message: "the body ended before it was complete".to_owned(),
                })?;
                if let Ok(data) = frame.into_data() {
                    if gathered.length_with(data.remaining()) > most {
                        return Err(too_long());
                    }
                    let needed = gathered.memory_with(data.remaining());
                    if needed > FREE {
                        held.get_or_insert_with(|| memory.nothing()).reach(needed).map_err(unheld)?;
                    }
                    gathered.add(data);
                }
            }
            Ok((gathered.into_whole(), held))
        };
        let mut reading = pin!(reading);
        // Most bodies are there with their head, and need no clock.
        if let Poll::Ready(read) = poll_fn(|cx| Poll::Ready(reading.as_mut().poll(cx))).await {
            return read;
        }
        Box::pin(tokio::time::timeout(time, reading)).await.unwrap_or_else(|_| {
            let message = format!("the body did not come within {} s", time.as_secs_f32());
            Err(Refusal { status: StatusCode::REQUEST_TIMEOUT, message })
        })
    }
}

/// Requests of HTTP/2 say the host in another place.
fn name_host(parts: &mut Parts) {
    if parts.version == Version::HTTP_2
        && !parts.headers.contains_key(header::HOST)
        && let Some(host) = parts.uri.authority().and_then(|host| HeaderValue::from_str(host.as_str()).ok())
    {
        parts.headers.insert(header::HOST, host);
    }
}

fn refuse(refused: &Refusal) -> Response<Body> {
    let mut response = reply::refusal(refused.status, &refused.message);
    if refused.status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

/// Refuses what belongs to no session, and does not stand for itself either.
fn sessionless(parts: &Parts, version: Said, frame: &Frame) -> Response<Body> {
    if version.is_there && version.said.is_none() {
        return unsupported(parts, session::id_of(frame));
    }
    if matches!(frame, Frame::Batch(_)) {
        let message = "batches belong to sessions of revision 2025-03-26; send each message by itself";
        return reply::refusal(StatusCode::BAD_REQUEST, message);
    }
    let message = "the request names no protocol version of its own and no session: send `initialize` first and \
                   repeat its `Mcp-Session-Id` (up to 2025-11-25), or the `MCP-Protocol-Version` and `_meta` of \
                   2026-07-28";
    reply::refusal_of(session::id_of(frame), StatusCode::BAD_REQUEST, message)
}

/// There is no memory for a message.
fn unheld(exhausted: Exhausted) -> Refusal {
    let is_for_good = exhausted.is_for_good();
    let status = if is_for_good { StatusCode::PAYLOAD_TOO_LARGE } else { StatusCode::SERVICE_UNAVAILABLE };
    Refusal { status, message: exhausted.message() }
}

/// A body is taken as it is: one that unfolds to many times its size is nobody's need.
fn check_coding(field: Field<'_>) -> Result<(), Refusal> {
    let coding = field.only(&header::CONTENT_ENCODING)?.filter(|coding| *coding != "identity");
    coding.map_or(Ok(()), |coding| {
        let coding = crate::error::quoted(&String::from_utf8_lossy(coding.as_bytes()));
        let message = format!("a body in the coding {coding} is not taken; send it as it is");
        Err(Refusal { status: StatusCode::UNSUPPORTED_MEDIA_TYPE, message })
    })
}

fn not_allowed(message: &str, allowed: &'static str) -> Response<Body> {
    let mut response = reply::refusal(StatusCode::METHOD_NOT_ALLOWED, message);
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
    response
}

/// What a request's headers say, beside who asks.
struct Told {
    session: Option<HeaderValue>,
    version: Said,
    accepted: Accepted,
}

impl Told {
    fn of(fields: &Fields<'_>, verb: &Verb) -> Result<Self, Refusal> {
        if verb == Verb::POST {
            media::check_content_type(fields.content_type)?;
            check_coding(fields.content_encoding)?;
        }
        Ok(Self {
            session: fields.session.only(&session::SESSION)?.cloned(),
            version: Said::of(fields.version),
            accepted: media::accepted(fields),
        })
    }
}

/// What the header says of the version.
#[derive(Clone, Copy)]
struct Said {
    is_there: bool,
    /// The version that it names, if there is one of that name.
    said: Option<Revision>,
}

impl Said {
    fn of(Field { first: value, .. }: Field<'_>) -> Self {
        Self { is_there: value.is_some(), said: value.and_then(|value| Revision::parse(value.to_str().ok()?)) }
    }

    /// Whether it names a version that no session has.
    fn is_modern(self) -> bool {
        self.is_there && self.said.is_none_or(|revision| !revision.has_handshake())
    }
}

fn unsupported(parts: &Parts, asked: Option<&RequestId>) -> Response<Body> {
    let version = parts.headers.get(VERSION).and_then(|version| version.to_str().ok()).unwrap_or_default();
    reply::error(asked, &crate::error::ProtocolError::unsupported_revision(version))
}

/// Tells a browser what it may send: the headers of the protocol, and those that arguments are mirrored to.
fn preflight(asked: &HeaderMap) -> Response<Body> {
    let mut response = reply::empty(StatusCode::NO_CONTENT);
    let headers = response.headers_mut();
    let allowed = "content-type, accept, authorization, last-event-id, mcp-session-id, mcp-protocol-version, mcp-method, \
                   mcp-name";
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST, GET, DELETE"));
    let asked = asked.get_all(header::ACCESS_CONTROL_REQUEST_HEADERS).into_iter();
    let asked = asked.filter_map(|names| names.to_str().ok()).flat_map(|names| names.split(',').map(str::trim));
    let mirrors = asked.filter(|name| name.get(..PARAMETER.len()).is_some_and(|it| it.eq_ignore_ascii_case(PARAMETER)));
    let allowed = std::iter::once(allowed).chain(mirrors).collect::<Vec<_>>().join(", ");
    if let Ok(allowed) = HeaderValue::from_str(&allowed) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
    }
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    headers.append(header::VARY, HeaderValue::from_static("access-control-request-headers"));
    response
}
