//! The methods that a struct must have to be a tool or a prompt. Floor 2.

use std::marker::PhantomData;

use super::{Nothing, Probe};
use crate::context::Context;
use crate::error::ProtocolError;
use crate::model::{CallToolResult, GetPromptResult};
use crate::output::{IntoPrompt, IntoToolResult};

/// What a struct's method gives that is not there.
pub struct Absent<T>(PhantomData<fn(T)>);

/// A context where only the type of what is made from it matters.
///
/// # Panics
/// Always: nobody calls it.
pub fn no_context<'c>() -> &'c Context {
    unreachable!("asked for a type only")
}

/// Stands in for a method `call` that a `#[tool]` struct lacks. It is found last, because it borrows mutably.
pub trait NoCall: Sized {
    /// Not the method that is meant.
    fn call(&mut self, _: &Context) -> Absent<Self> {
        Absent(PhantomData)
    }
}
impl<T> NoCall for T {}

/// Stands in for a method `render` that a `#[prompt]` struct lacks.
pub trait NoRender: Sized {
    /// Not the method that is meant.
    fn render(&mut self) -> Absent<Self> {
        Absent(PhantomData)
    }
}
impl<T> NoRender for T {}

impl<T> IntoToolResult for Absent<T> {
    fn into_tool_result(self) -> Result<CallToolResult, ProtocolError> {
        Err(ProtocolError::internal("the method is missing"))
    }
}

#[diagnostic::do_not_recommend]
impl<T> IntoPrompt for Absent<T> {
    fn into_prompt(self) -> GetPromptResult {
        GetPromptResult::default()
    }
}

/// Is it what a method gives that is there?
pub trait IsPresent {
    /// The answer.
    fn presence(&self) -> Present {
        Present
    }
}
impl<T> IsPresent for Probe<T> {}

/// Is it what an absent method gives?
pub trait IsAbsent<T> {
    /// The answer.
    fn presence(&self) -> Absent<T> {
        Absent(PhantomData)
    }
}
impl<T> IsAbsent<T> for &Probe<Absent<T>> {}

/// The method is there.
pub struct Present;

/// Holds for a struct with `call`.
#[diagnostic::on_unimplemented(
    message = "the tool `{Self}` has no method `call`",
    label = "nothing to run when a client calls it",
    note = "add it: `impl {Self} {{ async fn call(self, cx: &Context) -> … }}`"
)]
pub trait HasCall<A>: Sized {
    /// Asserts it, on the span of the call.
    fn assert(_: &Probe<Self>, _: &A) {}
}
#[diagnostic::do_not_recommend]
impl<T> HasCall<Nothing> for T {}
#[diagnostic::do_not_recommend]
impl<T> HasCall<Present> for T {}

/// Holds for a struct with `render`.
#[diagnostic::on_unimplemented(
    message = "the prompt `{Self}` has no method `render`",
    label = "nothing to render when a client asks for it",
    note = "add it: `impl {Self} {{ fn render(self) -> String }}`"
)]
pub trait HasRender<A>: Sized {
    /// Asserts it, on the span of the call.
    fn assert(_: &Probe<Self>, _: &A) {}
}
#[diagnostic::do_not_recommend]
impl<T> HasRender<Nothing> for T {}
#[diagnostic::do_not_recommend]
impl<T> HasRender<Present> for T {}
