//! The two errors a user of this crate meets: a `ProtocolError` goes to the client as a JSON-RPC error object, an `Error`
//! comes back from starting or running a server or a client. What a tool reports to the model is neither: that is a
//! result with `isError`. Floor 0.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use serde::Serialize;
use serde_json::{Value, json};

use crate::revision::Revision;

/// The input was not JSON (JSON-RPC 2.0).
pub(crate) const PARSE_ERROR: i64 = -32700;
/// The input was JSON but not a valid request (JSON-RPC 2.0).
pub(crate) const INVALID_REQUEST: i64 = -32600;
/// No such method, or none in the revision in use (JSON-RPC 2.0).
pub(crate) const METHOD_NOT_FOUND: i64 = -32601;
/// The method's parameters are wrong: also an unknown tool, prompt or cursor (JSON-RPC 2.0).
pub(crate) const INVALID_PARAMS: i64 = -32602;
/// The server failed (JSON-RPC 2.0).
pub(crate) const INTERNAL_ERROR: i64 = -32603;
/// No such resource, up to 2025-11-25; from 2026-07-28 on [`INVALID_PARAMS`] says it.
pub(crate) const RESOURCE_NOT_FOUND: i64 = -32002;
/// A header of HTTP is missing, ill-formed, or says something else than the body (2026-07-28).
#[cfg(any(feature = "http", feature = "client"))]
pub(crate) const HEADER_MISMATCH: i64 = -32020;
/// The client would have to declare a capability (2026-07-28).
pub(crate) const MISSING_CLIENT_CAPABILITY: i64 = -32021;
/// The revision that a request names is not served (2026-07-28).
pub(crate) const UNSUPPORTED_PROTOCOL_VERSION: i64 = -32022;

/// A failure of the protocol: what the client gets as a JSON-RPC error object.
///
/// Return it from a tool, resource or prompt (`Result<T, ProtocolError>`) when the call itself makes no sense. What a
/// model should read and mend is an ordinary error of a tool instead.
///
/// ```
/// use mcp_runtime::{tool, ProtocolError};
///
/// /// Deletes a table.
/// #[tool(destructive)]
/// fn drop_table(name: &str) -> Result<String, ProtocolError> {
///     Err(ProtocolError::invalid_params(format!("there is no table {name:?}")))
/// }
/// # assert_eq!(drop_table("t").unwrap_err().code(), -32602);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProtocolError {
    code: i64,
    message: Cow<'static, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Box<Value>>,
}

impl ProtocolError {
    /// An error of a code of your own choice.
    ///
    /// Codes from -32768 to -32000 are reserved by JSON-RPC and by the protocol; choose others for your own purposes.
    pub fn new(code: i64, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), data: None }
    }

    /// The parameters are wrong (-32602).
    pub fn invalid_params(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(INVALID_PARAMS, message)
    }

    /// The server failed (-32603).
    pub fn internal(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(INTERNAL_ERROR, message)
    }

    pub(crate) fn parse(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(PARSE_ERROR, message)
    }

    pub(crate) fn invalid_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(INVALID_REQUEST, message)
    }

    pub(crate) fn method_not_found(method: &str) -> Self {
        Self::new(METHOD_NOT_FOUND, format!("unknown method {}", quoted(method)))
    }

    /// There is no resource of this URI: -32602 in 2026-07-28, -32002 before, with the URI as data.
    pub fn resource_not_found(uri: &str) -> Self {
        Self::new(RESOURCE_NOT_FOUND, format!("no resource {}", quoted(uri)))
            .with_data(json!({ "uri": shortened(uri) }))
    }

    /// The same error with a reason in its message.
    pub(crate) fn because(mut self, reason: &str) -> Self {
        self.message = format!("{}: {reason}", self.message).into();
        self
    }

    #[cfg(feature = "http")]
    pub(crate) fn header_mismatch(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(HEADER_MISMATCH, message)
    }

    pub(crate) fn unsupported_revision(requested: &str) -> Self {
        let supported: Vec<_> = Revision::ALL.iter().rev().map(|revision| revision.as_str()).collect();
        Self::new(UNSUPPORTED_PROTOCOL_VERSION, format!("unsupported protocol version {}", quoted(requested)))
            .with_data(json!({ "supported": supported, "requested": shortened(requested) }))
    }

    /// The client would have to declare `required` (2026-07-28, "Error Codes").
    pub(crate) fn missing_capability(means: &str, required: &Value) -> Self {
        Self::new(MISSING_CLIENT_CAPABILITY, format!("the request needs a client that declares that it can {means}"))
            .with_data(json!({ "requiredCapabilities": required }))
    }

    /// An error as a peer sent it.
    pub(crate) fn read(json: &str) -> Self {
        match serde_json::from_str::<crate::model::ErrorObject>(json) {
            Ok(error) => Self {
                code: error.code,
                message: shortened(&error.message).into_owned().into(),
                data: error.data.map(Box::new),
            },
            Err(_) => Self::internal("an error without code and message"),
        }
    }

    /// The same error with further details for the client.
    #[must_use]
    pub fn with_data(mut self, data: Value) -> Self {
        self.data = Some(Box::new(data));
        self
    }

    /// The JSON-RPC code.
    pub fn code(&self) -> i64 {
        self.code
    }

    /// What went wrong, for people.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Further details, if there are any.
    pub fn data(&self) -> Option<&Value> {
        self.data.as_deref()
    }

    /// Renumbers what the revisions number differently (2026-07-28, "Error Codes").
    pub(crate) fn lower(&mut self, revision: Revision) {
        self.code = self.code_in(revision);
    }

    /// The code as this revision numbers it.
    pub(crate) fn code_in(&self, revision: Revision) -> i64 {
        match self.code {
            RESOURCE_NOT_FOUND if revision >= Revision::V2026_07_28 => INVALID_PARAMS,
            code => code,
        }
    }
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code)
    }
}

impl StdError for ProtocolError {}

/// What a peer sent, cut to a length that is safe to send back or to print.
pub(crate) fn shortened(text: &str) -> Cow<'_, str> {
    const MOST: usize = 120;
    match text.char_indices().nth(MOST) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
    }
}

/// The same between backticks, with control characters made visible.
pub(crate) fn quoted(text: &str) -> String {
    format!("`{}`", visible(&shortened(text)))
}

/// Control characters escaped.
fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() { out.extend(c.escape_default()) } else { out.push(c) }
    }
    out
}

/// What `serde_json` says went wrong, without the position, which means nothing to whoever did not see the text.
pub(crate) fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    bounded(text.rsplit_once(" at line ").map_or(text.as_str(), |(reason, _)| reason))
}

/// What a parser says. It repeats what it was given as it is and as long as it is: the middle of that is left out, and control
/// characters are escaped.
pub(crate) fn bounded(text: &str) -> String {
    const HALF: usize = 200;
    let start_of_last = text.char_indices().nth_back(HALF - 1).map_or(0, |(at, _)| at);
    match text.char_indices().nth(HALF) {
        Some((end_of_first, _)) if end_of_first < start_of_last => {
            let (first, last) = (text.get(..end_of_first), text.get(start_of_last..));
            format!("{}…{}", visible(first.unwrap_or_default()), visible(last.unwrap_or_default()))
        }
        _ => visible(text),
    }
}

/// What can go wrong while a server or a client starts or runs.
///
/// Every `std::error::Error` converts into it, so `?` works in a `main` that returns [`Result`]. For the same reason it
/// is not a `std::error::Error` itself; it converts into a boxed one, and into `anyhow::Error` with the feature `anyhow`.
pub struct Error(Box<dyn StdError + Send + Sync>);

/// The result of a `main` that runs a server.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error with a message of its own.
    pub fn msg(message: impl Into<String>) -> Self {
        Self(message.into().into())
    }

    /// The error inside, if it is of this type.
    pub fn downcast_ref<E: StdError + 'static>(&self) -> Option<&E> {
        self.0.downcast_ref()
    }
}

impl<E: StdError + Send + Sync + 'static> From<E> for Error {
    fn from(error: E) -> Self {
        Self(Box::new(error))
    }
}

impl From<Error> for Box<dyn StdError + Send + Sync> {
    fn from(error: Error) -> Self {
        error.0
    }
}

impl From<Error> for Box<dyn StdError> {
    fn from(error: Error) -> Self {
        error.0
    }
}

#[cfg(feature = "anyhow")]
impl From<Error> for anyhow::Error {
    fn from(error: Error) -> Self {
        Self::from_boxed(error.0)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&chain(self.0.as_ref()))
    }
}

/// The same text as `Display`: it is what Rust prints when `main` returns the error.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An error's text followed by its causes, each once.
pub(crate) fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    // Bounded, because a cause may point back at itself.
    for _ in 0..16 {
        let Some(error) = cause else { break };
        let level = error.to_string();
        if !text.contains(&level) {
            text.push_str(": ");
            text.push_str(&level);
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_peer_sent_is_cut_and_made_visible() {
        assert_eq!(quoted("a\u{1b}[31m\nb"), "`a\\u{1b}[31m\\nb`");
        assert_eq!(shortened(&"ä".repeat(1000)).chars().count(), 121);
        assert_eq!(bounded("unknown variant `\u{1b}[2J`"), "unknown variant `\\u{1b}[2J`");
        assert_eq!(bounded(&"ä".repeat(400)), "ä".repeat(400));
        assert_eq!(
            bounded(&format!("a{}z", "ä".repeat(1 << 20))),
            format!("a{}…{}z", "ä".repeat(199), "ä".repeat(199))
        );
    }

    #[test]
    fn a_missing_resource_is_renumbered_by_revision() {
        for (revision, code) in [(Revision::V2025_11_25, -32002), (Revision::V2026_07_28, -32602)] {
            let mut error = ProtocolError::resource_not_found("note://1");
            error.lower(revision);
            assert_eq!(error.code(), code);
        }
    }

    #[test]
    fn an_error_prints_its_causes_once() {
        #[derive(Debug)]
        struct Outer(std::num::ParseIntError);
        impl fmt::Display for Outer {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the port is wrong")
            }
        }
        impl StdError for Outer {
            fn source(&self) -> Option<&(dyn StdError + 'static)> {
                Some(&self.0)
            }
        }
        let Err(cause) = "x".parse::<u8>() else { panic!("`x` is no number") };
        assert_eq!(format!("{:?}", Error::from(Outer(cause))), "the port is wrong: invalid digit found in string");
    }
}
