//! The server: tools that write down when they run, over HTTP as an application serves it, and over lines.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use mcp_runtime::store::MemoryStore;
use mcp_runtime::{
    AskError, Context, Elicited, Entry, Handle, HttpOptions, Limits, Server, State, Stream, Usage, server, tool,
};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::io::split;
use tokio::runtime;
use tokio::time::sleep;
use turmoil::net::TcpListener;

use super::book::Book;
use super::network::{HTTP, LINES, Network};
use super::verdict::Slip;

/// After how long without a request a session is over.
const SESSION: Duration = Duration::from_secs(8);
/// How long a connection may lie idle.
const IDLE: Duration = Duration::from_secs(10);
/// How long calls may go on when their client is gone.
const GRACE: Duration = Duration::from_secs(2);
/// When nothing of what a client left behind can be there any more.
pub(crate) const FORGOTTEN: Duration = Duration::from_secs(20);

/// Says the value at once.
#[tool(read_only)]
fn echo(book: State<Book>, slip: State<Slip>, value: u64) -> String {
    book.begin(value).end();
    (value + u64::from(*slip == Slip::Mixes)).to_string()
}

/// Says the value a little later.
#[tool(read_only)]
async fn nap(book: State<Book>, value: u64, millis: u64) -> String {
    let run = book.begin(value);
    sleep(Duration::from_millis(millis)).await;
    run.end();
    value.to_string()
}

/// Does what must not be done twice, and says the value a little later. Every other time it says first that it has begun, so
/// that the answer is a stream.
#[tool(destructive)]
async fn pay(cx: &Context, book: State<Book>, value: u64, millis: u64) -> String {
    let run = book.begin(value);
    if value.is_multiple_of(2) {
        cx.progress(1).message(value.to_string()).send();
    }
    sleep(Duration::from_millis(millis)).await;
    run.end();
    value.to_string()
}

/// Says how far it has come, and the value in the end.
#[tool(read_only)]
async fn steps(cx: &Context, book: State<Book>, value: u64, millis: u64) -> String {
    let run = book.begin(value);
    for step in 1..=4_u32 {
        cx.progress(step).of(4_u32).message(value.to_string()).send();
        sleep(Duration::from_millis(millis / 4)).await;
    }
    run.end();
    value.to_string()
}

/// What the user is asked for.
#[derive(Debug, Deserialize, JsonSchema)]
struct Said {
    /// The value.
    value: u64,
}

/// Asks the user for the value.
#[tool(read_only)]
async fn ask(cx: &Context, book: State<Book>, value: u64) -> Result<String, AskError> {
    let run = book.begin(value);
    let said = cx.elicit::<Said>(value.to_string()).key("value").await?;
    run.end();
    Ok(match said {
        Elicited::Accepted(Said { value }) => value.to_string(),
        other => format!("{other:?}"),
    })
}

/// Never ends by itself.
#[tool(read_only)]
async fn forever(book: State<Book>, value: u64) {
    let _run = book.begin(value);
    std::future::pending::<()>().await;
}

/// Comes and goes.
#[tool(read_only)]
fn fleeting() {}

/// One server, as long as it is there.
#[derive(Clone, Debug)]
struct Site {
    handle: Handle,
}

/// What the machine keeps for the test, over every restart.
#[derive(Clone, Debug, Default)]
pub(crate) struct Machine {
    /// Where sessions are kept that outlive the server's process, if they do.
    store: Option<MemoryStore>,
    pub(crate) slip: Slip,
    pub(crate) book: Book,
    pub(crate) network: Network,
    now: Arc<Mutex<Now>>,
}

/// What runs at the moment.
#[derive(Debug, Default)]
struct Now {
    runtime: Option<runtime::Handle>,
    sites: Vec<Site>,
    vanished: Vec<&'static str>,
}

impl Machine {
    /// A machine that keeps sessions here over restarts, or does not.
    pub(crate) fn new(store: Option<MemoryStore>, slip: Slip) -> Self {
        Self { store, slip, ..Self::default() }
    }

    fn server(&self) -> Server {
        let http = HttpOptions::default().allow_host(super::network::SERVER).session_ttl(SESSION);
        let limits = Limits::default().grace(GRACE);
        let mut server = server![echo, nap, pay, steps, ask, forever, fleeting]
            .state(self.book.clone())
            .state(self.slip)
            .limits(limits)
            .state_key([7; 32])
            .http(http);
        let handle = server.handle();
        self.lock().sites.push(Site { handle });
        server
    }

    /// What runs on the server's host.
    pub(crate) async fn run(self) -> turmoil::Result {
        *self.lock() = Now { runtime: Some(runtime::Handle::current()), ..Now::default() };
        let http = TcpListener::bind(("0.0.0.0", HTTP)).await?;
        let lines = TcpListener::bind(("0.0.0.0", LINES)).await?;
        let server = self.server();
        let server = self.store.clone().into_iter().fold(server, Server::store);
        let service = server.into_service()?;
        loop {
            tokio::select! {
                accepted = http.accept() => {
                    let io = TokioIo::new(self.network.accepted(accepted?.0));
                    let service = TowerToHyperService::new(service.clone());
                    let keeps = self.slip == Slip::Keeps;
                    drop(tokio::spawn(async move {
                        let mut builder = http1::Builder::new();
                        builder.timer(TokioTimer::new()).header_read_timeout(IDLE);
                        // A connection that fails has nobody who could be told.
                        drop(builder.serve_connection(io, service).await);
                        if keeps {
                            std::future::pending::<()>().await;
                        }
                    }));
                }
                accepted = lines.accept() => {
                    let (reader, writer) = split(self.network.accepted(accepted?.0));
                    let server = self.server();
                    drop(tokio::spawn(async move { drop(server.serve(Stream::new(reader, writer)).await) }));
                }
            }
        }
    }

    /// Shows or hides a tool, of which clients are told.
    pub(crate) fn change(&self, shows: bool) {
        let now = self.lock();
        let _entered = now.runtime.as_ref().map(runtime::Handle::enter);
        for site in &now.sites {
            let tool = Entry::Tool("fleeting");
            if shows {
                site.handle.show(tool)
            } else {
                site.handle.hide(tool)
            };
        }
    }

    /// What the servers there hold.
    pub(crate) fn usage(&self) -> Vec<Usage> {
        let used = |site: &Site| Some(site.handle.usage()).filter(|usage| *usage != Usage::default());
        self.lock().sites.iter().filter_map(used).collect()
    }

    /// A client is cut off for good.
    pub(crate) fn vanish(&self, host: &'static str) {
        self.lock().vanished.push(host);
    }

    /// Clients that are cut off from now on.
    pub(crate) fn vanished(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.lock().vanished)
    }

    /// How many tasks are alive on it.
    pub(crate) fn tasks(&self) -> usize {
        self.lock().runtime.as_ref().map_or(0, |runtime| runtime.metrics().num_alive_tasks())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
