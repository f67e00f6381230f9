//! One failure for all requests of a batch. Floor 6.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;

use crate::client::error::{Error, Unreached};

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

/// The failure as often as it is needed; a single one is as it was.
pub(super) fn share(error: Error, times: usize) -> Vec<Error> {
    if times <= 1 {
        return vec![error];
    }
    let make: Box<dyn Fn() -> Error> = match error {
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
        Error::Invalid { method, reason, .. } => Box::new(move || Error::invalid(method, reason.as_str())),
        other => {
            let cause = Arc::new(io::Error::other(other));
            Box::new(move || Error::Closed { server: String::new(), status: None, cause: Some(Arc::clone(&cause)) })
        }
    };
    std::iter::repeat_with(make).take(times).collect()
}
