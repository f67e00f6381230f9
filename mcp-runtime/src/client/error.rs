//! What can go wrong between a client and its server. What a tool reports of itself is not here: that is a result with
//! `is_error`. Floor 6.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use crate::error::{ProtocolError, quoted};
use crate::method::Method;
use crate::model::ResultType;
use crate::revision::Revision;

/// A server that nobody can name.
pub(super) const UNNAMED: &str = "the server";

/// Why a client could not connect, or why a request has no answer.
///
/// Each says which server it was: by the program of a child process, the address of a server over HTTP, the own name of a
/// server in the same process. A server behind plain streams is "the server".
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The server did not start: its program cannot be run, or the server in this process cannot be built.
    #[non_exhaustive]
    Start {
        /// What should have been started, such as "the server `notes`".
        server: String,
        /// Why it was not.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The connection has ended: by itself, or with [`Client::close`](super::Client::close).
    #[non_exhaustive]
    Closed {
        /// Which server, such as "the server `notes`".
        server: String,
        /// How the server's process ended, if it is a process and has ended.
        status: Option<ExitStatus>,
        /// What went wrong with the connection, if it did not simply end.
        cause: Option<Arc<io::Error>>,
    },
    /// The server did not answer in time. It was told that nobody waits any more, except during the handshake.
    #[non_exhaustive]
    Timeout {
        /// Which server, such as "the server `notes`".
        server: String,
        /// What was asked.
        method: Method,
        /// How long the client waited.
        after: Duration,
    },
    /// The server answered with a JSON-RPC error.
    #[non_exhaustive]
    Protocol {
        /// Which server, such as "the server `notes`".
        server: String,
        /// What was asked.
        method: Method,
        /// The server's code, message and data.
        error: ProtocolError,
    },
    /// The server speaks no revision that this client speaks, or not the one that was asked for.
    #[non_exhaustive]
    Version {
        /// Which server, such as "the server `notes`".
        server: String,
        /// The revision that [`Connect::protocol`](super::Connect::protocol) demands.
        wanted: Option<Revision>,
        /// What the server offers instead.
        offered: Vec<String>,
    },
    /// The server answered something that makes no sense.
    #[non_exhaustive]
    Invalid {
        /// Which server, such as "the server `notes`".
        server: String,
        /// What was asked.
        method: Method,
        /// What is wrong with the answer.
        reason: String,
    },
    /// The result is of a type that this client does not know (since 2026-07-28), such as an extension's own.
    #[non_exhaustive]
    Incomplete {
        /// Which server, such as "the server `notes`".
        server: String,
        /// What was asked.
        method: Method,
        /// What the result is instead.
        result_type: ResultType,
    },
    /// The server cannot be reached over HTTP, or the connection broke before the answer came.
    #[non_exhaustive]
    Http {
        /// Where the request went.
        url: String,
        /// What went wrong.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The server refused a request with a status of HTTP and without a JSON-RPC error.
    #[non_exhaustive]
    Status {
        /// Where the request went.
        url: String,
        /// The status, such as 404.
        status: u16,
        /// How the body begins.
        body: String,
        /// How long the server wants to be left alone, if it says so with 429 or 503 (`Retry-After`).
        retry_after: Option<Duration>,
    },
    /// There are no credentials for the request, or none that the server accepts.
    #[non_exhaustive]
    Authorization {
        /// Where the request went.
        url: String,
        /// Why not.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The server no longer knows the session (up to 2025-11-25) and did not handle the request. The next one opens another.
    #[non_exhaustive]
    Expired {
        /// Where the request went.
        url: String,
    },
    /// The server asked for something that this client cannot give (since 2026-07-28).
    #[non_exhaustive]
    Input {
        /// Which server, such as "the server `notes`".
        server: String,
        /// What was called.
        method: Method,
        /// What the server asked and why it is not answered.
        reason: String,
    },
    /// The tool failed: the result says so. Only where the result is read as a value of the caller's type.
    #[non_exhaustive]
    Tool {
        /// Which server, such as "the server `notes`".
        server: String,
        /// The tool.
        tool: String,
        /// What it says of the failure.
        text: String,
    },
    /// The arguments cannot be sent; nothing was.
    #[non_exhaustive]
    Arguments {
        /// Which server, such as "the server `notes`".
        server: String,
        /// What is wrong with them.
        reason: String,
    },
}

/// The connection could not even be made.
#[derive(Debug)]
pub(super) struct Unreached(pub(super) Box<dyn StdError + Send + Sync>);

impl fmt::Display for Unreached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no connection could be made")
    }
}

impl StdError for Unreached {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(self.0.as_ref())
    }
}

impl Error {
    /// The JSON-RPC error that the server answered with, if that is what went wrong.
    pub fn protocol(&self) -> Option<&ProtocolError> {
        match self {
            Self::Protocol { error, .. } => Some(error),
            _ => None,
        }
    }

    /// Whether a server that knows only the transport of 2024-11-05 may have answered like this (2025-11-25, "Transports",
    /// "Backwards Compatibility").
    pub(super) fn may_be_older_transport(&self) -> bool {
        matches!(self, Self::Status { status: 400 | 404 | 405, .. })
    }

    /// Whether the request did not get as far as to tell anything of the server's revision.
    pub(super) fn says_nothing_of_the_server(&self) -> bool {
        matches!(self, Self::Http { .. } | Self::Authorization { .. } | Self::Status { status: 401 | 403, .. })
    }

    /// Whether the server surely did not begin to handle the request.
    pub(super) fn was_unread(&self) -> bool {
        match self {
            Self::Expired { .. } => true,
            Self::Http { source, .. } => source.downcast_ref::<Unreached>().is_some(),
            _ => false,
        }
    }

    /// Whether the same request may well succeed a little later.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Closed { .. } | Self::Http { .. } | Self::Expired { .. } => true,
            Self::Status { status, .. } => matches!(status, 429 | 502 | 503 | 504),
            _ => false,
        }
    }

    /// Whether the server could not answer, rather than that it refused.
    pub(super) fn is_no_answer(&self) -> bool {
        match self {
            Self::Status { status, .. } => *status == 429 || *status >= 500,
            Self::Start { .. } | Self::Timeout { .. } => true,
            _ => self.may_pass(),
        }
    }

    /// How long the server wants to be left alone, if it says so.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    pub(super) fn invalid(method: Method, reason: impl Into<String>) -> Self {
        Self::Invalid { server: String::new(), method, reason: reason.into() }
    }

    /// The same, with the name of the server where it has none yet: what fails within a connection does not know it.
    pub(super) fn of(mut self, name: impl FnOnce() -> String) -> Self {
        match &mut self {
            Self::Closed { server, .. }
            | Self::Timeout { server, .. }
            | Self::Protocol { server, .. }
            | Self::Version { server, .. }
            | Self::Invalid { server, .. }
            | Self::Incomplete { server, .. }
            | Self::Input { server, .. }
            | Self::Tool { server, .. }
            | Self::Arguments { server, .. }
                if server.is_empty() =>
            {
                *server = name();
            }
            _ => {}
        }
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start { server, .. } => write!(f, "{server} cannot be started"),
            Self::Closed { server, status: Some(status), .. } => write!(f, "{} ended ({status})", Who(server)),
            Self::Closed { server, status: None, .. } => write!(f, "the connection to {} ended", Who(server)),
            Self::Timeout { server, method, after } => {
                write!(f, "{} did not answer `{}` within {after:?}", Who(server), method.as_str())
            }
            Self::Protocol { server, method, error } => {
                let (message, code) = (visible(error.message()), error.code());
                write!(f, "{} refused `{}`: {message} ({code})", Who(server), method.as_str())
            }
            Self::Version { server, wanted, offered } => version(f, &Who(server), *wanted, offered),
            Self::Invalid { server, method, reason } => {
                let reason = visible(reason);
                write!(f, "the answer of {} to `{}` makes no sense: {reason}", Who(server), method.as_str())
            }
            Self::Incomplete { server, method, result_type: ResultType::InputRequired } => {
                let (method, server) = (method.as_str(), Who(server));
                write!(f, "`{method}` of {server} needs input from the client, which it must not ask for")
            }
            Self::Incomplete { server, method, result_type } => {
                let kind = quoted(result_type.as_str());
                write!(f, "`{}` of {} has a result of the unknown type {kind}", method.as_str(), Who(server))
            }
            Self::Http { url, .. } => write!(f, "the connection to the server at {} failed", quoted(url)),
            Self::Status { url, status, body, .. } if body.is_empty() => {
                write!(f, "the server at {} answered with the status {status}", quoted(url))
            }
            Self::Status { url, status, body, .. } => {
                write!(f, "the server at {} answered with the status {status}: {}", quoted(url), visible(body))
            }
            Self::Authorization { url, .. } => write!(f, "there are no credentials for the server at {}", quoted(url)),
            Self::Expired { url } => write!(f, "the server at {} no longer knows the session", quoted(url)),
            Self::Input { server, method, reason } => {
                write!(f, "`{}` of {} needs input: {}", method.as_str(), Who(server), visible(reason))
            }
            Self::Tool { server, tool, text } => {
                write!(f, "the tool {} of {} failed: {}", quoted(tool), Who(server), visible(text))
            }
            Self::Arguments { server, reason } => {
                write!(f, "the arguments cannot be sent to {}: {reason}", Who(server))
            }
        }
    }
}

/// The server, be it named or not.
struct Who<'a>(&'a str);

impl fmt::Display for Who<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { UNNAMED } else { self.0 })
    }
}

/// What a server wrote, with whatever a terminal would act on made visible.
pub(super) fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() && c != '\n' { out.extend(c.escape_default()) } else { out.push(c) }
    }
    out
}

fn version(f: &mut fmt::Formatter<'_>, who: &Who<'_>, wanted: Option<Revision>, offered: &[String]) -> fmt::Result {
    /// A server that offers more than these does not mean to help.
    const SHOWN: usize = 10;
    let shown: Vec<_> = offered.iter().take(SHOWN).map(|name| quoted(name)).collect();
    let offers = if shown.is_empty() { "nothing".to_owned() } else { shown.join(", ") };
    if let Some(wanted) = wanted {
        return write!(f, "{who} does not speak {wanted}; it offers {offers}");
    }
    let ours: Vec<_> = Revision::ALL.iter().map(|revision| revision.as_str()).collect();
    write!(f, "no revision in common: {who} offers {offers}, this client speaks {}", ours.join(", "))
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Start { source, .. } | Self::Http { source, .. } | Self::Authorization { source, .. } => {
                Some(source.as_ref())
            }
            Self::Closed { cause: Some(cause), .. } => Some(cause.as_ref()),
            // What the server said stands in the text already.
            _ => None,
        }
    }
}
