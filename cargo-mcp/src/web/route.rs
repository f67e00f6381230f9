//! From a request to its answer. Everything is under the token; what changes something is JSON in a POST.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use mcp_runtime::model::{CompleteReference, ElicitResult, LoggingLevel};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::body::Body;
use super::call::{self, Asked, explained};
use super::{Shared, assets, pages};
use crate::surface::Surface;

/// The longest body of a request.
const BODY: usize = 8 << 20;
/// How long it may take to come.
const BODY_TIME: Duration = Duration::from_secs(30);
/// What stands in every answer. The policy lets the page load its own files and show images and sounds that results hold;
/// nothing else is loaded, embedded, or run.
const HEADERS: [(&str, &str); 8] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; media-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types",
    ),
    ("cache-control", "no-store"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
];

/// Answers one request.
pub(super) async fn answer(shared: &Arc<Shared>, request: Request<Incoming>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let path = match shared.guard.check(&parts) {
        Ok(path) => path,
        Err(why) => return close(refusal(StatusCode::FORBIDDEN, why)),
    };
    let is_post = matches!(path, "call" | "cancel" | "answer" | "complete" | "level");
    let is_right = if is_post { parts.method == Method::POST } else { parts.method == Method::GET };
    if !is_right {
        let mut response = refusal(StatusCode::METHOD_NOT_ALLOWED, "another method is used here");
        response.headers_mut().insert(ALLOW, HeaderValue::from_static(if is_post { "POST" } else { "GET" }));
        return close(response);
    }
    if !is_post {
        return get(shared, path).await;
    }
    // A form of another site cannot send this type.
    if parts.headers.get(CONTENT_TYPE).is_none_or(|mime| mime != "application/json") {
        return close(refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body must be application/json"));
    }
    match read(body).await {
        Ok(body) => post(shared, path, &body).await,
        Err(response) => response,
    }
}

async fn read(body: Incoming) -> Result<Bytes, Response<Body>> {
    match tokio::time::timeout(BODY_TIME, Limited::new(body, BODY).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(_)) => Err(close(refusal(StatusCode::PAYLOAD_TOO_LARGE, "the body is longer than 8 MiB"))),
        Err(_) => Err(close(refusal(StatusCode::REQUEST_TIMEOUT, "the body took longer than 30 s"))),
    }
}

async fn get(shared: &Arc<Shared>, path: &str) -> Response<Body> {
    match path {
        "surface" => match Surface::read(&shared.client).await {
            Ok(surface) => match serde_json::to_value(&surface) {
                Ok(surface) => found(&surface),
                Err(error) => refusal(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
            },
            Err(failure) => reply(StatusCode::BAD_GATEWAY, "application/json", failure.to_json().to_string().into()),
        },
        "events" => match pages::open(shared) {
            Some(lines) => respond(StatusCode::OK, "application/x-ndjson", Body::Lines(lines)),
            None => refusal(StatusCode::SERVICE_UNAVAILABLE, "too many pages are open; close one of them"),
        },
        path => match assets::find(path) {
            Some(asset) => reply(StatusCode::OK, asset.mime, Bytes::from_static(asset.text.as_bytes())),
            None => refusal(StatusCode::NOT_FOUND, "there is nothing here"),
        },
    }
}

/// A call and the page that makes it.
#[derive(Deserialize)]
struct Call {
    page: u64,
    #[serde(rename = "call")]
    number: u64,
    request: Asked,
}

#[derive(Deserialize)]
struct Cancel {
    page: u64,
    call: u64,
}

#[derive(Deserialize)]
struct Answer {
    question: u64,
    result: ElicitResult,
}

#[derive(Deserialize)]
struct Complete {
    reference: CompleteReference,
    argument: String,
    typed: String,
    /// The values of other arguments.
    known: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Level {
    level: LoggingLevel,
}

async fn post(shared: &Arc<Shared>, path: &str, body: &[u8]) -> Response<Body> {
    let done = |is_done| found(&json!({ "done": is_done }));
    let answer = match path {
        "call" => parse(body).map(|Call { page, number, request }| {
            let begun = shared.pages.call(page, number, |caller| {
                tokio::spawn(call::make(Arc::clone(shared), caller, request)).abort_handle()
            });
            begun.map_or_else(|why| refusal(StatusCode::CONFLICT, why), |()| done(true))
        }),
        "cancel" => parse(body).map(|Cancel { page, call }| done(shared.pages.cancel(page, call))),
        "answer" => parse(body).map(|Answer { question, result }| done(shared.desk.questions.answer(question, result))),
        "complete" => match parse(body) {
            Ok(asked) => Ok(complete(shared, asked).await),
            Err(response) => Err(response),
        },
        _ => match parse(body) {
            Ok(Level { level }) => match shared.client.set_level(level).await {
                Ok(()) => {
                    shared.desk.set_level(level);
                    Ok(done(true))
                }
                Err(error) => Ok(refusal(StatusCode::BAD_GATEWAY, &explained(&error))),
            },
            Err(response) => Err(response),
        },
    };
    answer.unwrap_or_else(|response| response)
}

async fn complete(shared: &Shared, asked: Complete) -> Response<Body> {
    let Complete { reference, argument, typed, known } = asked;
    let request = shared.client.complete(reference, argument, typed);
    let request = known.into_iter().fold(request, |request, (name, value)| request.known(name, value));
    match request.await {
        Ok(result) => found(&json!({ "values": result.completion.values })),
        Err(error) => refusal(StatusCode::BAD_GATEWAY, &explained(&error)),
    }
}

#[expect(clippy::result_large_err, reason = "the error is the answer")]
fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Response<Body>> {
    serde_json::from_slice(body)
        .map_err(|error| refusal(StatusCode::BAD_REQUEST, &format!("the body is not what is asked for: {error}")))
}

fn found(value: &Value) -> Response<Body> {
    reply(StatusCode::OK, "application/json", value.to_string().into())
}

fn refusal(status: StatusCode, why: &str) -> Response<Body> {
    let body = json!({ "error": { "message": why } });
    reply(status, "application/json", body.to_string().into())
}

/// What was not read to its end is not followed by another request.
fn close(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

fn reply(status: StatusCode, mime: &'static str, body: Bytes) -> Response<Body> {
    respond(status, mime, Body::Whole(Some(body)))
}

fn respond(status: StatusCode, mime: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(mime));
    for (name, value) in HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}
