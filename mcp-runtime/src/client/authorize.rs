//! Who a client is to a server over HTTP: what every request says of it, and what happens when the server wants to know
//! more. Floor 6.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

use http::{HeaderMap, Method, StatusCode};

/// What an [`Authorize`] returns: a future, boxed so that the trait can be a trait object.
pub type Authorizing<'a, T> = Pin<Box<dyn Future<Output = Result<T, Box<dyn StdError + Send + Sync>>> + Send + 'a>>;

/// A request that is about to be sent to the server.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Outgoing<'r> {
    /// `POST`, `GET` or `DELETE`.
    pub method: &'r Method,
    /// Where it goes, in full.
    pub url: &'r str,
}

/// An answer with which the server refused a request because of who sent it: 401 or 403.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Challenge<'r> {
    /// The request, as [`Authorize::headers`] saw it.
    pub request: Outgoing<'r>,
    /// What [`Authorize::headers`] gave for that request.
    pub sent: &'r HeaderMap,
    /// 401 or 403.
    pub status: StatusCode,
    /// The headers of the answer, among them `WWW-Authenticate`.
    pub headers: &'r HeaderMap,
    /// How often this one request was refused like this, from 1.
    pub attempt: u32,
}

/// Gives the requests of a client over HTTP their credentials, and gets new ones when the server refuses them.
///
/// One value serves all requests of a client, many at a time: where two are refused for the same reason, it should ask only
/// once. Credentials go to the server that the client was connected to and nowhere else: redirects to another origin are not
/// followed.
pub trait Authorize: Send + Sync + 'static {
    /// The headers that the request shall have in addition, as a rule `Authorization`.
    ///
    /// # Errors
    /// The request is not sent, and fails with the error.
    fn headers<'a>(&'a self, request: Outgoing<'a>) -> Authorizing<'a, HeaderMap>;

    /// The server refused the request. `true` sends it again, with what [`Self::headers`] says then; `false` gives the
    /// refusal to the caller.
    ///
    /// Dropping the future must leave the value usable: the caller may have given up.
    ///
    /// # Errors
    /// The request fails with the error.
    fn challenged<'a>(&'a self, challenge: Challenge<'a>) -> Authorizing<'a, bool>;

    /// The extensions of the protocol that the client declares because it comes to its credentials like this. Since
    /// 2026-07-28; not sent before.
    fn extensions(&self) -> Vec<&'static str> {
        Vec::new()
    }

    /// As whom the server sees the client, in any terms: answers that are private are kept for one identity alone.
    fn identity(&self) -> String {
        String::new()
    }
}

/// Without user, password and query, which may be secret.
impl fmt::Debug for Outgoing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.url.split(['?', '#']).next().unwrap_or_default();
        let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let host = authority.rsplit('@').next().unwrap_or_default();
        let url = format_args!("{scheme}://{host}{path}");
        f.debug_struct("Outgoing").field("method", self.method).field("url", &url).finish()
    }
}

impl<'r> Outgoing<'r> {
    /// A request with this method to this address.
    pub fn new(method: &'r Method, url: &'r str) -> Self {
        Self { method, url }
    }
}

impl<'r> Challenge<'r> {
    /// The first refusal of a request.
    pub fn new(request: Outgoing<'r>, sent: &'r HeaderMap, status: StatusCode, headers: &'r HeaderMap) -> Self {
        Self { request, sent, status, headers, attempt: 1 }
    }

    /// The same, refused that often.
    pub fn attempt(mut self, attempt: u32) -> Self {
        self.attempt = attempt;
        self
    }
}
