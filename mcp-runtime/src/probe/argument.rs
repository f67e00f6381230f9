//! What can be an argument of a tool, a variable of a URI or an argument of a prompt, and how it is read. Floor 2.

use schemars::generate::SchemaGenerator;
use schemars::{JsonSchema, Schema, json_schema};
use serde::de::{DeserializeOwned, Error as _};

use super::{Nothing, Probe, Typed, Untyped, Unusable};
use crate::arguments::Given;
use crate::message::Text;

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
    /// Reads an argument into its slot.
    fn fill<'de>(
        &self,
        given: &mut Given<'_, 'de>,
        slot: &mut Option<Self::Value<'de>>,
    ) -> Result<(), serde_json::Error>;
    /// Its schema.
    fn schema(&self, generator: &mut SchemaGenerator) -> Schema;
}

impl<T: DeserializeOwned + JsonSchema> ReadArgument for Typed<T> {
    type Value<'de> = T;
    fn fill(&self, given: &mut Given<'_, '_>, slot: &mut Option<T>) -> Result<(), serde_json::Error> {
        given.fill(slot)
    }
    fn schema(&self, generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }
}

impl<T: DeserializeOwned> ReadArgument for Untyped<T> {
    type Value<'de> = T;
    fn fill(&self, given: &mut Given<'_, '_>, slot: &mut Option<T>) -> Result<(), serde_json::Error> {
        given.fill(slot)
    }
    fn schema(&self, _: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

impl<T> ReadArgument for Unusable<T> {
    type Value<'de> = T;
    fn fill(&self, _: &mut Given<'_, '_>, _: &mut Option<T>) -> Result<(), serde_json::Error> {
        Err(serde_json::Error::custom("this type cannot be read"))
    }
    fn schema(&self, _: &mut SchemaGenerator) -> Schema {
        Schema::default()
    }
}

/// Reads text that borrows from the frame.
pub struct BorrowedText;

impl ReadArgument for BorrowedText {
    type Value<'de> = Text<'de>;
    fn fill<'de>(&self, given: &mut Given<'_, 'de>, slot: &mut Option<Text<'de>>) -> Result<(), serde_json::Error> {
        given.fill(slot)
    }
    fn schema(&self, generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<str>()
    }
}

/// Reads text that borrows from the frame and may be left out.
pub struct BorrowedOption;

impl ReadArgument for BorrowedOption {
    type Value<'de> = Option<Text<'de>>;
    fn fill<'de>(
        &self,
        given: &mut Given<'_, 'de>,
        slot: &mut Option<Option<Text<'de>>>,
    ) -> Result<(), serde_json::Error> {
        given.fill(slot)
    }
    fn schema(&self, generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<Option<String>>()
    }
}

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
