//! Requests to what others name: metadata, token and registration endpoints. Nothing here follows a redirect, reads without
//! a bound, waits without one, or connects to an address that was not looked at. Floor 6.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, StatusCode};
use oauth2::url::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use serde::de::DeserializeOwned;
use tokio::net::lookup_host;

use super::address::{NOT_PUBLIC, Reach};
use super::error::Error;
use crate::error::reason;

/// The longest answer that is read. Metadata and tokens take a few kilobytes.
const LONGEST: usize = 1 << 20;

/// Sends requests within their bounds.
#[derive(Clone, Debug)]
pub(super) struct Fetch {
    client: reqwest::Client,
    reach: Reach,
    time: Duration,
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Fetch {
    pub(super) fn new(reach: Reach, time: Duration) -> Result<Self, Error> {
        // A proxy would resolve names itself, after they were looked at here.
        let client = reqwest::Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .referer(false)
            .retry(reqwest::retry::never())
            .dns_resolver(Guard(reach))
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| Error::fetch("", "no HTTP client can be made").because(error))?;
        Ok(Self { client, reach, time })
    }

    /// An address that somebody named, if it is one that is asked.
    pub(super) fn allowed(&self, url: &str) -> Result<Url, Error> {
        let parsed = Url::parse(url).map_err(|error| Error::address(url, format!("it is no URL: {error}")))?;
        match self.reach.objects(&parsed) {
            Some(objection) => Err(Error::address(url, objection)),
            None => Ok(parsed),
        }
    }

    /// Reads a document.
    pub(super) async fn get(&self, url: &str) -> Result<Answer, Error> {
        let mut headers = HeaderMap::new();
        headers.insert(http::header::ACCEPT, HeaderValue::from_static("application/json"));
        self.send(Method::GET, url, headers, None).await
    }

    /// Sends a request and reads the answer, whatever its status.
    pub(super) async fn send(
        &self,
        method: Method,
        url: &str,
        headers: HeaderMap,
        body: Option<String>,
    ) -> Result<Answer, Error> {
        let request = self.client.request(method, self.allowed(url)?).headers(headers);
        let request = match body {
            Some(body) => request.body(body),
            None => request,
        };
        match tokio::time::timeout(self.time, read(url, request)).await {
            Ok(answer) => answer,
            Err(_) => Err(Error::fetch(url, format!("it did not answer within {:?}", self.time))),
        }
    }
}

async fn read(url: &str, request: reqwest::RequestBuilder) -> Result<Answer, Error> {
    let too_long = || Error::fetch(url, format!("the answer is longer than {LONGEST} bytes"));
    let mut response = request.send().await.map_err(|error| failed(url, error))?;
    if response.content_length().is_some_and(|length| length > LONGEST as u64) {
        return Err(too_long());
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failed(url, error))? {
        if body.len() + chunk.len() > LONGEST {
            return Err(too_long());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status: response.status(), headers: std::mem::take(response.headers_mut()), body })
}

/// A URL may carry what is none of a log's business; ours is said already, without its query.
fn failed(url: &str, error: reqwest::Error) -> Error {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(&error);
    while let Some(inner) = cause {
        if inner.is::<OutOfReach>() {
            return Error::address(url, NOT_PUBLIC);
        }
        cause = inner.source();
    }
    Error::fetch(url, "it cannot be reached").because(error.without_url())
}

impl Answer {
    /// The body as JSON, whatever its declared type: servers are careless with it.
    pub(super) fn json<T: DeserializeOwned>(&self, url: &str) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|error| Error::metadata(url, reason(&error)))
    }
}

/// Resolves a name and gives only what may be connected to. The connection is made to exactly these addresses: a name that
/// means something else a moment later changes nothing.
#[derive(Clone, Copy, Debug)]
struct Guard(Reach);

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let Self(reach) = *self;
        Box::pin(async move {
            let found: Vec<_> = lookup_host((name.as_str(), 0)).await?.collect();
            if found.iter().any(|address| reach.refuses(address.ip())) {
                return Err(OutOfReach.into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// A name stands for an address that is not asked.
#[derive(Debug)]
struct OutOfReach;

impl fmt::Display for OutOfReach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NOT_PUBLIC)
    }
}

impl StdError for OutOfReach {}
