//! What comes back for a frame: one message as JSON, or events up to the answer, over more than one connection if need be.
//! Floor 6.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use http::{Method as Verb, StatusCode};
use reqwest::{Response, Url};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::time::{sleep, timeout};

use super::gate::{Sent, Whose, broken, failed, shown};
use super::headers::LAST_EVENT;
use super::post::{EVENTS, Remote};
use super::sse::Decoder;
use crate::client::error::{Error, visible};
use crate::client::wire::{Answer, Wire};
use crate::error::shortened;
use crate::method::Method;
use crate::model::RequestId;

/// The longest body of a refusal.
const REFUSAL: usize = 64 * 1024;
/// How long what follows an answer is read, so that the connection can be used again.
const REST: Duration = Duration::from_secs(1);
/// How long to wait before a stream is opened again, where the server does not say.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How often in a row a stream is opened again without anything coming.
const ATTEMPTS: u32 = 5;

/// A request whose answer is read, or the requests of a batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    pub(super) ids: &'a [i64],
    /// What was asked; of a batch, anything.
    pub(super) method: Method,
}

impl Asked<'_> {
    /// Whether somebody still waits.
    fn is_open(self, wire: &Wire) -> bool {
        self.ids.iter().any(|id| wire.awaits(*id))
    }
}

/// What the server asked on the stream of a request. It belongs to that request (2025-11-25, "Transports", "Sending Messages
/// to the Server"), and is given up with it: nothing that the server says of it later would be read.
pub(super) struct Questions<'a> {
    wire: &'a Wire,
    ids: Vec<RequestId>,
}

impl<'a> Questions<'a> {
    fn new(wire: &'a Wire) -> Self {
        Self { wire, ids: Vec::new() }
    }

    fn note(&mut self, id: RequestId) {
        // As many are kept as are answered at once, and each once.
        self.ids.retain(|known| *known != id && self.wire.answers(known));
        self.ids.push(id);
    }
}

impl Drop for Questions<'_> {
    fn drop(&mut self) {
        for id in &self.ids {
            self.wire.give_up(id);
        }
    }
}

/// How a stream of events came to its end.
#[derive(Debug)]
pub(super) enum Ending {
    /// The answer came.
    Answered,
    /// The server closed it, or the connection broke.
    Ended(Option<reqwest::Error>),
}

/// Reads an answer, whatever form it has, and hands it on.
pub(super) async fn read(
    remote: &Arc<Remote>,
    wire: &Arc<Wire>,
    asked: Option<Asked<'_>>,
    response: Response,
) -> Result<(), Error> {
    let url = response.url().clone();
    if !response.status().is_success() {
        return refused(remote, wire, asked, response).await;
    }
    // A server of 2024-11-05 answers elsewhere, and nothing answers a notification.
    let Some(asked @ Asked { method, .. }) = asked.filter(|_| remote.endpoint.get().is_none()) else {
        let _ = timeout(REST, body(&url, response, REFUSAL)).await;
        return Ok(());
    };
    if is(&response, "text/event-stream") {
        events(remote, wire, asked, response).await?;
    } else {
        let limit = remote.longest;
        let is_json = is(&response, "application/json");
        let status = response.status();
        let Some(body) = body(&url, response, limit).await? else {
            return Err(too_long(method, limit));
        };
        if !is_json {
            let text = if body.is_empty() { "nothing".to_owned() } else { excerpt(&body) };
            let reason = format!("it is neither JSON nor a stream of events (status {}): {text}", status.as_u16());
            return Err(Error::invalid(method, reason));
        }
        wire.receive(&body);
        if asked.is_open(wire) {
            return Err(Error::invalid(
                method,
                format!("it belongs to another request or to none: {}", excerpt(&body)),
            ));
        }
    }
    Ok(())
}

/// Reads events until the answer came. In a session the stream is gone on with when its connection ends (2025-11-25,
/// "Transports", "Resumability and Redelivery").
async fn events(remote: &Arc<Remote>, wire: &Arc<Wire>, asked: Asked<'_>, response: Response) -> Result<(), Error> {
    let url = response.url().clone();
    let mut decoder = Decoder::new(remote.longest);
    let mut questions = Questions::new(wire);
    let mut response = Some(response);
    let mut attempts = 0;
    loop {
        let mut cause = None;
        if let Some(response) = response.take() {
            let before = decoder.last_id().map(str::to_owned);
            let part = Some((asked, &mut questions));
            match follow(wire, part, &mut decoder, response, remote.longest, asked.method).await? {
                Ending::Answered => return Ok(()),
                Ending::Ended(error) => cause = error,
            }
            if decoder.last_id() != before.as_deref() {
                attempts = 0;
            }
        }
        let can_go_on = remote.resumes() && attempts < ATTEMPTS;
        let Some(last) = decoder.last_id().filter(|_| can_go_on).map(str::to_owned) else {
            let lost = || failed(&url, "the stream ended before the answer came".to_owned());
            return Err(cause.map_or_else(lost, |error| broken(&url, error)));
        };
        sleep(pause(&decoder, attempts)).await;
        attempts += 1;
        match reopen(remote, Some(&last)).await {
            Ok(opened) if is(&opened, "text/event-stream") && opened.status().is_success() => {
                decoder.restart();
                response = Some(opened);
            }
            Ok(refusal) if refusal.status().is_server_error() => {}
            // The session goes on, and the stream does not: the server was started anew, or kept too much of others.
            Ok(refusal) if refusal.status() == StatusCode::BAD_REQUEST => {
                return Err(failed(
                    &url,
                    "the server no longer has the stream on which the answer would have come".to_owned(),
                ));
            }
            Ok(refusal) => match refused(remote, wire, Some(asked), refusal).await {
                Err(Error::Expired { .. }) => return Err(forgotten(remote, wire, &url)),
                refused => return refused,
            },
            Err(error) if error.may_pass() => {}
            Err(error) => return Err(error),
        }
    }
}

/// The session is over, and with it the stream on which the answer would have come. Unlike one that was refused for its
/// session, the request was read, and must not be made again as if it had not been.
fn forgotten(remote: &Arc<Remote>, wire: &Arc<Wire>, url: &Url) -> Error {
    remote.expire(wire);
    failed(url, "the server no longer knows the session in which the answer would have come".to_owned())
}

/// How long to wait before a stream is opened again.
pub(super) fn pause(decoder: &Decoder, attempts: u32) -> Duration {
    let first = decoder.retry().unwrap_or(PAUSE);
    if attempts == 0 {
        return first;
    }
    first.max(PAUSE.saturating_mul(2_u32.saturating_pow(attempts)).min(LONGEST_PAUSE))
}

/// Opens a stream of the session, or goes on with one.
pub(super) async fn reopen(remote: &Remote, last: Option<&str>) -> Result<Response, Error> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, EVENTS);
    remote.add_session(&mut headers);
    if let Some(last) = last.and_then(|last| HeaderValue::from_bytes(last.as_bytes()).ok()) {
        headers.insert(LAST_EVENT, last);
    }
    let (url, whose) = (remote.gate.url().clone(), Whose::Caller);
    remote.gate.send(Sent { method: Verb::GET, url, headers, body: None, whose }).await
}

/// Hands on what a stream tells, up to the last answer to what was asked or to its end.
pub(super) async fn follow(
    wire: &Arc<Wire>,
    mut asked: Option<(Asked<'_>, &mut Questions<'_>)>,
    decoder: &mut Decoder,
    mut response: Response,
    limit: usize,
    method: Method,
) -> Result<Ending, Error> {
    loop {
        let mut chunk = match response.chunk().await {
            Ok(Some(chunk)) => chunk,
            Ok(None) => return Ok(Ending::Ended(None)),
            Err(error) => return Ok(Ending::Ended(Some(error))),
        };
        while let Some(event) = decoder.next(&mut chunk).map_err(|_| too_long(method, limit))? {
            if event.kind.is_empty() || event.kind == "message" {
                wire.receive_with(&event.data, &mut |id| {
                    if let Some((_, questions)) = &mut asked {
                        questions.note(id);
                    }
                });
            }
            if asked.as_ref().is_some_and(|(asked, _)| !asked.is_open(wire)) {
                // A server that ends the stream leaves a connection that can be used again.
                let _ = timeout(REST, async { while let Ok(Some(_)) = response.chunk().await {} }).await;
                return Ok(Ending::Answered);
            }
        }
    }
}

/// A status that is no success: with a JSON-RPC error the server says what is wrong, else the status does.
async fn refused(
    remote: &Arc<Remote>,
    wire: &Arc<Wire>,
    asked: Option<Asked<'_>>,
    response: Response,
) -> Result<(), Error> {
    let (url, status) = (response.url().clone(), response.status());
    let retry_after = retry_after(&response);
    let body = body(&url, response, REFUSAL).await?.unwrap_or_default();
    let error = error_of(&body);
    // 404 is what the specification says ("Session Management"); servers on the official SDK that were started anew say 400.
    let code = error.as_ref().and_then(|error| code_of(error));
    let is_expired = status == StatusCode::NOT_FOUND || (status == StatusCode::BAD_REQUEST && code == Some(-32000));
    if is_expired && remote.has_session() {
        return Err(Error::Expired { url: shown(&url) });
    }
    // An endpoint of 2024-11-05 may say so in any words, and so may one that wants to know who asks.
    let says_more = |method| match status.as_u16() {
        401 | 403 => true,
        404 | 405 => method == Method::Initialize,
        _ => false,
    };
    match (asked, error) {
        (Some(Asked { ids, method }), Some(error)) if !says_more(method) => {
            for id in ids {
                wire.answer(*id, || Answer::Error(error.clone()));
            }
            Ok(())
        }
        _ => Err(Error::Status { url: shown(&url), status: status.as_u16(), body: excerpt(&body), retry_after }),
    }
}

/// How long the server wants to be left alone (RFC 9110, 10.2.3), where it says so in seconds; a date says nothing to a
/// client whose clock may be another.
fn retry_after(response: &Response) -> Option<Duration> {
    if !matches!(response.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        return None;
    }
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse::<u32>().ok()?;
    Some(Duration::from_secs(seconds.into()))
}

/// The JSON-RPC error in a body, whichever request it names: only this one was sent.
fn error_of(body: &Bytes) -> Option<Bytes> {
    #[derive(Deserialize)]
    struct Response<'a> {
        #[serde(borrow)]
        error: &'a RawValue,
    }
    let Response { error } = serde_json::from_slice(body).ok()?;
    code_of(error.get().as_bytes())?;
    Some(body.slice_ref(error.get().as_bytes()))
}

fn code_of(error: &[u8]) -> Option<i64> {
    #[derive(Deserialize)]
    struct Code {
        code: i64,
        #[serde(rename = "message")]
        _message: String,
    }
    serde_json::from_slice(error).map(|Code { code, .. }| code).ok()
}

/// The whole body; `None` if it is longer than `limit`.
async fn body(url: &Url, mut response: Response, limit: usize) -> Result<Option<Bytes>, Error> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| broken(url, error))? {
        if body.len() + chunk.len() > limit {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body.freeze()))
}

pub(super) fn is(response: &Response, media: &str) -> bool {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(media)
}

fn too_long(method: Method, limit: usize) -> Error {
    Error::invalid(method, format!("it is longer than {limit} bytes; the client can raise the limit"))
}

fn excerpt(body: &[u8]) -> String {
    /// As many bytes as an excerpt can have.
    const READ: usize = 1024;
    let text = String::from_utf8_lossy(body.get(..READ).unwrap_or(body));
    visible(&shortened(text.trim_ascii()))
}
