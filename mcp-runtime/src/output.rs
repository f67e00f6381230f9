//! From what a function returns to what goes to the client. A plain value needs no wrapper; these traits are for values
//! that are content already. Floor 2.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Serialize;

use crate::error::ProtocolError;
use crate::model::{
    AudioContent, BlobResourceContents, CallToolResult, ContentBlock, EmbeddedResource, GetPromptResult, ImageContent,
    PromptMessage, ResourceContents, ResourceLink, Role, TextContent, TextResourceContents,
};
use crate::text::to_text;

/// A value that says itself how a tool answers with it.
///
/// Implemented for text, numbers, booleans, `()`, every kind of content, lists of content, `Option` of these, and
/// [`CallToolResult`]. Any other value that is `Serialize` and `JsonSchema` needs no trait of ours: it becomes structured
/// content with an output schema (2025-06-18 and later) and the same JSON as text.
pub trait IntoToolResult {
    /// Converts the value.
    ///
    /// # Errors
    /// Answered as a JSON-RPC error.
    fn into_tool_result(self) -> Result<CallToolResult, ProtocolError>;
}

/// A value that says itself what a resource contains.
///
/// Implemented for text, bytes, [`ResourceContents`] and lists of these. Any other value that is `Serialize` is served as
/// JSON.
pub trait IntoResource {
    /// Converts the value; `uri` is the one that was read and `mime` what the attribute says.
    fn into_resource(self, uri: &str, mime: Option<&str>) -> Vec<ResourceContents>;
}

/// A value that a prompt can be rendered to.
#[diagnostic::on_unimplemented(
    message = "a prompt cannot return `{Self}`",
    label = "needs to be text or messages",
    note = "return `String`, `PromptMessage`, `Vec<PromptMessage>` or `GetPromptResult`"
)]
pub trait IntoPrompt {
    /// Converts the value.
    fn into_prompt(self) -> GetPromptResult;
}

macro_rules! text {
    ($($type:ty)*) => { $(
        impl IntoToolResult for $type {
            fn into_tool_result(self) -> Result<CallToolResult, ProtocolError> {
                Ok(CallToolResult::text(self))
            }
        }
        impl IntoResource for $type {
            fn into_resource(self, uri: &str, mime: Option<&str>) -> Vec<ResourceContents> {
                vec![text_contents(self.into(), uri, mime)]
            }
        }
        #[diagnostic::do_not_recommend]
        impl IntoPrompt for $type {
            fn into_prompt(self) -> GetPromptResult {
                messages(vec![PromptMessage::user(String::from(self))])
            }
        }
    )* };
}

text!(String &str Box<str> Cow<'_, str>);

macro_rules! displayed {
    ($($type:ty)*) => { $(
        impl IntoToolResult for $type {
            fn into_tool_result(self) -> Result<CallToolResult, ProtocolError> {
                Ok(CallToolResult::text(self.to_string()))
            }
        }
    )* };
}

displayed!(bool char u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64);

macro_rules! content {
    ($($type:ty)*) => { $(
        impl IntoToolResult for $type {
            fn into_tool_result(self) -> Result<CallToolResult, ProtocolError> {
                Ok(of_content(vec![self.into()]))
            }
        }
        impl IntoToolResult for Vec<$type> {
            fn into_tool_result(self) -> Result<CallToolResult, ProtocolError> {
                Ok(of_content(self.into_iter().map(Into::into).collect()))
            }
        }
        #[diagnostic::do_not_recommend]
        impl IntoPrompt for $type {
            fn into_prompt(self) -> GetPromptResult {
                messages(vec![PromptMessage { role: Role::User, content: self.into() }])
            }
        }
    )* };
}

content!(ContentBlock TextContent ImageContent AudioContent EmbeddedResource ResourceLink);

impl IntoToolResult for () {
    fn into_tool_result(self) -> Result<CallToolResult, ProtocolError> {
        Ok(of_content(Vec::new()))
    }
}

impl IntoToolResult for CallToolResult {
    fn into_tool_result(self) -> Result<CallToolResult, ProtocolError> {
        Ok(self)
    }
}

impl<T: IntoToolResult> IntoToolResult for Option<T> {
    fn into_tool_result(self) -> Result<CallToolResult, ProtocolError> {
        self.map_or_else(|| ().into_tool_result(), T::into_tool_result)
    }
}

fn of_content(content: Vec<ContentBlock>) -> CallToolResult {
    CallToolResult { content, ..CallToolResult::default() }
}

/// Structured content and its mirror as text, from one serialization.
pub(crate) fn structured(value: &impl Serialize) -> Result<CallToolResult, ProtocolError> {
    let json = to_text(value).map_err(|_| ProtocolError::internal("the result could not be serialized"))?;
    Ok(CallToolResult::mirrored(json))
}

fn text_contents(text: String, uri: &str, mime: Option<&str>) -> ResourceContents {
    let mime_type = Some(mime.unwrap_or("text/plain").to_owned());
    ResourceContents::Text(TextResourceContents { uri: uri.to_owned(), mime_type, text, meta: None })
}

fn blob_contents(bytes: &[u8], uri: &str, mime: Option<&str>) -> ResourceContents {
    use base64::Engine as _;
    let mime_type = Some(mime.unwrap_or("application/octet-stream").to_owned());
    let blob = base64::engine::general_purpose::STANDARD.encode(bytes);
    ResourceContents::Blob(BlobResourceContents { uri: uri.to_owned(), mime_type, blob, meta: None })
}

/// A value as JSON text.
pub(crate) fn json_contents(
    value: &impl Serialize,
    uri: &str,
    mime: Option<&str>,
) -> Result<Vec<ResourceContents>, ProtocolError> {
    let text = to_text(value).map_err(|_| ProtocolError::internal("the resource could not be serialized"))?;
    Ok(vec![text_contents(text, uri, Some(mime.unwrap_or("application/json")))])
}

macro_rules! bytes {
    ($($type:ty)*) => { $(
        impl IntoResource for $type {
            fn into_resource(self, uri: &str, mime: Option<&str>) -> Vec<ResourceContents> {
                vec![blob_contents(&self, uri, mime)]
            }
        }
    )* };
}

bytes!(Vec<u8> &[u8] Bytes);

impl IntoResource for ResourceContents {
    fn into_resource(self, _: &str, _: Option<&str>) -> Vec<ResourceContents> {
        vec![self]
    }
}

impl IntoResource for Vec<ResourceContents> {
    fn into_resource(self, _: &str, _: Option<&str>) -> Vec<ResourceContents> {
        self
    }
}

fn messages(messages: Vec<PromptMessage>) -> GetPromptResult {
    GetPromptResult { messages, ..GetPromptResult::default() }
}

#[diagnostic::do_not_recommend]
impl IntoPrompt for PromptMessage {
    fn into_prompt(self) -> GetPromptResult {
        messages(vec![self])
    }
}

#[diagnostic::do_not_recommend]
impl IntoPrompt for Vec<PromptMessage> {
    fn into_prompt(self) -> GetPromptResult {
        messages(self)
    }
}

#[diagnostic::do_not_recommend]
impl<const N: usize> IntoPrompt for [PromptMessage; N] {
    fn into_prompt(self) -> GetPromptResult {
        messages(self.into())
    }
}

#[diagnostic::do_not_recommend]
impl IntoPrompt for GetPromptResult {
    fn into_prompt(self) -> GetPromptResult {
        self
    }
}
