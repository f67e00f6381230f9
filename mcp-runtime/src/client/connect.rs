//! A connection in the making: what every way to a server has in common. Floor 6.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::cache::{Cache, CacheLimits};
use super::connection::{Connection, Opening};
use super::error::Error;
use super::fallback::Fallbacks;
use super::handlers::Handlers;
use super::hub::{Direction, Hub, Observers};
use super::retry::Retry;
use super::session::Session;
use super::{Client, Inner};
use crate::model::{ClientCapabilities, Implementation, JsonObject, LoggingLevel, LoggingMessageNotificationParams};
use crate::revision::Revision;

/// A client in the making, see [`Client`].
#[must_use = "nothing happens before `.connect().await`"]
pub struct Connect<S> {
    pub(super) source: S,
    pub(super) options: Options,
}

pub(super) struct Options {
    pub(super) revision: Option<Revision>,
    pub(super) identity: Identity,
    pub(super) timeout: Duration,
    pub(super) probe: Duration,
    pub(super) log_level: Option<LoggingLevel>,
    /// Whether somebody is told of log messages.
    pub(super) listens: bool,
    /// The longest time for a request, however much progress it makes.
    pub(super) max_timeout: Option<Duration>,
    /// How often one call may come back for input.
    pub(super) rounds: u32,
    pub(super) retry: Retry,
    pub(super) cache: CacheLimits,
    pub(super) handlers: Handlers,
    pub(super) fallbacks: Fallbacks,
    pub(super) grace: Duration,
    pub(super) longest: usize,
    observers: Observers,
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
            max_timeout: None,
            rounds: 10,
            retry: Retry::default(),
            cache: CacheLimits::default(),
            handlers: Handlers::default(),
            fallbacks: Fallbacks::default(),
            grace: Duration::from_secs(5),
            longest: 16 << 20,
            observers: Observers::default(),
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

    /// What the client says it can do, beside what it has handlers for: [`Self::on_elicit`], [`Self::on_elicit_url`],
    /// [`Self::on_sample`] and [`Self::roots`] declare themselves.
    pub fn capabilities(mut self, capabilities: ClientCapabilities) -> Self {
        self.options.identity.capabilities = capabilities;
        self
    }

    /// How long to wait for each answer, 60 s unless set. A single request can differ, see
    /// [`Request::timeout`](super::Request::timeout).
    ///
    /// Progress that was asked for begins it anew, see [`Self::max_timeout`].
    pub fn timeout(mut self, time: Duration) -> Self {
        self.options.timeout = time;
        self
    }

    /// How long to wait for an answer however much progress is told; unless set, ten times as long as for one without
    /// progress. A single request can differ, see [`Request::max_timeout`](super::Request::max_timeout).
    pub fn max_timeout(mut self, time: Duration) -> Self {
        self.options.max_timeout = Some(time);
        self
    }

    /// How often the server may answer one call with questions before the call fails, 10 unless set. Since 2026-07-28.
    pub fn rounds(mut self, most: u32) -> Self {
        self.options.rounds = most;
        self
    }

    /// How often and how soon a request is made again whose answer was lost, and whether a connection that ended is opened
    /// again.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.options.retry = retry;
        self
    }

    /// How much is kept of answers that the server lets a client keep. Since 2026-07-28.
    pub fn cache(mut self, limits: CacheLimits) -> Self {
        self.options.cache = limits;
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
        self.options.observers.on_log = Some(Box::new(f));
        self
    }

    /// Calls `f` with every frame that is sent and received from the handshake on: the bytes of a JSON-RPC message, or of a
    /// batch.
    ///
    /// For logs and inspectors. A line of the server's that is no message is shown as well. What HTTP says around a message
    /// is not in it, such as headers with credentials; arguments and results are. A frame that was shown as sent may still
    /// be lost with its connection. `f` runs where frames are read and sent, before the frame is handled: it must not block.
    ///
    /// ```
    /// # use mcp_runtime::{server, tool, Client};
    /// use mcp_runtime::client::Direction;
    ///
    /// # /// Adds two numbers.
    /// # #[tool(read_only)]
    /// # fn add(a: i64, b: i64) -> i64 { a + b }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> mcp_runtime::Result<()> {
    /// let client = Client::memory(server![add])
    ///     .on_frame(|direction, frame| {
    ///         let arrow = if direction == Direction::Sent { "→" } else { "←" };
    ///         eprintln!("{arrow} {}", String::from_utf8_lossy(frame));
    ///     })
    ///     .connect()
    ///     .await?;
    /// # drop(client);
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_frame(mut self, f: impl Fn(Direction, &[u8]) + Send + Sync + 'static) -> Self {
        self.options.observers.on_frame = Some(Box::new(f));
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
    /// - [`Error::Http`], [`Error::Status`], [`Error::Authorization`]: it cannot be reached over HTTP, or does not let the
    ///   client in.
    pub async fn connect(self) -> Result<Client, Error> {
        let Self { source, mut options } = self;
        options.handlers.declare(&mut options.identity.capabilities);
        for extension in source.extensions() {
            let extensions = options.identity.capabilities.extensions.get_or_insert_default();
            extensions.entry(extension).or_insert_with(|| JsonObject::new().into());
        }
        let hub = Hub::new(options.handlers.clone(), Cache::new(options.cache), std::mem::take(&mut options.observers));
        let source: Box<dyn sealed::Open> = Box::new(source);
        let session = Session::open(&*source, &hub, &options).await?;
        let client = Client(Arc::new(Inner::new(source, session, hub, options)));
        client.0.begin(&client.0.sessions.current()).await?;
        Ok(client)
    }
}

impl<S: fmt::Debug> fmt::Debug for Connect<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connect").field("source", &self.source).finish_non_exhaustive()
    }
}

/// A way to a server: [`Process`](super::Process), [`Memory`](super::Memory), [`Streams`](super::Streams), or one over HTTP.
pub trait Source: sealed::Open {}

pub(super) mod sealed {
    use super::{Connection, Error, Opening};
    use crate::client::error::UNNAMED;

    pub trait Open: Send + Sync + 'static {
        #[doc(hidden)]
        fn open(&self, opening: Opening) -> Result<Connection, Error>;

        /// Whether it can be opened more than once.
        #[doc(hidden)]
        fn opens_again(&self) -> bool;

        /// The server as errors call it, bounded and with control characters made visible.
        #[doc(hidden)]
        fn server(&self) -> String {
            UNNAMED.to_owned()
        }

        /// What the client declares because it comes on this way.
        #[doc(hidden)]
        fn extensions(&self) -> Vec<&'static str> {
            Vec::new()
        }

        /// As whom the server sees the client: what is private is kept for one identity alone.
        #[doc(hidden)]
        fn identity(&self) -> String {
            String::new()
        }
    }
}
