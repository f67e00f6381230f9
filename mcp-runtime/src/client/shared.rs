//! One failure for all who wait for the same: the requests of a batch, the calls that need a connection. Floor 6.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;

use super::error::{Error, Unreached};

/// A cause that several errors have.
#[derive(Clone, Debug)]
struct Shared(Arc<dyn StdError + Send + Sync>);

impl fmt::Display for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for Shared {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}

/// A failure as often as it is needed.
pub(super) type Again = Box<dyn Fn() -> Error + Send>;

/// This failure as often as it is needed.
pub(super) fn again(error: Error) -> Again {
    match error {
        Error::Start { server, source } => {
            let cause = Shared(source.into());
            Box::new(move || Error::Start { server: server.clone(), source: Box::new(cause.clone()) })
        }
        Error::Closed { server, status, cause } => {
            Box::new(move || Error::Closed { server: server.clone(), status, cause: cause.clone() })
        }
        Error::Timeout { server, method, after } => {
            Box::new(move || Error::Timeout { server: server.clone(), method, after })
        }
        Error::Protocol { server, method, error } => {
            Box::new(move || Error::Protocol { server: server.clone(), method, error: error.clone() })
        }
        Error::Version { server, wanted, offered } => {
            Box::new(move || Error::Version { server: server.clone(), wanted, offered: offered.clone() })
        }
        Error::Invalid { server, method, reason } => {
            Box::new(move || Error::Invalid { server: server.clone(), method, reason: reason.clone() })
        }
        Error::Http { url, source } => match source.downcast::<Unreached>() {
            Ok(unreached) => {
                let cause = Shared(unreached.0.into());
                Box::new(move || {
                    let source = Box::new(Unreached(Box::new(cause.clone())));
                    Error::Http { url: url.clone(), source }
                })
            }
            Err(source) => {
                let cause = Shared(source.into());
                Box::new(move || Error::Http { url: url.clone(), source: Box::new(cause.clone()) })
            }
        },
        Error::Authorization { url, source } => {
            let cause = Shared(source.into());
            Box::new(move || Error::Authorization { url: url.clone(), source: Box::new(cause.clone()) })
        }
        Error::Status { url, status, body, retry_after } => {
            Box::new(move || Error::Status { url: url.clone(), status, body: body.clone(), retry_after })
        }
        Error::Expired { url } => Box::new(move || Error::Expired { url: url.clone() }),
        // The rest says of one request what is wrong with it.
        other => {
            let cause = Arc::new(io::Error::other(other));
            Box::new(move || Error::Closed { server: String::new(), status: None, cause: Some(Arc::clone(&cause)) })
        }
    }
}
