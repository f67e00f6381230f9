//! The client: connects to a server in a child process, over HTTP, behind a pair of streams or in the same process, calls
//! what it offers and answers what it asks. The same in every revision. Floor 6.

mod asked;
#[cfg(feature = "client-http")]
mod authorize;
mod batch;
mod cache;
mod connect;
mod connection;
mod error;
mod exchange;
mod fallback;
mod flight;
mod gather;
mod handlers;
mod handshake;
#[cfg(feature = "client-http")]
mod http;
mod hub;
mod known;
mod list;
mod notices;
#[cfg(feature = "oauth")]
pub mod oauth;
mod outlet;
mod process;
mod pump;
mod questions;
mod request;
mod retry;
mod session;
mod shared;
mod stamp;
mod streams;
mod subscription;
mod typed;
mod validate;
mod wire;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt;
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use tokio::io::{AsyncRead, AsyncWrite};

#[cfg(feature = "client-http")]
pub use self::authorize::{Authorize, Authorizing, Challenge, Outgoing};
pub use self::batch::Requests;
pub use self::cache::CacheLimits;
pub use self::connect::{Connect, Source};
use self::connect::{Options, sealed};
pub use self::error::Error;
use self::exchange::Order;
use self::handshake::Agreed;
#[cfg(feature = "client-http")]
pub use self::http::Http;
#[cfg(all(fuzzing, feature = "client-http"))]
pub(crate) use self::http::fuzz;
pub use self::hub::Direction;
use self::hub::Hub;
use self::known::Known;
pub use self::known::LeftOut;
pub use self::list::Entries;
pub use self::notices::{Notices, Progress};
#[cfg(feature = "oauth")]
pub use self::oauth::OAuth;
pub use self::process::Process;
pub use self::request::{Request, Response};
use self::retry::Budget;
pub use self::retry::Retry;
use self::session::{Session, Sessions};
use self::stamp::Modern;
pub use self::streams::{Memory, Streams};
pub use self::subscription::{Change, Changes, Subscription};
use crate::error::shortened;
use crate::message::kind_of;
use crate::method::Method;
use crate::model::lower::Lower;
use crate::model::{
    CallToolRequestParams, CallToolResult, ClientCapabilities, CompleteArgument, CompleteReference,
    CompleteRequestParams, CompleteResult, GetPromptRequestParams, GetPromptResult, Implementation, JsonObject,
    LoggingLevel, ReadResourceRequestParams, ReadResourceResult, RequestParams, Root, ServerCapabilities,
    SetLevelRequestParams,
};
use crate::revision::Revision;
use crate::server::Server;

/// A connection to a server.
///
/// It is cheap to clone, and all clones share the connection: any number of tasks can use it at once. When the last one
/// is dropped the connection ends, and a server that is a child process is killed; [`Client::close`] is the gentle way.
///
/// ```
/// use mcp_runtime::{server, tool, Client};
/// use serde_json::json;
///
/// /// Adds two numbers.
/// #[tool(read_only)]
/// fn add(a: i64, b: i64) -> i64 {
///     a + b
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> mcp_runtime::Result<()> {
/// // `Client::command("my-server")` starts a program instead.
/// let client = Client::memory(server![add]).connect().await?;
///
/// let tools = client.list_tools().await?;
/// assert_eq!(tools[0].name, "add");
///
/// let sum = client.call("add", json!({ "a": 1, "b": 2 })).await?;
/// assert_eq!(sum.content, [mcp_runtime::model::ContentBlock::text("3")]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    sessions: Sessions,
    hub: Arc<Hub>,
    /// What the first session agreed on.
    agreed: Agreed,
    options: Options,
    /// What every request declares in 2026-07-28.
    capabilities: ClientCapabilities,
    budget: Budget,
    known: Known,
    /// The level of log messages that requests ask for: its number plus one, 0 for none.
    log_level: AtomicU8,
}

/// What a client holds at the moment, see [`Client::usage`]. One that nobody uses holds nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// Requests that are not answered yet.
    pub requests: usize,
    /// Questions of the server that are being answered.
    pub answers: usize,
    /// Who hears notifications: subscriptions, and whoever else asked for it.
    pub listeners: usize,
    /// Resources that are subscribed to.
    pub resources: usize,
}

/// What a server wrote to its output that is no message of the protocol.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stray {
    /// How many lines.
    pub lines: u64,
    /// How the first one begins.
    pub first: Option<String>,
}

impl Client {
    /// Starts this program and talks to it over its standard input and output.
    ///
    /// The program is looked up as [`std::process::Command`] does. Its standard error goes where that of this process goes,
    /// see [`Connect::stderr`].
    ///
    /// ```no_run
    /// # async fn example() -> mcp_runtime::Result<()> {
    /// use mcp_runtime::Client;
    ///
    /// let client = Client::command("my-server").arg("--stdio").env("TOKEN", "…").connect().await?;
    /// let answer = client.call("search", serde_json::json!({ "query": "tea" })).await?;
    /// client.close().await;
    /// # let _ = answer;
    /// # Ok(())
    /// # }
    /// ```
    pub fn command(program: impl AsRef<OsStr>) -> Connect<Process> {
        Connect::new(Process::new(program.as_ref()))
    }

    /// Talks to a server in this process.
    pub fn memory(server: Server) -> Connect<Memory> {
        Connect::new(Memory::new(server))
    }

    /// Talks over two byte streams, a message a line: a socket, a pipe.
    pub fn stream<R, W>(reader: R, writer: W) -> Connect<Streams<R, W>>
    where
        R: AsyncRead + Send + 'static,
        W: AsyncWrite + Send + 'static,
    {
        Connect::new(Streams::new(reader, writer))
    }

    /// The revision that both sides speak.
    ///
    /// This and the following are what was agreed when the client connected, and stay so when a connection is opened again.
    pub fn revision(&self) -> Revision {
        self.0.agreed.revision
    }

    /// Who the server says it is, unverified.
    pub fn server_info(&self) -> Option<&Implementation> {
        self.0.agreed.server.as_ref()
    }

    /// What the server declares that it can do.
    pub fn capabilities(&self) -> &ServerCapabilities {
        &self.0.agreed.capabilities
    }

    /// What a model should know to use the server well.
    pub fn instructions(&self) -> Option<&str> {
        self.0.agreed.instructions.as_deref()
    }

    /// What the server wrote to its output so far that is no message of the protocol. It was skipped.
    pub fn stray_output(&self) -> Stray {
        self.0.sessions.current().connection.wire().stray()
    }

    /// What the client holds at the moment: for dashboards and tests.
    pub fn usage(&self) -> Usage {
        let (requests, answers) = self.0.sessions.current().connection.wire().open();
        let (listeners, resources) = self.0.hub.usage();
        Usage { requests, answers, listeners, resources }
    }

    /// Which tools were left out of the lists that were read, because a client over HTTP must not call them: an annotation
    /// `x-mcp-header` is invalid. Since 2026-07-28; at most 1,000 are named.
    pub fn left_out(&self) -> Vec<LeftOut> {
        self.0.known.left_out()
    }

    /// Calls a tool.
    ///
    /// The arguments are anything that serializes to a JSON object; `()` means none.
    ///
    /// ```no_run
    /// # async fn example(client: mcp_runtime::Client) -> mcp_runtime::Result<()> {
    /// use std::time::Duration;
    ///
    /// let copied = client
    ///     .call("copy", serde_json::json!({ "files": ["a", "b"] }))
    ///     .timeout(Duration::from_secs(600))
    ///     .on_progress(|progress| println!("{} of {:?}", progress.progress, progress.total))
    ///     .await?;
    /// # let _ = copied;
    /// # Ok(())
    /// # }
    /// ```
    pub fn call<'a>(&self, tool: impl Into<String>, arguments: impl Serialize) -> Request<'a, CallToolResult> {
        let name = tool.into();
        let params = object(&arguments).map(|arguments| CallToolRequestParams {
            name,
            arguments,
            ..CallToolRequestParams::default()
        });
        Request::new(self, params)
    }

    /// Reads a resource.
    pub fn read<'a>(&self, uri: impl Into<String>) -> Request<'a, ReadResourceResult> {
        Request::new(self, Ok(ReadResourceRequestParams { uri: uri.into(), ..ReadResourceRequestParams::default() }))
    }

    /// Renders a prompt.
    ///
    /// The arguments are pairs of names and texts, `[("code", "…")]`, or anything that serializes to a JSON object of
    /// texts; `()` means none.
    pub fn get<'a>(&self, prompt: impl Into<String>, arguments: impl Serialize) -> Request<'a, GetPromptResult> {
        let name = prompt.into();
        let params = texts(&arguments).map(|arguments| GetPromptRequestParams {
            name,
            arguments,
            ..GetPromptRequestParams::default()
        });
        Request::new(self, params)
    }

    /// Asks for values that complete an argument of a prompt or a variable of a resource template.
    pub fn complete<'a>(
        &self,
        reference: CompleteReference,
        argument: impl Into<String>,
        typed: impl Into<String>,
    ) -> Request<'a, CompleteResult> {
        let argument = CompleteArgument { name: argument.into(), value: typed.into() };
        Request::new(self, Ok(CompleteRequestParams { reference, argument, context: None, meta: None }))
    }

    /// Asks whether the server is there: with `ping`, or with `server/discover` since 2026-07-28, which has no `ping`.
    ///
    /// # Errors
    /// Those of a [`Request`].
    pub async fn ping(&self) -> Result<(), Error> {
        let method = if self.revision().has_handshake() { Method::Ping } else { Method::Discover };
        self.ask(method, &RequestParams::default()).await
    }

    /// Asks for log messages of at least this level from here on.
    ///
    /// Up to 2025-11-25 the server is told; since 2026-07-28 each request says it, so nothing is sent now.
    ///
    /// # Errors
    /// Those of a [`Request`].
    pub async fn set_level(&self, level: LoggingLevel) -> Result<(), Error> {
        self.0.log_level.store(level as u8 + 1, Ordering::Relaxed);
        if !self.revision().has_handshake() {
            return Ok(());
        }
        self.ask(Method::SetLevel, &SetLevelRequestParams { level, meta: None }).await
    }

    /// Changes the roots that were given with [`Connect::roots`]; without them it does nothing.
    ///
    /// A server up to 2025-11-25 is told that they changed.
    pub fn set_roots(&self, roots: impl IntoIterator<Item = Root>) {
        let session = self.0.sessions.current();
        let has_changed = self.0.hub.handlers.set_roots(roots.into_iter().collect());
        if has_changed && session.agreed.revision.has_handshake() {
            drop(session.connection.wire().notify(Method::RootsListChanged));
        }
    }

    /// Ends the connection for all clones: the server sees the end of its input and may answer what it is asked already. Over
    /// HTTP a session is ended with DELETE.
    ///
    /// A server that is a child process and does not end within [`Connect::grace`] is told to with SIGTERM, after the same
    /// time again it is killed. Says how the process ended; `None` if there is none, or if nobody can tell.
    pub async fn close(self) -> Option<ExitStatus> {
        self.0.sessions.close().connection.close().await
    }

    async fn ask<P: Serialize + Sync>(&self, method: Method, params: &P) -> Result<(), Error> {
        let Options { timeout, max_timeout, .. } = self.0.options;
        let longest = max_timeout.unwrap_or(timeout);
        let mut left = longest;
        let order = Order { method, params, meta: &JsonObject::new(), timeout, longest, is_safe: true, gather: None };
        self.0.exchange(&order, &mut left, &mut None).await.map(drop).map_err(|error| self.0.named(error))
    }
}

impl Inner {
    fn new(source: Box<dyn sealed::Open>, session: Session, hub: Arc<Hub>, options: Options) -> Self {
        let level = options.log_level.or(options.listens.then_some(LoggingLevel::Info));
        let agreed = session.agreed.clone();
        let mut capabilities = options.identity.capabilities.clone();
        capabilities.lower(Revision::LATEST);
        Self {
            sessions: Sessions::new(source, session),
            hub,
            agreed,
            capabilities,
            budget: Budget::new(options.retry),
            known: Known::default(),
            log_level: AtomicU8::new(level.map_or(0, |level| level as u8 + 1)),
            options,
        }
    }

    /// Says what has to be said first on a session: up to 2025-11-25, which log messages are wanted.
    async fn begin(&self, session: &Session) -> Result<(), Error> {
        let Agreed { revision, capabilities, .. } = &session.agreed;
        match self.options.log_level {
            Some(_) if revision.has_handshake() && capabilities.logging.is_some() => {
                let Some(level) = self.log_level() else { return Ok(()) };
                self.ask_on(session, Method::SetLevel, &SetLevelRequestParams { level, meta: None }).await
            }
            _ => Ok(()),
        }
    }

    /// The error with the name of the server.
    fn named(&self, error: Error) -> Error {
        error.of(|| self.sessions.server())
    }

    fn log_level(&self) -> Option<LoggingLevel> {
        let level = usize::from(self.log_level.load(Ordering::Relaxed));
        level.checked_sub(1).and_then(|index| LoggingLevel::ALL.get(index).copied())
    }

    /// What every request says of the client, in the revisions where it does.
    fn modern(&self, revision: Revision) -> Option<Modern<'_>> {
        let identity = &self.options.identity;
        (!revision.has_handshake()).then(|| Modern {
            revision,
            info: &identity.info,
            capabilities: &self.capabilities,
            log_level: self.log_level(),
        })
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Agreed { revision, server, .. } = &self.0.agreed;
        f.debug_struct("Client").field("revision", revision).field("server", server).finish_non_exhaustive()
    }
}

/// Arguments as a JSON object, or nothing.
fn object(arguments: &impl Serialize) -> Result<Option<Box<RawValue>>, Error> {
    let refused = |reason: String| Error::Arguments { server: String::new(), reason };
    let raw = to_raw_value(arguments).map_err(|error| refused(shortened(&error.to_string()).into_owned()))?;
    match raw.get().as_bytes().first() {
        Some(b'{') => Ok(Some(raw)),
        Some(b'n') => Ok(None),
        _ => Err(refused(format!("they must be an object, not {}", kind_of(raw.get())))),
    }
}

/// The same, where pairs of texts are an object too.
fn texts(arguments: &impl Serialize) -> Result<Option<Box<RawValue>>, Error> {
    let refused = |error: serde_json::Error| Error::Arguments {
        server: String::new(),
        reason: shortened(&error.to_string()).into_owned(),
    };
    let raw = to_raw_value(arguments).map_err(refused)?;
    if !raw.get().starts_with('[') {
        return object(&raw);
    }
    let pairs: Vec<(String, String)> = serde_json::from_str(raw.get()).map_err(refused)?;
    to_raw_value(&pairs.into_iter().collect::<BTreeMap<_, _>>()).map(Some).map_err(refused)
}
