//! The page of `cargo mcp inspect --web`: one address on the loopback interface, which only whoever was told its token can
//! use. Here is what all pages share; what one request becomes is in `route`.

mod assets;
mod body;
mod call;
mod desk;
mod guard;
mod journal;
mod pages;
mod questions;
mod route;

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use mcp_runtime::Client;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

pub(crate) use self::desk::Desk;
use self::guard::Guard;
use self::pages::Pages;
use crate::error::Failure;

/// The longest head of a request.
const HEAD: usize = 16 * 1024;
/// How long a head may take to come, and a connection may lie idle.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// How many connections may be open. A browser opens six.
const CONNECTIONS: usize = 64;
/// How long to wait when the system has no more files to give.
const BREATHER: Duration = Duration::from_millis(100);

/// A socket that waits for browsers, and the token that it is going to ask for.
pub(crate) struct Site {
    listener: TcpListener,
    guard: Guard,
}

/// What every request needs.
struct Shared {
    guard: Guard,
    client: Client,
    desk: Arc<Desk>,
    pages: Pages,
    /// How long the server may take for an answer while nobody is asked anything.
    patience: Duration,
}

impl Site {
    /// Takes a port of 127.0.0.1; 0 takes any that is free.
    pub(crate) async fn open(port: u16) -> Result<Self, Failure> {
        let cannot = |error: std::io::Error| {
            Failure::usage(format!("port {port} of 127.0.0.1 cannot be used"))
                .cause(error)
                .hint("leave --port out to take any that is free")
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(cannot)?;
        let port = listener.local_addr().map_err(cannot)?.port();
        Ok(Self { listener, guard: Guard::new(port)? })
    }

    /// Where the page is. Whoever knows it can use the server.
    pub(crate) fn url(&self) -> String {
        self.guard.url()
    }

    /// Serves until it is dropped, and with it all that it answers.
    pub(crate) async fn serve(self, client: Client, desk: Arc<Desk>, patience: Duration) -> Infallible {
        let Self { listener, guard } = self;
        let shared = Arc::new(Shared { guard, client, desk, pages: Pages::default(), patience });
        let slots = Arc::new(Semaphore::new(CONNECTIONS));
        let mut connections = tokio::task::JoinSet::new();
        loop {
            // The semaphore is never closed; without a slot nobody is taken on.
            let slot = Arc::clone(&slots).acquire_owned().await;
            let Ok((stream, _)) = listener.accept().await else {
                tokio::time::sleep(BREATHER).await;
                continue;
            };
            let shared = Arc::clone(&shared);
            connections.spawn(async move {
                connection(stream, shared).await;
                drop(slot);
            });
            while connections.try_join_next().is_some() {}
        }
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    // Without it an answer in two writes waits for an acknowledgement. A socket that refuses works all the same.
    let _ = stream.set_nodelay(true);
    let answering = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { Ok::<_, Infallible>(route::answer(&shared, request).await) }
    });
    // A connection that fails has nobody who could be told.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD)
        .serve_connection(TokioIo::new(stream), answering)
        .await;
}
