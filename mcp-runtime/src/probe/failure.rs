//! What a function can fail with, and how it is told. Floor 2.

use std::error::Error as StdError;
use std::fmt::Display;

use super::{Caused, Direct, Displayed, Probe, Unusable};
use crate::error::{ProtocolError, chain};

/// How a function failed.
#[derive(Debug)]
pub enum Failure {
    /// For the model or the person: an ordinary failure.
    Told(String),
    /// For the client: the call itself makes no sense.
    Protocol(ProtocolError),
}

/// Is it the protocol's own error?
pub trait ProtocolFailure {
    /// The answer.
    fn error(&self) -> Direct<ProtocolError> {
        Direct::new()
    }
}
impl ProtocolFailure for &&&Probe<ProtocolError> {}

/// Is it an error with causes?
pub trait CausedFailure<E> {
    /// The answer.
    fn error(&self) -> Caused<E> {
        Caused::new()
    }
}
impl<E: StdError> CausedFailure<E> for &&Probe<E> {}

/// Can it be displayed?
pub trait DisplayedFailure<E> {
    /// The answer.
    fn error(&self) -> Displayed<E> {
        Displayed::new()
    }
}
impl<E: Display> DisplayedFailure<E> for &Probe<E> {}

/// Whatever it is.
pub trait AnyFailure<E> {
    /// The answer.
    fn error(&self) -> Unusable<E> {
        Unusable::new()
    }
}
impl<E> AnyFailure<E> for Probe<E> {}

/// Something that tells an error.
pub trait TellError<E> {
    /// Tells it.
    fn tell(&self, error: E) -> Failure;
}

impl TellError<ProtocolError> for Direct<ProtocolError> {
    fn tell(&self, error: ProtocolError) -> Failure {
        Failure::Protocol(error)
    }
}

impl<E: StdError> TellError<E> for Caused<E> {
    fn tell(&self, error: E) -> Failure {
        Failure::Told(chain(&error))
    }
}

impl<E: Display> TellError<E> for Displayed<E> {
    /// The alternate form is the one in which `anyhow` and its like print their causes.
    fn tell(&self, error: E) -> Failure {
        Failure::Told(format!("{error:#}"))
    }
}

impl<E> TellError<E> for Unusable<E> {
    fn tell(&self, _: E) -> Failure {
        Failure::Told("failed".to_owned())
    }
}

/// Holds for what a function can fail with.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be told to a client",
    label = "the error type needs `std::fmt::Display`",
    note = "implement `Display` for it (the crate `thiserror` derives it), or use `anyhow::Result`"
)]
pub trait IsError<A>: Sized {
    /// Asserts it, on the span of the call.
    fn assert(_: &Probe<Self>, _: &A) {}
}
#[diagnostic::do_not_recommend]
impl IsError<Direct<Self>> for ProtocolError {}
#[diagnostic::do_not_recommend]
impl<E> IsError<Caused<E>> for E {}
#[diagnostic::do_not_recommend]
impl<E> IsError<Displayed<E>> for E {}
