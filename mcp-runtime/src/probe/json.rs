//! Values that can stand in a schema. Floor 2.

use serde::ser::Serialize;
use serde_json::Value;

use super::{Json, Nothing, Probe, Unusable};
use crate::error::ProtocolError;
use crate::model::ResourceContents;
use crate::output::json_contents;

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
