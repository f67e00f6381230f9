//! What a tool can return, and what a resource can be served from. Floor 2.

use schemars::generate::SchemaGenerator;
use schemars::{JsonSchema, Schema};
use serde::ser::Serialize;

use super::{Direct, Probe, Serialized, Unusable};
use crate::error::ProtocolError;
use crate::model::{CallToolResult, ResourceContents};
use crate::output::{IntoResource, IntoToolResult, json_contents, structured};

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
        let result = structured(&value);
        // Before the function ends: a value that panics when it is dropped there takes the result with it, which would never be
        // freed (rust-lang/rust#47949).
        drop(value);
        result
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
        let contents = json_contents(&value, uri, mime);
        // As above.
        drop(value);
        contents
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
