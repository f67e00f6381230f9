//! What the headers of a request say of its body: everything is read from the frame itself, so that the two agree
//! (2026-07-28, "Streamable HTTP", "Request Metadata"). Floor 6.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::method::Method;

pub(super) const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
pub(super) const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
pub(super) const LAST_EVENT: HeaderName = HeaderName::from_static("last-event-id");
const METHOD: HeaderName = HeaderName::from_static("mcp-method");
const NAME: HeaderName = HeaderName::from_static("mcp-name");

/// A frame as far as headers repeat it.
#[derive(Debug, Deserialize)]
pub(super) struct Outline<'f> {
    #[serde(borrow, default)]
    pub(super) method: Option<Cow<'f, str>>,
    #[serde(borrow, default)]
    params: Option<Params<'f>>,
}

#[derive(Debug, Deserialize)]
struct Params<'f> {
    #[serde(borrow, default)]
    name: Option<&'f RawValue>,
    #[serde(borrow, default)]
    uri: Option<&'f RawValue>,
    #[serde(borrow, default)]
    arguments: Option<&'f RawValue>,
    #[serde(borrow, default, rename = "taskId")]
    task: Option<&'f RawValue>,
    #[serde(borrow, default, rename = "_meta")]
    meta: Option<Meta<'f>>,
}

#[derive(Debug, Deserialize)]
struct Meta<'f> {
    #[serde(borrow, default, rename = "io.modelcontextprotocol/protocolVersion")]
    version: Option<Cow<'f, str>>,
}

impl<'f> Outline<'f> {
    /// Reads a frame of this client's own; one that cannot be read has no headers.
    pub(super) fn of(frame: &'f [u8]) -> Self {
        crate::text::from_bytes(frame).unwrap_or(Self { method: None, params: None })
    }

    pub(super) fn is(&self, method: Method) -> bool {
        self.method.as_deref() == Some(method.as_str())
    }

    /// The revision that the request names for itself.
    pub(super) fn version(&self) -> Option<&str> {
        self.params.as_ref()?.meta.as_ref()?.version.as_deref()
    }

    /// The tool, prompt, resource or task that the request is for.
    pub(super) fn name(&self) -> Option<String> {
        let params = self.params.as_ref()?;
        let name = match Method::parse(self.method.as_deref()?)? {
            Method::CallTool | Method::GetPrompt => params.name,
            Method::ReadResource => params.uri,
            Method::GetTask | Method::UpdateTask | Method::CancelTask => params.task,
            _ => None,
        };
        serde_json::from_str(name?.get()).ok()
    }

    pub(super) fn arguments(&self) -> Option<&'f RawValue> {
        self.params.as_ref()?.arguments
    }

    /// Adds what every request of 2026-07-28 repeats; says whether it is one.
    pub(super) fn add(&self, headers: &mut HeaderMap) -> bool {
        let Some(version) = self.version() else { return false };
        headers.insert(VERSION, value(version));
        if let Some(method) = &self.method {
            headers.insert(METHOD, value(method));
        }
        if let Some(name) = self.name() {
            headers.insert(NAME, value(&name));
        }
        true
    }
}

/// A text as the value of a header: as it is where that is safe, else as Base64 between two marks (2026-07-28, "Streamable
/// HTTP", "Value Encoding").
pub(super) fn value(text: &str) -> HeaderValue {
    let is_plain =
        text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t')) && text.trim_matches([' ', '\t']) == text;
    let is_marked = text.starts_with("=?base64?") && text.ends_with("?=");
    let encoded = if is_plain && !is_marked {
        HeaderValue::from_str(text)
    } else {
        HeaderValue::from_str(&format!("=?base64?{}?=", STANDARD.encode(text)))
    };
    // Both are visible ASCII, which a header always takes.
    encoded.unwrap_or_else(|_| HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_plain_where_that_is_safe() {
        for (text, expected) in [
            ("us-west1", "us-west1"),
            ("", ""),
            ("inner space\tand tab", "inner space\tand tab"),
            ("Hello, \u{4e16}\u{754c}", "=?base64?SGVsbG8sIOS4lueVjA==?="),
            (" padded ", "=?base64?IHBhZGRlZCA=?="),
            ("line1\nline2", "=?base64?bGluZTEKbGluZTI=?="),
            ("=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="),
        ] {
            assert_eq!(value(text).to_str().unwrap(), expected);
        }
    }

    #[test]
    fn a_frame_says_what_its_headers_repeat() {
        let frame = br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":{},
            "_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}"#;
        let mut headers = HeaderMap::new();
        assert!(Outline::of(frame).add(&mut headers));
        let said = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        assert_eq!((said(&VERSION), said(&METHOD), said(&NAME)), (Some("2026-07-28"), Some("tools/call"), Some("t")));
        let mut headers = HeaderMap::new();
        assert!(!Outline::of(br#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#).add(&mut headers));
        assert!(headers.is_empty());
    }
}
