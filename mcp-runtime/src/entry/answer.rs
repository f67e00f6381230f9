//! What answers the calls of an entry, and what suggests values for its arguments. Floor 2.

use std::future::Future;
use std::pin::Pin;

use crate::arguments::Input;
use crate::context::Context;
use crate::error::ProtocolError;
use crate::model::{CallToolResult, GetPromptResult, ReadResourceResult};
use crate::probe::Failure;

/// What a handler gives for a call.
pub enum Answering<R> {
    /// The answer: the function waits for nothing.
    Ready(Result<Box<R>, ProtocolError>),
    /// Its future.
    Later(Pin<Box<dyn Future<Output = Result<R, ProtocolError>> + Send>>),
}

impl<R> Answering<R> {
    /// What a function gave that waits for nothing.
    pub fn ready(result: Result<R, ProtocolError>) -> Self {
        Self::Ready(result.map(Box::new))
    }
}

/// The future of one answer.
pub(crate) type Later<R> = Pin<Box<dyn Future<Output = Result<R, ProtocolError>> + Send>>;

/// What answers the calls of one entry.
pub enum Handler<R> {
    /// A function of its own.
    Plain(fn(Input) -> Answering<R>),
    /// A function with a value that it is called on.
    Bound(Box<dyn Fn(Input) -> Answering<R> + Send + Sync>),
}

impl<R> Handler<R> {
    /// Begins to answer a call.
    pub(crate) fn answer(&self, input: Input) -> Answering<R> {
        match self {
            Self::Plain(function) => function(input),
            Self::Bound(function) => function(input),
        }
    }
}

/// The future of suggestions.
pub type Suggesting = Pin<Box<dyn Future<Output = Vec<String>> + Send>>;

/// What suggests values of one argument.
pub type Completer = Box<dyn Fn(String, Context) -> Suggesting + Send + Sync>;

/// What a function is answered with that was not called, because a slot was empty in spite of all.
///
/// # Errors
/// Always.
pub fn lost<R>() -> Result<R, ProtocolError> {
    Err(ProtocolError::internal("an argument was lost"))
}

/// What a failed function answers with.
pub trait FailedAnswer: Sized {
    /// The answer.
    #[expect(clippy::missing_errors_doc, reason = "it is an error where the protocol has no other way to say it")]
    fn failed(failure: Failure) -> Result<Self, ProtocolError>;
}

impl FailedAnswer for CallToolResult {
    fn failed(failure: Failure) -> Result<Self, ProtocolError> {
        match failure {
            Failure::Told(text) => Ok(Self::error(text)),
            Failure::Protocol(error) => Err(error),
        }
    }
}

impl FailedAnswer for GetPromptResult {
    fn failed(failure: Failure) -> Result<Self, ProtocolError> {
        Err(failure.into_error())
    }
}

impl FailedAnswer for ReadResourceResult {
    fn failed(failure: Failure) -> Result<Self, ProtocolError> {
        Err(failure.into_error())
    }
}

impl Failure {
    fn into_error(self) -> ProtocolError {
        match self {
            Self::Told(text) => ProtocolError::internal(text),
            Self::Protocol(error) => error,
        }
    }
}

/// Suggestions, best first.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no list of completions",
    label = "has to return texts",
    note = "a completing function takes `(&str, &Context)` and returns a list of texts, such as `Vec<String>`; it may be `async`"
)]
pub trait Candidates {
    /// As text.
    fn texts(self) -> Vec<String>;
}

#[diagnostic::do_not_recommend]
impl<I: IntoIterator<Item: Into<String>>> Candidates for I {
    fn texts(self) -> Vec<String> {
        self.into_iter().take(1000).map(Into::into).collect()
    }
}

/// Those of a fixed list that begin with what was typed, or contain it.
pub fn candidates_of(values: &[&str], typed: &str) -> Vec<String> {
    let typed = typed.to_lowercase();
    let (mut begin, mut contain) = (Vec::new(), Vec::new());
    for value in values {
        let lower = value.to_lowercase();
        if lower.starts_with(&typed) {
            begin.push((*value).to_owned());
        } else if lower.contains(&typed) {
            contain.push((*value).to_owned());
        }
    }
    begin.append(&mut contain);
    begin
}
