//! One request over HTTP: with credentials, within the server's origin, and once more when the server wants to know who asks.
//! Knows nothing of frames. Floor 6.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{HeaderMap, LOCATION};
use http::{Method, StatusCode};
use reqwest::{Body, Response, Url};
use tokio::sync::watch;
use tokio::time::timeout;

use super::TAKING;
use super::agent::Agent;
use super::parcel::Parcel;
use crate::client::authorize::{Authorize, Challenge, Outgoing};
use crate::client::error::{Error, Unreached};
use crate::error::quoted;

/// The most redirects that one request follows.
const REDIRECTS: u32 = 5;
/// How often one request is refused for who sends it before its caller is told, whatever is thought of it.
const CHALLENGES: u32 = 10;
/// How long it may take to get credentials, a user included.
const AUTHORIZING: Duration = Duration::from_mins(10);

/// The way to one server.
pub(super) struct Gate {
    agent: Agent,
    url: Url,
    headers: HeaderMap,
    authorize: Option<Arc<dyn Authorize>>,
    /// How many requests wait for credentials.
    authorizing: watch::Sender<usize>,
}

/// What one request sends.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Bytes>,
    pub(super) whose: Whose,
}

/// For whom a request is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// Somebody waits for what comes of it, and may be asked for credentials.
    Caller,
    /// Nobody does: it goes with the credentials that there are, or not at all.
    Nobody,
}

impl Gate {
    pub(super) fn new(agent: Agent, url: Url, headers: HeaderMap, authorize: Option<Arc<dyn Authorize>>) -> Self {
        Self { agent, url, headers, authorize, authorizing: watch::Sender::new(0) }
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// Whether somebody is being asked for credentials: that time is nobody's fault.
    pub(super) fn is_authorizing(&self) -> bool {
        *self.authorizing.borrow() > 0
    }

    /// Sends a request and waits for the head of the answer, whatever its status.
    ///
    /// # Errors
    /// - [`Error::Http`]: the server is not reached, or redirects where the client does not go.
    /// - [`Error::Authorization`]: there are no credentials.
    pub(super) async fn send(&self, mut sent: Sent) -> Result<Response, Error> {
        let (mut refused, mut redirected) = (0, 0);
        loop {
            let (response, credentials) = self.send_once(&sent).await?;
            match response.status() {
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if sent.whose == Whose::Caller => {
                    refused += 1;
                    if refused > CHALLENGES || !self.challenged(&sent, &credentials, &response, refused).await? {
                        return Ok(response);
                    }
                }
                status if is_redirect(status) && response.headers().contains_key(LOCATION) => {
                    redirected += 1;
                    if redirected > REDIRECTS {
                        return Err(failed(&sent.url, format!("it redirects more than {REDIRECTS} times")));
                    }
                    sent.url = target(&sent.url, response.headers())?;
                }
                _ => return Ok(response),
            }
        }
    }

    async fn send_once(&self, sent: &Sent) -> Result<(Response, HeaderMap), Error> {
        let Sent { method, url, headers, body, .. } = sent;
        let mut credentials = HeaderMap::new();
        if let Some(authorize) = &self.authorize {
            let outgoing = Outgoing::new(method, url.as_str());
            credentials = self.patiently(url, authorize.headers(outgoing)).await?;
        }
        let mut all = self.headers.clone();
        for (name, value) in credentials.iter().chain(headers) {
            all.insert(name, value.clone());
        }
        let (parcel, watch) = Parcel::new(body.clone());
        let request = self.agent.request(method.clone(), url).headers(all).body(Body::wrap(parcel));
        let response = tokio::select! {
            sent = self.agent.send(url, request) => sent?,
            untaken = watch.untaken(TAKING) => return Err(unreached(url, Box::new(untaken))),
        };
        Ok((response, credentials))
    }

    async fn challenged(
        &self,
        sent: &Sent,
        credentials: &HeaderMap,
        response: &Response,
        attempt: u32,
    ) -> Result<bool, Error> {
        let Some(authorize) = &self.authorize else { return Ok(false) };
        let request = Outgoing::new(&sent.method, sent.url.as_str());
        let challenge = Challenge::new(request, credentials, response.status(), response.headers()).attempt(attempt);
        self.patiently(&sent.url, authorize.challenged(challenge)).await
    }

    /// Waits for credentials. Nobody's time runs meanwhile.
    async fn patiently<T>(
        &self,
        url: &Url,
        asking: impl Future<Output = Result<T, Box<dyn StdError + Send + Sync>>>,
    ) -> Result<T, Error> {
        self.authorizing.send_modify(|count| *count += 1);
        let _until_over = Asking(&self.authorizing);
        let late = || Err(format!("nobody gave them within {AUTHORIZING:?}").into());
        let given = timeout(AUTHORIZING, asking).await.unwrap_or_else(|_| late());
        given.map_err(|source| Error::Authorization { url: shown(url), source })
    }
}

/// Somebody is asked for credentials as long as this lives.
struct Asking<'a>(&'a watch::Sender<usize>);

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

/// Those that keep the method; a page to look at instead (303) is no answer.
fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 307 | 308)
}

fn target(from: &Url, headers: &HeaderMap) -> Result<Url, Error> {
    let to = headers.get(LOCATION).and_then(|to| to.to_str().ok()).and_then(|to| from.join(to).ok());
    let to = to.ok_or_else(|| failed(from, "it redirects to what is no address".to_owned()))?;
    if to.origin() != from.origin() {
        let to = quoted(&shown(&to));
        let reason = format!("it redirects to another origin, {to}; connect to that one if you trust it");
        return Err(failed(from, reason));
    }
    Ok(to)
}

/// An address as it may be shown: without user, password and query, which may be secret.
pub(in crate::client) fn shown(url: &Url) -> String {
    let origin = url.origin().ascii_serialization();
    format!("{origin}{}", url.path())
}

/// Something is wrong with what the server does.
pub(super) fn failed(url: &Url, reason: String) -> Error {
    Error::Http { url: shown(url), source: Box::new(io::Error::other(reason)) }
}

/// The connection is not there, or not any more.
pub(super) fn broken(url: &Url, error: reqwest::Error) -> Error {
    let is_unreached = error.is_connect();
    // The address is told without what may be secret in it.
    let error = Box::new(error.without_url());
    if is_unreached { unreached(url, error) } else { Error::Http { url: shown(url), source: error } }
}

/// The server has seen nothing of the request.
pub(super) fn unreached(url: &Url, why: Box<dyn StdError + Send + Sync>) -> Error {
    Error::Http { url: shown(url), source: Box::new(Unreached(why)) }
}
