//! What is inside a `Result`, an `Option` or a future. Floor 2.

use std::convert::Infallible;
use std::future::Ready;

use super::{Fallible, Optional, Plain, Probe, Waiting};

/// Is it a `Result`?
pub trait IsResult<T, E> {
    /// The answer.
    fn fallible(&self) -> Fallible<(T, E)> {
        Fallible::new()
    }
}
impl<T, E> IsResult<T, E> for &Probe<Result<T, E>> {}

/// It is none.
pub trait IsNoResult<T> {
    /// The answer.
    fn fallible(&self) -> Plain<T> {
        Plain::new()
    }
}
impl<T> IsNoResult<T> for Probe<T> {}

impl<T, E> Fallible<(T, E)> {
    /// The value or the error.
    pub fn split(&self, value: Result<T, E>) -> Result<T, E> {
        value
    }
    /// A question about the value.
    pub const fn success(&self) -> Probe<T> {
        Probe::new()
    }
    /// A question about the error.
    pub const fn failure(&self) -> Probe<E> {
        Probe::new()
    }
}

impl<T> Plain<T> {
    /// The value.
    pub fn split(&self, value: T) -> Result<T, Infallible> {
        Ok(value)
    }
    /// A question about the value.
    pub const fn success(&self) -> Probe<T> {
        Probe::new()
    }
    /// A question about the error.
    pub const fn failure(&self) -> Probe<Infallible> {
        Probe::new()
    }
    /// The value, which is there.
    pub fn present(&self, value: T) -> Option<T> {
        Some(value)
    }
    /// A question about the value.
    pub const fn content(&self) -> Probe<T> {
        Probe::new()
    }
}

/// Is it an `Option`?
pub trait IsOption<T> {
    /// The answer.
    fn optional(&self) -> Optional<T> {
        Optional::new()
    }
}
impl<T> IsOption<T> for &Probe<Option<T>> {}

/// It is none.
pub trait IsNoOption<T> {
    /// The answer.
    fn optional(&self) -> Plain<T> {
        Plain::new()
    }
}
impl<T> IsNoOption<T> for Probe<T> {}

impl<T> Optional<T> {
    /// The value, if it is there.
    pub fn present(&self, value: Option<T>) -> Option<T> {
        value
    }
    /// A question about the value.
    pub const fn content(&self) -> Probe<T> {
        Probe::new()
    }
}

/// Is it a future?
pub trait IsFuture<T> {
    /// The answer.
    fn waiting(&self) -> Waiting<T> {
        Waiting::new()
    }
}
impl<T: Future> IsFuture<T> for &Probe<T> {}

/// It is none.
pub trait IsNoFuture<T> {
    /// The answer.
    fn waiting(&self) -> Plain<T> {
        Plain::new()
    }
}
impl<T> IsNoFuture<T> for Probe<T> {}

impl<T: Future> Waiting<T> {
    /// A question about what the future gives.
    pub const fn awaited(&self) -> Probe<T::Output> {
        Probe::new()
    }
    /// The future itself.
    pub fn future(&self, value: T) -> T {
        value
    }
}

impl<T> Plain<T> {
    /// A question about the value.
    pub const fn awaited(&self) -> Probe<T> {
        Probe::new()
    }
    /// A future that is ready with the value.
    pub fn future(&self, value: T) -> Ready<T> {
        std::future::ready(value)
    }
}
