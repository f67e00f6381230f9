//! A connection in the making: what every way to a server has in common, and the ways without a process. Floor 6.

use std::fmt;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, split};
use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::error::Error;
use super::process::Keeper;
use super::pump::{self, Reader, Writer};
use super::wire::{End, OnLog, Stage, Wire};
use super::{Client, Inner, handshake};
use crate::model::lower::Lower;
use crate::model::{ClientCapabilities, Implementation, LoggingLevel, LoggingMessageNotificationParams};
use crate::revision::Revision;
use crate::server::Server;
use crate::transport::{Transport, memory};

/// How many bytes wait in each direction between a client and a server of the same process.
const MEMORY: usize = 64 * 1024;

/// A client in the making, see [`Client`].
#[must_use = "nothing happens before `.connect().await`"]
pub struct Connect<S> {
    pub(super) source: S,
    options: Options,
}

pub(super) struct Options {
    pub(super) revision: Option<Revision>,
    pub(super) identity: Identity,
    pub(super) timeout: Duration,
    pub(super) probe: Duration,
    pub(super) log_level: Option<LoggingLevel>,
    /// Whether somebody is told of log messages.
    pub(super) listens: bool,
    grace: Duration,
    longest: usize,
    on_log: Option<OnLog>,
}

/// Who the client is and what it can do.
pub(super) struct Identity {
    pub(super) info: Implementation,
    pub(super) capabilities: ClientCapabilities,
}

impl<S> Connect<S> {
    pub(super) fn new(source: S) -> Self {
        let info = Implementation::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
        let options = Options {
            revision: None,
            identity: Identity { info, capabilities: ClientCapabilities::default() },
            timeout: Duration::from_mins(1),
            probe: Duration::from_secs(3),
            log_level: None,
            listens: false,
            grace: Duration::from_secs(5),
            longest: 16 << 20,
            on_log: None,
        };
        Self { source, options }
    }

    /// Speaks this revision and no other.
    ///
    /// Unless set, the client asks the server and takes the newest revision that both know.
    pub fn protocol(mut self, revision: Revision) -> Self {
        self.options.revision = Some(revision);
        self
    }

    /// Who the client says it is; unless set, this crate.
    pub fn info(mut self, info: Implementation) -> Self {
        self.options.identity.info = info;
        self
    }

    /// What the client says it can do; unless set, nothing.
    ///
    /// Requests of a server up to 2025-11-25 are refused, except `ping`: declare only what works without an answer.
    pub fn capabilities(mut self, capabilities: ClientCapabilities) -> Self {
        self.options.identity.capabilities = capabilities;
        self
    }

    /// How long to wait for each answer, 60 s unless set. A single request can differ, see
    /// [`Request::timeout`](super::Request::timeout).
    pub fn timeout(mut self, time: Duration) -> Self {
        self.options.timeout = time;
        self
    }

    /// How long a server may take to answer `server/discover` before it counts as one up to 2025-11-25, which may well be
    /// silent; 3 s unless set. Does not matter once a revision is chosen with [`Self::protocol`].
    pub fn probe_timeout(mut self, time: Duration) -> Self {
        self.options.probe = time;
        self
    }

    /// The longest message that the server may send in bytes, 16 MiB unless set. A longer one ends the connection.
    pub fn longest_message(mut self, bytes: usize) -> Self {
        self.options.longest = bytes.max(1024);
        self
    }

    /// How long the server may take to end at [`Client::close`] before it is told to with SIGTERM, and again before it is
    /// killed; 5 s unless set.
    pub fn grace(mut self, time: Duration) -> Self {
        self.options.grace = time;
        self
    }

    /// Asks for log messages of at least this level, if the server has any. It can be changed later with
    /// [`Client::set_level`].
    ///
    /// Unless set, a server up to 2025-11-25 decides for itself; in 2026-07-28 it is `info` with [`Self::on_log`], and
    /// nothing without.
    pub fn log_level(mut self, level: LoggingLevel) -> Self {
        self.options.log_level = Some(level);
        self
    }

    /// Calls `f` with every log message of the server.
    ///
    /// It runs where the connection is read, before the answers that come after the message: it must not block.
    pub fn on_log(mut self, f: impl Fn(LoggingMessageNotificationParams) + Send + Sync + 'static) -> Self {
        self.options.listens = true;
        self.options.on_log = Some(Box::new(f));
        self
    }
}

impl<S: Source> Connect<S> {
    /// Starts the server if need be, and agrees with it on a revision.
    ///
    /// Needs a Tokio runtime with time and I/O. Dropping the future ends the connection and the process.
    ///
    /// # Errors
    /// - [`Error::Start`]: the server did not start.
    /// - [`Error::Closed`]: it ended during the handshake.
    /// - [`Error::Timeout`]: it did not answer.
    /// - [`Error::Version`]: there is no revision in common.
    /// - [`Error::Protocol`], [`Error::Invalid`]: it refused the handshake, or answered nonsense.
    pub async fn connect(self) -> Result<Client, Error> {
        let Self { source, mut options } = self;
        let opened = source.open(options.grace)?;
        let wire = Wire::new(options.on_log.take());
        // It ends everything when the handshake fails or is given up.
        let connection = Connection::new(wire, opened, options.longest, options.grace);
        let agreed = handshake::agree(&connection.wire, &options).await?;
        options.identity.capabilities.lower(agreed.revision);
        let client = Client(Arc::new(Inner::new(connection, agreed, options)));
        client.begin_logging().await?;
        Ok(client)
    }
}

impl<S: fmt::Debug> fmt::Debug for Connect<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connect").field("source", &self.source).finish_non_exhaustive()
    }
}

/// A way to a server: [`Process`](super::Process), [`Memory`] or [`Streams`].
pub trait Source: sealed::Open {}

pub(super) mod sealed {
    use std::time::Duration;

    use super::{Error, Opened};

    pub trait Open {
        #[doc(hidden)]
        fn open(self, grace: Duration) -> Result<Opened, Error>;
    }
}

/// Both directions to a server that runs. Public only to be named by a sealed method.
pub struct Opened {
    pub(super) reader: Reader,
    pub(super) writer: Writer,
    pub(super) keeper: Option<Keeper>,
    /// The task that reads standard error.
    pub(super) listener: Option<AbortHandle>,
}

/// A server in the same process, see [`Client::memory`].
#[derive(Debug)]
pub struct Memory(pub(super) Server);

impl Source for Memory {}

impl sealed::Open for Memory {
    fn open(self, _: Duration) -> Result<Opened, Error> {
        let name = format!("the server {}", crate::error::quoted(&self.0.info.name));
        let app = self.0.build().map_err(|error| Error::Start { server: name, source: error.into() })?;
        let (stream, client) = memory(MEMORY);
        // It ends with its input. What it may fail with is the end of the connection, which the reader sees.
        drop(tokio::spawn(stream.serve(app)));
        let (reader, writer) = split(client);
        Ok(Opened { reader: Box::pin(reader), writer: Box::pin(writer), keeper: None, listener: None })
    }
}

/// A server at the other end of two byte streams, see [`Client::stream`].
#[derive(Debug)]
pub struct Streams<R, W>(pub(super) R, pub(super) W);

impl<R, W> Source for Streams<R, W>
where
    R: AsyncRead + Send + 'static,
    W: AsyncWrite + Send + 'static,
{
}

impl<R, W> sealed::Open for Streams<R, W>
where
    R: AsyncRead + Send + 'static,
    W: AsyncWrite + Send + 'static,
{
    fn open(self, _: Duration) -> Result<Opened, Error> {
        Ok(Opened { reader: Box::pin(self.0), writer: Box::pin(self.1), keeper: None, listener: None })
    }
}

/// The tasks of a connection. Dropping it ends them, and the process with them.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) wire: Arc<Wire>,
    keeper: Option<Keeper>,
    tasks: Vec<AbortHandle>,
    grace: Duration,
}

impl Connection {
    fn new(wire: Arc<Wire>, opened: Opened, longest: usize, grace: Duration) -> Self {
        let Opened { reader, writer, keeper, listener } = opened;
        let exit = keeper.as_ref().map(Keeper::exit);
        let reading = tokio::spawn(pump::read(Arc::clone(&wire), reader, longest, exit)).abort_handle();
        // The writer ends by itself: what was cancelled last is still told to the server.
        drop(tokio::spawn(pump::write(Arc::clone(&wire), writer, grace)));
        let mut tasks = vec![reading];
        tasks.extend(keeper.as_ref().map(|keeper| keeper.task.clone()));
        tasks.extend(listener);
        Self { wire, keeper, tasks, grace }
    }

    /// Ends the input of the server and waits until it is gone.
    pub(super) async fn close(&self) -> Option<ExitStatus> {
        self.wire.close();
        let status = match &self.keeper {
            Some(keeper) => keeper.stop().await,
            None => None,
        };
        // A reader that does not see the end is not waited for.
        let _ = timeout(self.grace, self.wire.reached(Stage::Ended)).await;
        self.wire.end(End { status, cause: None });
        status
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.wire.close();
        for task in &self.tasks {
            task.abort();
        }
    }
}
