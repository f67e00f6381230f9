//! Streamable HTTP: one endpoint for every revision. Requests of 2026-07-28 stand for themselves; older ones belong to
//! sessions. Here is what a user sets; what becomes of a request is in the files below. Floor 5.

mod accept;
mod body;
mod context;
mod encoding;
mod events;
mod fields;
#[cfg(fuzzing)]
pub(crate) mod fuzz;
mod gathered;
mod guard;
mod head;
mod media;
mod mirror;
mod modern;
mod pair;
mod reply;
#[cfg(feature = "axum")]
mod router;
mod service;
mod session;
mod sessions;
mod watched;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use self::body::Body;
pub use self::context::{Extension, Principal};
use self::guard::Guard;
pub use self::service::HttpService;
use super::{Serving, Transport};
use crate::error::{Error, Result};
use crate::server::{App, Server};

/// The transport over HTTP (2025-03-26 and later, "Streamable HTTP").
///
/// Serves until the process gets SIGTERM or SIGINT; calls in flight then have [`Limits::grace`](crate::Limits::grace) to
/// end. One endpoint serves every revision at once. [`Server::http`] sets everything but the address.
///
/// ```no_run
/// use mcp_runtime::{server, tool, Http};
///
/// /// Adds two numbers.
/// #[tool(read_only)]
/// fn add(a: i64, b: i64) -> i64 {
///     a + b
/// }
///
/// #[tokio::main]
/// async fn main() -> mcp_runtime::Result<()> {
///     server![add].serve(Http::new("127.0.0.1:3000")).await
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Http {
    address: String,
    listener: Option<Arc<std::net::TcpListener>>,
}

impl Http {
    /// Listens at this address, such as `127.0.0.1:3000`; port 0 takes any that is free. Standard error says where it
    /// listens.
    pub fn new(address: impl Into<String>) -> Self {
        Self { address: address.into(), listener: None }
    }

    /// Takes connections from a socket that listens already.
    ///
    /// # Errors
    /// When it cannot be made non-blocking, or says no address.
    pub fn listener(listener: std::net::TcpListener) -> Result<Self> {
        listener.set_nonblocking(true)?;
        Ok(Self { address: listener.local_addr()?.to_string(), listener: Some(Arc::new(listener)) })
    }
}

impl Transport for Http {
    #[inline(never)]
    fn serve(self, app: Arc<App>) -> impl Future<Output = Result<()>> + Send {
        let serving: Serving = Box::pin(async move {
            let listener = match self.listener {
                Some(listener) => tokio::net::TcpListener::from_std(listener.try_clone()?)?,
                None => tokio::net::TcpListener::bind(&self.address)
                    .await
                    .map_err(|error| Error::msg(format!("cannot listen at {}: {error}", self.address)))?,
            };
            accept::serve(listener, HttpService::new(app)).await
        });
        serving
    }
}

/// What can be set about serving over HTTP, see [`Server::http`].
#[derive(Clone)]
pub struct HttpOptions {
    path: String,
    guard: Guard,
    cors: bool,
    pair: bool,
    compress: bool,
    connections: usize,
    sessions: usize,
    session_ttl: Duration,
    bounds: sessions::Bounds,
    header_time: Duration,
    body_time: Duration,
    write_time: Duration,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            path: "/mcp".to_owned(),
            guard: Guard::default(),
            cors: false,
            pair: false,
            compress: true,
            connections: 10_000,
            sessions: 10_000,
            session_ttl: Duration::from_hours(1),
            bounds: sessions::Bounds { streams: 1024, kept: 256 * 1024 },
            header_time: Duration::from_secs(30),
            body_time: Duration::from_secs(30),
            write_time: Duration::from_secs(30),
        }
    }
}

impl fmt::Debug for HttpOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpOptions").field("path", &self.path).finish_non_exhaustive()
    }
}

impl HttpOptions {
    /// Where the endpoint is, `/mcp` unless set. Has no effect where an application mounts the server.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        let path = path.into();
        self.path = if path.starts_with('/') { path } else { format!("/{path}") };
        self
    }

    /// Lets clients use this name for the server, such as `mcp.example.com`, beside the loopback names; `*` for any.
    ///
    /// A server that is reached by another name answers 403, so that a web page which points a name of its own at the
    /// loopback address reaches nothing (2025-03-26 and later, "Streamable HTTP", "Security").
    pub fn allow_host(mut self, name: &str) -> Self {
        self.guard.allow_host(name);
        self
    }

    /// Lets web pages of this origin call the server, such as `https://app.example.com`, beside those of the loopback
    /// names; `*` for any.
    pub fn allow_origin(mut self, origin: &str) -> Self {
        self.guard.allow_origin(origin);
        self
    }

    /// Answers browsers' questions whether they may call (CORS), for the origins that are allowed. Not done unless set.
    pub fn cors(mut self, answers: bool) -> Self {
        self.cors = answers;
        self
    }

    /// Serves the deprecated pair of endpoints of 2024-11-05 too, at `/sse` and `/messages`. Not done unless set.
    pub fn http_sse(mut self, serves: bool) -> Self {
        self.pair = serves;
        self
    }

    /// Compresses answers of more than 1 KiB for clients that ask for it; done unless set. Streams never are.
    pub fn compress(mut self, compresses: bool) -> Self {
        self.compress = compresses;
        self
    }

    /// How many connections may be open, 10,000 unless set. Further ones wait.
    pub fn connections(mut self, most: usize) -> Self {
        self.connections = most.max(1);
        self
    }

    /// How many sessions (up to 2025-11-25) may be open, 10,000 unless set. Further ones are refused.
    pub fn sessions(mut self, most: usize) -> Self {
        self.sessions = most;
        self
    }

    /// After how long without a request a session is over, an hour unless set.
    pub fn session_ttl(mut self, time: Duration) -> Self {
        self.session_ttl = time.max(Duration::from_secs(1));
        self
    }

    /// How many streams of one session (up to 2025-11-25) may go on at once, 1,024 unless set. Further requests are refused.
    pub fn streams(mut self, most: usize) -> Self {
        self.bounds.streams = most.max(1);
        self
    }

    /// How many bytes of each stream of a session are kept for a client that lost its connection, 256 KiB unless set. The
    /// last event is, unless there is no [memory](crate::Limits::memory) left for it.
    pub fn replay(mut self, bytes: usize) -> Self {
        self.bounds.kept = bytes;
        self
    }

    /// How long a client may take to send a request's head, and a connection may lie idle: 30 s unless set. It is counted in
    /// quarters, and one that has begun does not count, so that the connection is closed up to a quarter later.
    pub fn header_time(mut self, time: Duration) -> Self {
        self.header_time = time;
        self
    }

    /// How long a client may take to send a request's body, 30 s unless set.
    pub fn body_time(mut self, time: Duration) -> Self {
        self.body_time = time;
        self
    }

    /// How long a client may take none of what is written to it, 30 s unless set. Then its connection is closed; a call of
    /// 2026-07-28 ends with it, a stream of an older revision can be taken up again. Every byte that it takes gains it as
    /// long. Has no effect where an application mounts the server and accepts connections itself.
    pub fn write_time(mut self, time: Duration) -> Self {
        self.write_time = time;
        self
    }
}

impl Server {
    /// Sets how the server is served over HTTP.
    pub fn http(mut self, options: HttpOptions) -> Self {
        self.options.set(Arc::new(options));
        self
    }

    /// Makes a tower service of the server, to mount in an application that has its own way of accepting connections.
    ///
    /// It takes any request, whatever its path. What the application's layers put into a request's extensions is there
    /// for tools: [`Context::extension`](crate::Context::extension), [`Principal`].
    ///
    /// # Errors
    /// Everything that is wrong with the server.
    pub fn into_service(self) -> Result<HttpService> {
        Ok(HttpService::new(self.build()?))
    }
}
