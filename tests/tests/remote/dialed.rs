//! Connections that somebody else makes: here, pipes within the process, as an application serves them.

use std::future::ready;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use mcp_runtime::client::Retry;
use mcp_runtime::{Client, Context, HttpService, server, tool};
use tokio::io::{DuplexStream, duplex};
use tokio::task::JoinSet;

/// Says who asks whom, in the words of HTTP.
#[tool(destructive)]
fn seen(cx: &Context) -> String {
    let header = |name| cx.headers().and_then(|headers| headers.get(name)?.to_str().ok()).unwrap_or("nothing");
    [header("host"), header("authorization"), header("user-agent")].join(", ")
}

/// A place that can be dialed.
#[derive(Clone)]
struct Place {
    service: HttpService,
    connections: Arc<Mutex<JoinSet<()>>>,
    dialed: Arc<Mutex<Vec<(String, u16)>>>,
    /// How many calls are not taken.
    busy: Arc<AtomicUsize>,
}

impl Place {
    fn new() -> Self {
        let service = server![seen].into_service().unwrap();
        Self { service, connections: Arc::default(), dialed: Arc::default(), busy: Arc::default() }
    }

    fn dial(self, host: String, port: u16) -> io::Result<DuplexStream> {
        self.dialed.lock().unwrap().push((host, port));
        if self.busy.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |busy| busy.checked_sub(1)).is_ok() {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        let (near, far) = duplex(64 * 1024);
        let service = TowerToHyperService::new(self.service);
        let serving = async move { drop(http1::Builder::new().serve_connection(TokioIo::new(far), service).await) };
        self.connections.lock().unwrap().spawn(serving);
        Ok(near)
    }
}

#[tokio::test]
async fn a_client_comes_over_whatever_is_dialed() {
    let cases = [
        ("http://localhost/mcp", ("localhost", 80), "localhost, nothing"),
        ("http://[::1]:3000/mcp", ("::1", 3000), "[::1]:3000, nothing"),
        ("https://ada:secret@localhost/mcp", ("localhost", 443), "localhost, Basic YWRhOnNlY3JldA=="),
    ];
    for (address, (host, port), said) in cases {
        let place = Place::new();
        let dial = {
            let place = place.clone();
            move |host, port| ready(place.clone().dial(host, port))
        };
        let client = Client::http(address).dial(dial).connect().await.unwrap();
        let seen: String = client.call("seen", ()).typed().await.unwrap();
        assert_eq!(seen, format!("{said}, mcp-runtime/{}", env!("CARGO_PKG_VERSION")));
        assert_eq!(*place.dialed.lock().unwrap(), [(host.to_owned(), port)], "one connection serves all requests");
    }
}

#[tokio::test]
async fn what_could_not_be_dialed_was_not_sent_and_is_tried_again() {
    let place = Place::new();
    let dial = {
        let place = place.clone();
        move |host, port| ready(place.clone().dial(host, port))
    };
    let retry = Retry::default().pause(Duration::from_millis(5), Duration::from_millis(10));
    let client = Client::http("http://localhost/mcp").dial(dial).retry(retry).connect().await.unwrap();
    for (busy, succeeds) in [(2, true), (10, false)] {
        let mut connections = std::mem::take(&mut *place.connections.lock().unwrap());
        connections.shutdown().await;
        place.busy.store(busy, Ordering::Relaxed);
        let call = client.call("seen", ()).await;
        assert_eq!(call.is_ok(), succeeds, "{call:?}");
    }
    let error = client.call("seen", ()).await.unwrap_err();
    assert_eq!(error.to_string(), "the connection to the server at `http://localhost/mcp` failed");
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "no connection could be made");
}

#[cfg(unix)]
#[tokio::test]
async fn a_client_comes_over_a_unix_socket() {
    use tokio::net::{UnixListener, UnixStream};

    let path = std::env::temp_dir().join(format!("mcp-dialed-{}", std::process::id()));
    let listener = UnixListener::bind(&path).unwrap();
    let service = TowerToHyperService::new(server![seen].into_service().unwrap());
    let serving = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        http1::Builder::new().serve_connection(TokioIo::new(stream), service).await
    });
    let dialed = path.clone();
    let client = Client::http("http://localhost/mcp").dial(move |_, _| UnixStream::connect(dialed.clone()));
    let client = client.connect().await.unwrap();
    client.call("seen", ()).await.unwrap();
    drop(client);
    serving.await.unwrap().unwrap();
    std::fs::remove_file(path).unwrap();
}
