//! A server over HTTP: where it is and how it is reached. One request is `gate`, one frame `post`, what comes back `answer`.
//! Floor 6.

mod agent;
mod annotation;
mod answer;
#[cfg(fuzzing)]
pub(crate) mod fuzz;
mod gate;
mod headers;
mod legacy;
mod listen;
mod parcel;
mod post;
mod sse;

use std::fmt;
use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::Url;
use tokio::io::{AsyncRead, AsyncWrite};

use self::agent::{Agent, Dialer};
use self::gate::Gate;
#[cfg(feature = "oauth")]
pub(super) use self::gate::shown;
use self::post::{FAREWELL, Poster};
use super::Client;
use super::authorize::Authorize;
use super::connect::{Connect, Source, sealed};
use super::connection::{Connection, Opening};
use super::error::Error;
use crate::error::quoted;

/// How long a connection may take to be made.
const CONNECTING: Duration = Duration::from_secs(10);
/// How long it may take until a connection takes a request, after which it surely was lost on the way.
const TAKING: Duration = CONNECTING.saturating_add(Duration::from_secs(1));
/// After how long without traffic a connection is asked whether it is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// A server over HTTP, see [`Client::http`].
pub struct Http {
    url: String,
    headers: HeaderMap,
    authorize: Option<Arc<dyn Authorize>>,
    /// The first header that is none.
    wrong: Option<String>,
    pool: Pool,
    dialer: Option<Dialer>,
    agent: OnceLock<Agent>,
}

/// How many connections there may be, and how long one is kept that nobody uses.
struct Pool {
    connections: usize,
    idle: Duration,
}

impl Client {
    /// Talks to a server over HTTP: Streamable HTTP in every revision that has it, and the older HTTP with SSE.
    ///
    /// The server is asked which of them it speaks (2026-07-28, "Streamable HTTP", "Backward Compatibility"). Redirects are
    /// followed within the same origin only. A session of a revision up to 2025-11-25 that the server has forgotten is opened
    /// again.
    ///
    /// ```no_run
    /// # async fn example() -> mcp_runtime::Result<()> {
    /// use mcp_runtime::Client;
    ///
    /// let client = Client::http("https://example.com/mcp").bearer("token").connect().await?;
    /// let tools = client.list_tools().await?;
    /// # let _ = tools;
    /// # Ok(())
    /// # }
    /// ```
    pub fn http(url: impl Into<String>) -> Connect<Http> {
        Connect::new(Http {
            url: url.into(),
            headers: HeaderMap::new(),
            authorize: None,
            wrong: None,
            pool: Pool { connections: 64, idle: Duration::from_secs(90) },
            dialer: None,
            agent: OnceLock::new(),
        })
    }
}

impl Connect<Http> {
    /// Gives every request the credentials that `authorize` has, and asks it for others when the server refuses them.
    pub fn authorize(mut self, authorize: impl Authorize) -> Self {
        self.source.authorize = Some(Arc::new(authorize));
        self
    }

    /// Sends this bearer token with every request. It goes to the server's origin and nowhere else, and is never shown.
    pub fn bearer(self, token: impl AsRef<str>) -> Self {
        let mut value = HeaderValue::try_from(format!("Bearer {}", token.as_ref()));
        if let Ok(value) = &mut value {
            value.set_sensitive(true);
        }
        self.with_header(Ok(AUTHORIZATION), value.map_err(|_| ()))
    }

    /// Sends this header with every request. Those that the protocol uses itself win.
    ///
    /// What is no header makes [`Self::connect`] fail.
    pub fn header(self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        let parsed = HeaderName::try_from(name.as_ref());
        let parsed = parsed.map_err(|_| quoted(name.as_ref()));
        self.with_header(parsed, HeaderValue::try_from(value.as_ref()).map_err(|_| ()))
    }

    /// The most requests that are under way at once, each on a connection of its own, 64 unless set; further ones wait for
    /// their turn. The streams on which the server tells of changes come on top.
    pub fn connections(mut self, most: usize) -> Self {
        self.source.pool.connections = most.clamp(1, 10_000);
        self
    }

    /// How long a connection that nobody uses is kept, 90 s unless set. One that the server has closed is not used again; one
    /// that is silent is asked after 30 s whether it is still there.
    pub fn idle(mut self, time: Duration) -> Self {
        self.source.pool.idle = time;
        self
    }

    /// Makes each connection to the server with `dial` instead of over TCP: over a Unix socket, through a tunnel, within the
    /// process, or in a simulated network.
    ///
    /// It is given the host and the port of the server's address, and may go elsewhere; what the server is told stays the
    /// address. On the stream HTTP/1.1 is spoken as it is: for an address with `https`, `dial` has to see to TLS. It has 10 s
    /// to connect; when it fails or takes longer nothing was sent, so that the request may be made again. Proxies of the
    /// environment are not used. Servers that [`Self::authorize`] talks to are reached in the usual way.
    ///
    /// ```no_run
    /// # #[cfg(unix)]
    /// # async fn example() -> mcp_runtime::Result<()> {
    /// use mcp_runtime::Client;
    /// use tokio::net::UnixStream;
    ///
    /// let client = Client::http("http://localhost/mcp")
    ///     .dial(|_, _| UnixStream::connect("/run/notes.sock"))
    ///     .connect()
    ///     .await?;
    /// # drop(client);
    /// # Ok(())
    /// # }
    /// ```
    pub fn dial<F, Fut, S>(mut self, dial: F) -> Self
    where
        F: Fn(String, u16) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = io::Result<S>> + Send + 'static,
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        self.source.dialer = Some(Dialer::new(dial));
        self
    }

    fn with_header(mut self, name: Result<HeaderName, String>, value: Result<HeaderValue, ()>) -> Self {
        let wrong = match (name, value) {
            (Ok(name), Ok(value)) => {
                self.source.headers.insert(name, value);
                return self;
            }
            (Ok(name), Err(())) => format!("the value of {}", quoted(name.as_str())),
            (Err(name), _) => format!("the name {name}"),
        };
        self.source.wrong.get_or_insert(wrong);
        self
    }
}

impl Http {
    /// The address, once it is known to be one.
    fn address(&self) -> Result<Url, Error> {
        let wrong = |why: String| Error::Start { server: self.builder(), source: why.into() };
        if let Some(header) = &self.wrong {
            return Err(wrong(format!("{header} is not allowed in a header")));
        }
        let url = Url::parse(&self.url).map_err(|error| wrong(format!("this is no address: {error}")))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong("the address must begin with `http://` or `https://`".to_owned()));
        }
        Ok(url)
    }

    /// The address as it may be shown, without what may be secret in it, be it one or not.
    fn shown(&self) -> String {
        let parsed = Url::parse(&self.url).ok().filter(|url| url.origin().is_tuple());
        let plain = || self.url.split(['?', '#']).next().unwrap_or_default();
        quoted(
            &parsed.map_or_else(|| plain().rsplit('@').next().unwrap_or_default().to_owned(), |url| gate::shown(&url)),
        )
    }

    /// What cannot be started, where nothing is sent yet.
    fn builder(&self) -> String {
        format!("a client for {}", self.shown())
    }

    /// What all sessions share, so that they share connections.
    fn agent(&self, url: &Url) -> Result<Agent, Error> {
        if let Some(agent) = self.agent.get() {
            return Ok(agent.clone());
        }
        let made = match &self.dialer {
            Some(dialer) => Agent::dialed(&self.pool, dialer.clone()),
            None => Agent::usual(&self.pool, url),
        };
        let agent = made.map_err(|error| Error::Start { server: self.builder(), source: Box::new(error) })?;
        Ok(self.agent.get_or_init(|| agent).clone())
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the headers and not the whole address: they may hold secrets.
        let url = Url::parse(&self.url).map(|url| gate::shown(&url)).unwrap_or_default();
        f.debug_tuple("Http").field(&url).finish()
    }
}

impl Source for Http {}

impl sealed::Open for Http {
    fn open(&self, opening: Opening) -> Result<Connection, Error> {
        let url = self.address()?;
        let agent = self.agent(&url)?;
        let gate = Gate::new(agent, url, self.headers.clone(), self.authorize.clone());
        let poster = Poster::new(gate, self.pool.connections, opening.longest, opening.grace);
        Ok(Connection::posts(opening, Box::new(poster), FAREWELL))
    }

    fn opens_again(&self) -> bool {
        true
    }

    fn server(&self) -> String {
        format!("the server at {}", self.shown())
    }

    fn extensions(&self) -> Vec<&'static str> {
        self.authorize.as_ref().map_or_else(Vec::new, |authorize| authorize.extensions())
    }

    fn identity(&self) -> String {
        self.authorize.as_ref().map_or_else(String::new, |authorize| authorize.identity())
    }
}
