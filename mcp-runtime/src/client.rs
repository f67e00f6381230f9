//! The client: connects to a server in a child process, behind a pair of streams or in the same process, and calls what it
//! offers. The same in every revision. How a server that asks its client is answered is not here yet. Floor 6.

mod connect;
mod error;
mod handshake;
mod list;
mod process;
mod pump;
mod request;
mod wire;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt;
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use tokio::io::{AsyncRead, AsyncWrite};

pub use self::connect::{Connect, Memory, Source, Streams};
use self::connect::{Connection, Identity, Options};
pub use self::error::Error;
use self::handshake::Agreed;
pub use self::process::Process;
use self::request::{Modern, Order};
pub use self::request::{Request, Response};
use crate::error::shortened;
use crate::message::kind_of;
use crate::method::Method;
use crate::model::{
    CallToolRequestParams, CallToolResult, CompleteArgument, CompleteReference, CompleteRequestParams, CompleteResult,
    GetPromptRequestParams, GetPromptResult, Implementation, JsonObject, LoggingLevel, ReadResourceRequestParams,
    ReadResourceResult, RequestParams, ServerCapabilities, SetLevelRequestParams,
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
    connection: Connection,
    agreed: Agreed,
    identity: Identity,
    timeout: Duration,
    /// The level of log messages that requests ask for: its number plus one, 0 for none.
    log_level: AtomicU8,
    /// Whether a level was asked for, rather than assumed.
    wants_level: Option<LoggingLevel>,
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
        Connect::new(Memory(server))
    }

    /// Talks over two byte streams, a message a line: a socket, a pipe.
    pub fn stream<R, W>(reader: R, writer: W) -> Connect<Streams<R, W>>
    where
        R: AsyncRead + Send + 'static,
        W: AsyncWrite + Send + 'static,
    {
        Connect::new(Streams(reader, writer))
    }

    /// The revision that both sides speak.
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
        self.0.connection.wire.stray()
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
        if !self.revision().has_handshake() {
            self.0.log_level.store(level as u8 + 1, Ordering::Relaxed);
            return Ok(());
        }
        self.ask(Method::SetLevel, &SetLevelRequestParams { level, meta: None }).await
    }

    /// Ends the connection for all clones: the server sees the end of its input and may answer what it is asked already.
    ///
    /// A server that is a child process and does not end within [`Connect::grace`] is told to with SIGTERM, after the same
    /// time again it is killed. Says how the process ended; `None` if there is none, or if nobody can tell.
    pub async fn close(self) -> Option<ExitStatus> {
        self.0.connection.close().await
    }

    async fn ask<P: Serialize + Sync>(&self, method: Method, params: &P) -> Result<(), Error> {
        let order = Order { method, params, meta: &JsonObject::new(), timeout: self.0.timeout };
        self.0.exchange(order, None).await.map(drop)
    }

    /// Tells a server of a revision with sessions which log messages are wanted.
    async fn begin_logging(&self) -> Result<(), Error> {
        match self.0.wants_level {
            Some(level) if self.revision().has_handshake() && self.capabilities().logging.is_some() => {
                self.set_level(level).await
            }
            _ => Ok(()),
        }
    }
}

impl Inner {
    fn new(connection: Connection, agreed: Agreed, options: Options) -> Self {
        let Options { identity, timeout, log_level, .. } = options;
        let level = log_level.or(options.listens.then_some(LoggingLevel::Info));
        Self {
            connection,
            agreed,
            identity,
            timeout,
            log_level: AtomicU8::new(level.map_or(0, |level| level as u8 + 1)),
            wants_level: log_level,
        }
    }

    /// What every request says of the client, in the revisions where it does.
    fn modern(&self) -> Option<Modern<'_>> {
        let level = usize::from(self.log_level.load(Ordering::Relaxed));
        (!self.agreed.revision.has_handshake()).then(|| Modern {
            revision: self.agreed.revision,
            info: &self.identity.info,
            capabilities: &self.identity.capabilities,
            log_level: level.checked_sub(1).and_then(|index| LoggingLevel::ALL.get(index).copied()),
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
    let refused = |reason: String| Error::Arguments { reason };
    let raw = to_raw_value(arguments).map_err(|error| refused(shortened(&error.to_string()).into_owned()))?;
    match raw.get().as_bytes().first() {
        Some(b'{') => Ok(Some(raw)),
        Some(b'n') => Ok(None),
        _ => Err(refused(format!("they must be an object, not {}", kind_of(raw.get())))),
    }
}

/// The same, where pairs of texts are an object too.
fn texts(arguments: &impl Serialize) -> Result<Option<Box<RawValue>>, Error> {
    let refused = |error: serde_json::Error| Error::Arguments { reason: shortened(&error.to_string()).into_owned() };
    let raw = to_raw_value(arguments).map_err(refused)?;
    if !raw.get().starts_with('[') {
        return object(&raw);
    }
    let pairs: Vec<(String, String)> = serde_json::from_str(raw.get()).map_err(refused)?;
    to_raw_value(&pairs.into_iter().collect::<BTreeMap<_, _>>()).map(Some).map_err(refused)
}
