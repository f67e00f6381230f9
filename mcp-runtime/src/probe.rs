//! Lets generated code ask what a type can do without naming a wrapper: `(&&Probe::<T>::new()).argument()` picks the most
//! specific of several traits, because method lookup tries fewer dereferences first. Each question has a last answer that
//! fits every type and does nothing, so that only the one assertion in generated code fails, with one message. Floor 2.

use std::convert::Infallible;
use std::error::Error as StdError;
use std::fmt::Display;
use std::future::Ready;
use std::marker::PhantomData;

use schemars::generate::SchemaGenerator;
use schemars::{JsonSchema, Schema, json_schema};
use serde::de::{DeserializeOwned, Error as _, MapAccess};
use serde::ser::Serialize;
use serde_json::Value;

use crate::context::Context;
use crate::entry::{Empty, Group};
use crate::error::{ProtocolError, chain};
use crate::message::Text;
use crate::model::{CallToolResult, GetPromptResult, ResourceContents};
use crate::output::{IntoPrompt, IntoResource, IntoToolResult, json_contents, structured};

/// A question about a type.
pub struct Probe<T>(PhantomData<fn(T)>);

impl<T> Probe<T> {
    /// About a type that is named.
    #[expect(clippy::new_without_default, reason = "only generated code makes one")]
    pub const fn new() -> Self {
        Self(PhantomData)
    }

    /// About the type that a function returns; the function is not called.
    pub fn returned<A>(_: impl FnOnce(A) -> T) -> Self {
        Self::new()
    }

    /// About the type of a value.
    pub const fn of(_: &T) -> Self {
        Self(PhantomData)
    }
}

macro_rules! answers {
    ($($(#[$doc:meta])* $name:ident;)*) => { $(
        $(#[$doc])*
        pub struct $name<T>(PhantomData<fn(T)>);
        impl<T> $name<T> {
            const fn new() -> Self { Self(PhantomData) }
        }
    )* };
}

answers! {
    /// A type that can be an argument and has a schema.
    Typed;
    /// A type that can be read but has no schema: enough for prompts and URIs.
    Untyped;
    /// A type that cannot be used here.
    Unusable;
    /// A type that says itself how it is sent.
    Direct;
    /// A type that is sent as its serialized value.
    Serialized;
    /// A type that is an error with causes.
    Caused;
    /// A type that can at least be displayed.
    Displayed;
    /// A type that is no `Result` and no `Option`.
    Plain;
    /// A `Result`.
    Fallible;
    /// An `Option`.
    Optional;
    /// A future.
    Waiting;
    /// A type that serializes.
    Json;
    /// A type that a server can be given.
    Grouped;
}

// ── Arguments ──

/// Can it be read, and has it a schema?
pub trait TypedArgument<T> {
    /// The answer.
    fn argument(&self) -> Typed<T> {
        Typed::new()
    }
}
impl<T: DeserializeOwned + JsonSchema> TypedArgument<T> for &&Probe<T> {}

/// Can it be read?
pub trait UntypedArgument<T> {
    /// The answer.
    fn argument(&self) -> Untyped<T> {
        Untyped::new()
    }
}
impl<T: DeserializeOwned> UntypedArgument<T> for &Probe<T> {}

/// Whatever it is.
pub trait AnyArgument<T> {
    /// The answer.
    fn argument(&self) -> Unusable<T> {
        Unusable::new()
    }
}
impl<T> AnyArgument<T> for Probe<T> {}

/// Something that reads one argument.
#[expect(clippy::missing_errors_doc, reason = "the errors are the deserializer's")]
pub trait ReadArgument {
    /// What it reads.
    type Value<'de>;
    /// Reads the next value.
    fn next_value<'de, A: MapAccess<'de>>(&self, map: &mut A) -> Result<Self::Value<'de>, A::Error>;
    /// Its schema.
    fn schema(&self, generator: &mut SchemaGenerator) -> Schema;
}

impl<T: DeserializeOwned + JsonSchema> ReadArgument for Typed<T> {
    type Value<'de> = T;
    fn next_value<'de, A: MapAccess<'de>>(&self, map: &mut A) -> Result<T, A::Error> {
        map.next_value()
    }
    fn schema(&self, generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }
}

impl<T: DeserializeOwned> ReadArgument for Untyped<T> {
    type Value<'de> = T;
    fn next_value<'de, A: MapAccess<'de>>(&self, map: &mut A) -> Result<T, A::Error> {
        map.next_value()
    }
    fn schema(&self, _: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

impl<T> ReadArgument for Unusable<T> {
    type Value<'de> = T;
    fn next_value<'de, A: MapAccess<'de>>(&self, _: &mut A) -> Result<T, A::Error> {
        Err(A::Error::custom("this type cannot be read"))
    }
    fn schema(&self, _: &mut SchemaGenerator) -> Schema {
        Schema::default()
    }
}

/// Reads text that borrows from the frame.
pub struct BorrowedText;

impl ReadArgument for BorrowedText {
    type Value<'de> = Text<'de>;
    fn next_value<'de, A: MapAccess<'de>>(&self, map: &mut A) -> Result<Text<'de>, A::Error> {
        map.next_value()
    }
    fn schema(&self, generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<str>()
    }
}

/// Reads text that borrows from the frame and may be left out.
pub struct BorrowedOption;

impl ReadArgument for BorrowedOption {
    type Value<'de> = Option<Text<'de>>;
    fn next_value<'de, A: MapAccess<'de>>(&self, map: &mut A) -> Result<Option<Text<'de>>, A::Error> {
        map.next_value()
    }
    fn schema(&self, generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<Option<String>>()
    }
}

/// No answer. Where only one answer would do, the compiler took it for granted and complained about a mismatch instead.
pub struct Nothing;

/// Holds for what can be an argument of a tool: `A` is the answer about the type, `I` that about the type inside it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a tool",
    label = "needs `serde::Deserialize` and `schemars::JsonSchema`",
    note = "derive both: `#[derive(serde::Deserialize, schemars::JsonSchema)]`",
    note = "a value that the server fills in is taken as `State<T>` or `&Context`; an alias or a type of your own that \
            implements `FromContext` is marked with `#[inject]`"
)]
pub trait IsArgument<A, I>: Sized {
    /// Asserts it, on the span of the call.
    fn assert(_: &Probe<Self>, _: &I, _: &A) {}
}
#[diagnostic::do_not_recommend]
impl<T, I> IsArgument<Nothing, I> for T {}
#[diagnostic::do_not_recommend]
impl<T, I> IsArgument<Typed<T>, I> for T {}
// What is inside has been told of.
#[diagnostic::do_not_recommend]
impl<T, I> IsArgument<Unusable<T>, Unusable<I>> for T {}
#[diagnostic::do_not_recommend]
impl<T, I> IsArgument<Unusable<T>, Untyped<I>> for T {}
#[diagnostic::do_not_recommend]
impl<T, I> IsArgument<Untyped<T>, Untyped<I>> for T {}

/// Holds for what can be an argument of a prompt or a variable of a URI template.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from text",
    label = "needs `serde::Deserialize`",
    note = "arguments of prompts and variables of URI templates come as text; derive `serde::Deserialize`, or take a \
            `String` and parse it",
    note = "a value that the server fills in is taken as `State<T>` or `&Context`; an alias or a type of your own that \
            implements `FromContext` is marked with `#[inject]`"
)]
pub trait IsVariable<A, I>: Sized {
    /// Asserts it, on the span of the call.
    fn assert(_: &Probe<Self>, _: &I, _: &A) {}
}
#[diagnostic::do_not_recommend]
impl<T, I> IsVariable<Typed<T>, I> for T {}
#[diagnostic::do_not_recommend]
impl<T, I> IsVariable<Untyped<T>, I> for T {}
#[diagnostic::do_not_recommend]
impl<T, I> IsVariable<Unusable<T>, Unusable<I>> for T {}

/// Text, which has a length and can match a pattern.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no text, so `length` and `pattern` cannot bound it",
    label = "needs `AsRef<str>`",
    note = "implement `AsRef<str>` for it, or check the value inside the function"
)]
pub trait IsText {
    /// The text.
    fn text(&self) -> &str;
}
#[diagnostic::do_not_recommend]
impl<T: AsRef<str> + ?Sized> IsText for T {
    fn text(&self) -> &str {
        self.as_ref()
    }
}

/// A collection, which has a number of items.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no list, so `items` cannot bound it",
    label = "needs to be a collection such as `Vec<T>`",
    note = "`&{Self}` must be `IntoIterator` with an iterator that knows its length"
)]
pub trait IsList {
    /// How many items there are.
    fn count(&self) -> usize;
}
#[diagnostic::do_not_recommend]
impl<T: ?Sized> IsList for T
where
    for<'t> &'t T: IntoIterator<IntoIter: ExactSizeIterator>,
{
    fn count(&self) -> usize {
        self.into_iter().len()
    }
}

// ── Methods of structs ──

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

// ── `Result` and `Option` ──

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
    #[expect(clippy::missing_errors_doc, reason = "it hands on what it was given")]
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
    #[expect(clippy::missing_errors_doc, reason = "there is no error")]
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

// ── Futures ──

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

// ── Values in a schema ──

/// Does it serialize?
pub trait JsonValue<T> {
    /// The answer.
    fn json(&self) -> Json<T> {
        Json::new()
    }
}
impl<T: Serialize> JsonValue<T> for &Probe<T> {}

/// Whatever it is.
pub trait AnyValue<T> {
    /// The answer.
    fn json(&self) -> Unusable<T> {
        Unusable::new()
    }
}
impl<T> AnyValue<T> for Probe<T> {}

/// Something that turns a value into JSON, if it can.
#[expect(clippy::missing_errors_doc, reason = "the errors are the serializer's")]
pub trait ToJson<T> {
    /// The value as JSON.
    fn value(&self, value: &T) -> Option<Value>;
    /// The value as the contents of a resource.
    fn contents(&self, value: &T, uri: &str, mime: Option<&str>) -> Result<Vec<ResourceContents>, ProtocolError>;
}
impl<T: Serialize> ToJson<T> for Json<T> {
    fn value(&self, value: &T) -> Option<Value> {
        serde_json::to_value(value).ok()
    }
    fn contents(&self, value: &T, uri: &str, mime: Option<&str>) -> Result<Vec<ResourceContents>, ProtocolError> {
        json_contents(value, uri, mime)
    }
}
impl<T> ToJson<T> for Unusable<T> {
    fn value(&self, _: &T) -> Option<Value> {
        None
    }
    fn contents(&self, _: &T, _: &str, _: Option<&str>) -> Result<Vec<ResourceContents>, ProtocolError> {
        Err(ProtocolError::internal("the contents cannot be sent"))
    }
}

/// Holds for a struct that is served as its own value.
#[diagnostic::on_unimplemented(
    message = "the resource `{Self}` cannot be written as JSON",
    label = "needs `serde::Serialize`",
    note = "derive it: `#[derive(serde::Serialize)]`"
)]
pub trait IsJson<A>: Sized {
    /// Asserts it, on the span of the call.
    fn assert(_: &Probe<Self>, _: &A) {}
}
#[diagnostic::do_not_recommend]
impl<T> IsJson<Nothing> for T {}
#[diagnostic::do_not_recommend]
impl<T> IsJson<Json<T>> for T {}

// ── Results of tools ──

/// Does it say itself how a tool answers with it?
pub trait DirectOutput<T> {
    /// The answer.
    fn output(&self) -> Direct<T> {
        Direct::new()
    }
}
impl<T: IntoToolResult> DirectOutput<T> for &&Probe<T> {}

/// Can it be structured content?
pub trait StructuredOutput<T> {
    /// The answer.
    fn output(&self) -> Serialized<T> {
        Serialized::new()
    }
}
impl<T: Serialize + JsonSchema> StructuredOutput<T> for &Probe<T> {}

/// Whatever it is.
pub trait AnyOutput<T> {
    /// The answer.
    fn output(&self) -> Unusable<T> {
        Unusable::new()
    }
}
impl<T> AnyOutput<T> for Probe<T> {}

/// Something that turns a value into a tool's answer.
#[expect(clippy::missing_errors_doc, reason = "the errors are the conversion's")]
pub trait ToolOutput<T> {
    /// Converts the value.
    fn tool_result(&self, value: T) -> Result<CallToolResult, ProtocolError>;
    /// The output schema, where there is one.
    fn output_schema(&self, generator: &mut SchemaGenerator) -> Schema;
}

impl<T: IntoToolResult> ToolOutput<T> for Direct<T> {
    fn tool_result(&self, value: T) -> Result<CallToolResult, ProtocolError> {
        value.into_tool_result()
    }
    fn output_schema(&self, _: &mut SchemaGenerator) -> Schema {
        Schema::default()
    }
}

impl<T: Serialize + JsonSchema> ToolOutput<T> for Serialized<T> {
    fn tool_result(&self, value: T) -> Result<CallToolResult, ProtocolError> {
        structured(&value)
    }
    fn output_schema(&self, generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }
}

impl<T> ToolOutput<T> for Unusable<T> {
    fn tool_result(&self, _: T) -> Result<CallToolResult, ProtocolError> {
        Err(ProtocolError::internal("the result cannot be sent"))
    }
    fn output_schema(&self, _: &mut SchemaGenerator) -> Schema {
        Schema::default()
    }
}

/// Holds for what a tool can return: `A` is the answer about the type, `I` that about the type inside it.
#[diagnostic::on_unimplemented(
    message = "a tool cannot return `{Self}`",
    label = "needs `serde::Serialize` and `schemars::JsonSchema`",
    note = "derive both to answer with structured content: `#[derive(serde::Serialize, schemars::JsonSchema)]`",
    note = "or return text (`String`), content (`ContentBlock`, `ImageContent`, …), a number, `()` or a `CallToolResult`"
)]
pub trait IsOutput<A, I>: Sized {
    /// Asserts it, on the span of the call.
    fn assert(_: &Probe<Self>, _: &I, _: &A) {}
}
#[diagnostic::do_not_recommend]
impl<T, I> IsOutput<Direct<T>, I> for T {}
#[diagnostic::do_not_recommend]
impl<T, I> IsOutput<Serialized<T>, I> for T {}
#[diagnostic::do_not_recommend]
impl<T, I> IsOutput<Unusable<T>, Unusable<I>> for T {}

// ── Contents of resources ──

/// Does it say itself how a resource is served?
pub trait DirectContents<T> {
    /// The answer.
    fn contents(&self) -> Direct<T> {
        Direct::new()
    }
}
impl<T: IntoResource> DirectContents<T> for &&Probe<T> {}

/// Can it be serialized?
pub trait SerializedContents<T> {
    /// The answer.
    fn contents(&self) -> Serialized<T> {
        Serialized::new()
    }
}
impl<T: Serialize> SerializedContents<T> for &Probe<T> {}

/// Whatever it is.
pub trait AnyContents<T> {
    /// The answer.
    fn contents(&self) -> Unusable<T> {
        Unusable::new()
    }
}
impl<T> AnyContents<T> for Probe<T> {}

/// Something that turns a value into a resource's contents.
#[expect(clippy::missing_errors_doc, reason = "the errors are the conversion's")]
pub trait ResourceOutput<T> {
    /// Converts the value.
    fn resource(&self, value: T, uri: &str, mime: Option<&str>) -> Result<Vec<ResourceContents>, ProtocolError>;
}

impl<T: IntoResource> ResourceOutput<T> for Direct<T> {
    fn resource(&self, value: T, uri: &str, mime: Option<&str>) -> Result<Vec<ResourceContents>, ProtocolError> {
        Ok(value.into_resource(uri, mime))
    }
}

impl<T: Serialize> ResourceOutput<T> for Serialized<T> {
    fn resource(&self, value: T, uri: &str, mime: Option<&str>) -> Result<Vec<ResourceContents>, ProtocolError> {
        json_contents(&value, uri, mime)
    }
}

impl<T> ResourceOutput<T> for Unusable<T> {
    fn resource(&self, _: T, _: &str, _: Option<&str>) -> Result<Vec<ResourceContents>, ProtocolError> {
        Err(ProtocolError::internal("the contents cannot be sent"))
    }
}

/// Holds for what a resource can return.
#[diagnostic::on_unimplemented(
    message = "a resource cannot be served from `{Self}`",
    label = "needs `serde::Serialize`",
    note = "derive `serde::Serialize` to serve it as JSON, or return `String`, `Vec<u8>` or `ResourceContents`"
)]
pub trait IsContents<A, I>: Sized {
    /// Asserts it, on the span of the call.
    fn assert(_: &Probe<Self>, _: &I, _: &A) {}
}
#[diagnostic::do_not_recommend]
impl<T, I> IsContents<Direct<T>, I> for T {}
#[diagnostic::do_not_recommend]
impl<T, I> IsContents<Serialized<T>, I> for T {}
#[diagnostic::do_not_recommend]
impl<T, I> IsContents<Unusable<T>, Unusable<I>> for T {}

// ── Errors ──

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

// ── Groups ──

/// Can a server be given it?
pub trait GroupValue<T> {
    /// The answer.
    fn group(&self) -> Grouped<T> {
        Grouped::new()
    }
}
impl<T: Group> GroupValue<T> for &&Probe<T> {}

/// Has it a `#[serve] impl` at least?
pub trait DeclaredValue<T> {
    /// The answer.
    fn group(&self) -> Untyped<T> {
        Untyped::new()
    }
}
impl<T: Declared> DeclaredValue<T> for &Probe<T> {}

/// Whatever it is.
pub trait AnyGroup<T> {
    /// The answer.
    fn group(&self) -> Unusable<T> {
        Unusable::new()
    }
}
impl<T> AnyGroup<T> for Probe<T> {}

/// Has a `#[serve] impl`, even one that is wrong and has been told of.
pub trait Declared {}

impl<T: Group> Grouped<T> {
    /// The group.
    pub fn given(&self, value: T) -> T {
        value
    }
}
impl<T> Untyped<T> {
    /// Nothing, in its place.
    pub fn given(&self, _: T) -> Empty {
        Empty
    }
}
impl<T> Unusable<T> {
    /// Nothing, in its place.
    pub fn given(&self, _: T) -> Empty {
        Empty
    }
}

/// Holds for what a server can be given.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not something a server can be given",
    label = "not a tool, resource, prompt or group",
    note = "name an annotated function by its path, without calling it; a value must be a `group![…]` or of a type with a \
            `#[serve] impl`"
)]
pub trait IsGroup<A>: Sized {
    /// Asserts it, on the span of the call.
    fn assert(_: &Probe<Self>, _: &A) {}
}
#[diagnostic::do_not_recommend]
impl<T> IsGroup<Grouped<T>> for T {}
#[diagnostic::do_not_recommend]
impl<T> IsGroup<Untyped<T>> for T {}
