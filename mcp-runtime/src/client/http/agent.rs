//! What sends requests: a client that makes its connections itself, or one over those that it is given. Knows nothing of
//! what they say. Floor 6.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Uri;
use http::header::{HeaderValue, USER_AGENT};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use reqwest::redirect::Policy;
use reqwest::{Body, RequestBuilder, Response, ResponseBuilderExt, Url};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tower_service::Service;

use super::gate::{broken, failed, shown, unreached};
use super::{CONNECTING, KEEP_ALIVE, Pool};
use crate::client::error::Error;

const NAME: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

/// What all requests to one server share, so that they share connections.
#[derive(Clone)]
pub(super) enum Agent {
    /// Over TCP, with TLS and proxies.
    Usual(reqwest::Client),
    /// Over what somebody else connects.
    Dialed {
        /// It only puts requests together.
        builder: reqwest::Client,
        client: legacy::Client<Dialer, Body>,
    },
}

impl Agent {
    /// One that makes its connections itself.
    pub(super) fn usual(pool: &Pool, url: &Url) -> reqwest::Result<Self> {
        let mut builder = reqwest::Client::builder()
            .redirect(Policy::none())
            .tcp_nodelay(true)
            .tcp_keepalive(KEEP_ALIVE)
            .connect_timeout(CONNECTING)
            .pool_max_idle_per_host(pool.connections)
            .pool_idle_timeout(pool.idle)
            .user_agent(NAME);
        // A proxy cannot reach what is on this machine.
        if is_loopback(url) {
            builder = builder.no_proxy();
        }
        builder.build().map(Self::Usual)
    }

    /// One over the connections that `dialer` makes.
    pub(super) fn dialed(pool: &Pool, dialer: Dialer) -> reqwest::Result<Self> {
        let client = legacy::Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_max_idle_per_host(pool.connections)
            .pool_idle_timeout(pool.idle)
            .build(dialer);
        // It connects to nothing, and has no use for certificates.
        let builder = reqwest::Client::builder().tls_certs_only([]).no_proxy().build()?;
        Ok(Self::Dialed { builder, client })
    }

    pub(super) fn request(&self, method: http::Method, url: &Url) -> RequestBuilder {
        let (Self::Usual(client) | Self::Dialed { builder: client, .. }) = self;
        client.request(method, url.clone())
    }

    /// Sends a request and waits for the head of the answer.
    ///
    /// # Errors
    /// [`Error::Http`], which says whether the server can have seen anything of it.
    pub(super) async fn send(&self, url: &Url, request: RequestBuilder) -> Result<Response, Error> {
        let client = match self {
            Self::Usual(_) => return request.send().await.map_err(|error| broken(url, error)),
            Self::Dialed { client, .. } => client,
        };
        let request = request.build().and_then(http::Request::<Body>::try_from);
        let mut request = request.map_err(|error| broken(url, error))?;
        request.headers_mut().entry(USER_AGENT).or_insert(HeaderValue::from_static(NAME));
        let response = client.request(request).await.map_err(|error| {
            let is_unreached = error.is_connect();
            let error = Box::new(error);
            if is_unreached { unreached(url, error) } else { Error::Http { url: shown(url), source: error } }
        })?;
        let (mut parts, body) = response.into_parts();
        // The only way to tell a response where it comes from.
        let from = http::Response::builder().url(url.clone()).body(());
        let from = from.map_err(|error| failed(url, error.to_string()))?;
        parts.extensions.extend(from.into_parts().0.extensions);
        Ok(http::Response::from_parts(parts, Body::wrap(body)).into())
    }
}

fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let address = bare(host).parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// A host without the brackets that an address of IPv6 has in a URL.
fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

/// A stream of bytes in both directions.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Duplex for S {}

impl Connection for Box<dyn Duplex> {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

type Dialing = Pin<Box<dyn Future<Output = io::Result<Box<dyn Duplex>>> + Send>>;

/// What connects to the server, see [`Connect::dial`](crate::client::Connect::dial).
#[derive(Clone)]
pub(super) struct Dialer(Arc<dyn Fn(String, u16) -> Dialing + Send + Sync>);

impl Dialer {
    pub(super) fn new<F, Fut, S>(dial: F) -> Self
    where
        F: Fn(String, u16) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = io::Result<S>> + Send + 'static,
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        Self(Arc::new(move |host, port| {
            let dialing = dial(host, port);
            Box::pin(async move { dialing.await.map(|stream| Box::new(stream) as Box<dyn Duplex>) })
        }))
    }
}

impl Service<Uri> for Dialer {
    type Response = TokioIo<Box<dyn Duplex>>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let usual = if to.scheme_str() == Some("https") { 443 } else { 80 };
        let host = bare(to.host().unwrap_or_default()).to_owned();
        let dialing = (self.0)(host, to.port_u16().unwrap_or(usual));
        Box::pin(async move {
            match timeout(CONNECTING, dialing).await {
                Ok(dialed) => dialed.map(TokioIo::new),
                Err(_) => {
                    Err(io::Error::new(io::ErrorKind::TimedOut, format!("nothing was dialed within {CONNECTING:?}")))
                }
            }
        })
    }
}
