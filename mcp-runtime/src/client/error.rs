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

/// Why a client could not connect, or why a request has no answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The server did not start: its program cannot be run, or the server in this process cannot be built.
    #[non_exhaustive]
    Start {
        /// What should have been started.
        server: String,
        /// Why it was not.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The connection has ended: by itself, or with [`Client::close`](super::Client::close).
    #[non_exhaustive]
    Closed {
        /// How the server's process ended, if it is a process and has ended.
        status: Option<ExitStatus>,
        /// What went wrong with the connection, if it did not simply end.
        cause: Option<Arc<io::Error>>,
    },
    /// The server did not answer in time. It was told that nobody waits any more, except during the handshake.
    #[non_exhaustive]
    Timeout {
        /// What was asked.
        method: Method,
        /// How long the client waited.
        after: Duration,
    },
    /// The server answered with a JSON-RPC error.
    #[non_exhaustive]
    Protocol {
        /// What was asked.
        method: Method,
        /// The server's code, message and data.
        error: ProtocolError,
    },
    /// The server speaks no revision that this client speaks, or not the one that was asked for.
    #[non_exhaustive]
    Version {
        /// The revision that [`Connect::protocol`](super::Connect::protocol) demands.
        wanted: Option<Revision>,
        /// What the server offers instead.
        offered: Vec<String>,
    },
    /// The server answered something that makes no sense.
    #[non_exhaustive]
    Invalid {
        /// What was asked.
        method: Method,
        /// What is wrong with the answer.
        reason: String,
    },
    /// The result is not complete (since 2026-07-28): the server needs more input first, or it is an extension's own.
    #[non_exhaustive]
    Incomplete {
        /// What was asked.
        method: Method,
        /// What the result is instead.
        result_type: ResultType,
    },
    /// The arguments cannot be sent; nothing was.
    #[non_exhaustive]
    Arguments {
        /// What is wrong with them.
        reason: String,
    },
}

impl Error {
    /// The JSON-RPC error that the server answered with, if that is what went wrong.
    pub fn protocol(&self) -> Option<&ProtocolError> {
        match self {
            Self::Protocol { error, .. } => Some(error),
            _ => None,
        }
    }

    pub(super) fn invalid(method: Method, reason: impl Into<String>) -> Self {
        Self::Invalid { method, reason: reason.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start { server, .. } => write!(f, "{server} cannot be started"),
            Self::Closed { status: Some(status), .. } => write!(f, "the server ended ({status})"),
            Self::Closed { status: None, .. } => f.write_str("the connection to the server ended"),
            Self::Timeout { method, after } => write!(f, "`{}` was not answered within {after:?}", method.as_str()),
            Self::Protocol { method, error } => {
                write!(f, "`{}` was refused: {} ({})", method.as_str(), visible(error.message()), error.code())
            }
            Self::Version { wanted, offered } => version(f, *wanted, offered),
            Self::Invalid { method, reason } => {
                write!(f, "the answer to `{}` makes no sense: {}", method.as_str(), visible(reason))
            }
            Self::Incomplete { method, result_type: ResultType::InputRequired } => {
                write!(f, "`{}` needs input from the client, which this client cannot give", method.as_str())
            }
            Self::Incomplete { method, result_type } => {
                let kind = quoted(result_type.as_str());
                write!(f, "`{}` has a result of the unknown type {kind}", method.as_str())
            }
            Self::Arguments { reason } => write!(f, "the arguments cannot be sent: {reason}"),
        }
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

fn version(f: &mut fmt::Formatter<'_>, wanted: Option<Revision>, offered: &[String]) -> fmt::Result {
    /// A server that offers more than these does not mean to help.
    const SHOWN: usize = 10;
    let shown: Vec<_> = offered.iter().take(SHOWN).map(|name| quoted(name)).collect();
    let offers = if shown.is_empty() { "nothing".to_owned() } else { shown.join(", ") };
    if let Some(wanted) = wanted {
        return write!(f, "the server does not speak {wanted}; it offers {offers}");
    }
    let ours: Vec<_> = Revision::ALL.iter().map(|revision| revision.as_str()).collect();
    write!(f, "no revision in common: the server offers {offers}, this client speaks {}", ours.join(", "))
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Start { source, .. } => Some(source.as_ref()),
            Self::Closed { cause: Some(cause), .. } => Some(cause.as_ref()),
            // What the server said stands in the text already.
            _ => None,
        }
    }
}
