//! The protocol's data: one set of types, shaped like the newest revision, for the wire of all five.
//! Holds what every message shares and re-exports the rest flat. What an older revision must not see is `lower`'s
//! business; methods, frames and error codes are not here. Floor 0.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Unexpected};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

mod result;

mod content;
mod prompt;
mod resource;
mod tool;

mod completion;
mod logging;
mod progress;

mod elicitation;
mod form;
mod input;
mod roots;
mod sampling;

mod cancel;
mod record;
mod subscription;
mod task;

mod capability;
mod discovery;
mod implementation;
mod initialize;

pub(crate) mod lower;

pub use cancel::*;
pub use capability::*;
pub use completion::*;
pub use content::*;
pub use discovery::*;
pub use elicitation::*;
pub use form::*;
pub use implementation::*;
pub use initialize::*;
pub use input::*;
pub use logging::*;
pub use progress::*;
pub use prompt::*;
pub(crate) use record::{Asked, Questions, Standing, TaskRecord};
pub use resource::*;
pub use result::*;
pub use roots::*;
pub use sampling::*;
pub use subscription::*;
pub use task::*;
pub use tool::*;

/// A JSON object, its members in the order in which they were written.
pub type JsonObject = serde_json::Map<String, serde_json::Value>;

/// The contents of a `_meta` member.
///
/// Keys are `prefix/name`; a prefix whose second label is `mcp` or `modelcontextprotocol` belongs to the protocol.
/// Source: 2026-07-28, "Overview", "General fields", "`_meta`".
pub type Meta = JsonObject;

/// Where the next page of a list begins; opaque to the client.
pub type Cursor = String;

/// What ties progress notifications to the request that asked for them.
///
/// Chosen by the requester and, like a request id, a string or an integer.
pub type ProgressToken = RequestId;

/// The `_meta` key of a request that holds its protocol revision. Since 2026-07-28, and required there.
pub const PROTOCOL_VERSION_KEY: &str = "io.modelcontextprotocol/protocolVersion";
/// The `_meta` key of a request that holds the client's [`Implementation`]. Since 2026-07-28.
pub const CLIENT_INFO_KEY: &str = "io.modelcontextprotocol/clientInfo";
/// The `_meta` key of a request that holds its [`ClientCapabilities`]. Since 2026-07-28, and required there.
pub const CLIENT_CAPABILITIES_KEY: &str = "io.modelcontextprotocol/clientCapabilities";
/// The `_meta` key of a request that asks for log messages of at least this [`LoggingLevel`]. Since 2026-07-28.
pub const LOG_LEVEL_KEY: &str = "io.modelcontextprotocol/logLevel";
/// The `_meta` key that names the `subscriptions/listen` request a notification belongs to. Since 2026-07-28.
pub const SUBSCRIPTION_ID_KEY: &str = "io.modelcontextprotocol/subscriptionId";
/// The `_meta` key of a result that holds the server's [`Implementation`]. Since 2026-07-28.
pub const SERVER_INFO_KEY: &str = "io.modelcontextprotocol/serverInfo";
/// The `_meta` key of a request that asks for progress notifications, in every revision.
pub const PROGRESS_TOKEN_KEY: &str = "progressToken";

/// The id of a request: an integer or a string.
///
/// JSON-RPC would also allow `null` and fractions; the protocol does not, and neither does this type.
/// Source: 2026-07-28, "Overview", "Requests".
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RequestId {
    /// An integer.
    Number(i64),
    /// A string, possibly one that looks like an integer; `"1"` and `1` are two different ids.
    String(Box<str>),
}

impl From<i64> for RequestId {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for RequestId {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<String> for RequestId {
    fn from(text: String) -> Self {
        Self::String(text.into_boxed_str())
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::String(text) => f.write_str(text),
        }
    }
}

impl Serialize for RequestId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => serializer.serialize_i64(*number),
            Self::String(text) => serializer.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for RequestId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RequestIdVisitor)
    }
}

/// Refuses arrays and objects at their first byte: an id that large is never built in memory.
struct RequestIdVisitor;

impl<'de> de::Visitor<'de> for RequestIdVisitor {
    type Value = RequestId;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or an integer of at most 64 bits")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<RequestId, E> {
        Ok(RequestId::Number(number))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<RequestId, E> {
        i64::try_from(number).map(RequestId::Number).map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<RequestId, E> {
        Ok(text.into())
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<RequestId, E> {
        Ok(text.into())
    }

    /// Any crate of a build can turn on the feature `arbitrary_precision` of `serde_json` for all of it; a number then
    /// arrives as a map with one reserved key. Without the feature this refuses every map.
    fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<RequestId, A::Error> {
        serde_json::Number::deserialize(MapAccessDeserializer::new(map))
            .ok()
            .and_then(|number| number.as_i64())
            .map(RequestId::Number)
            .ok_or_else(|| de::Error::invalid_type(Unexpected::Map, &self))
    }
}

#[cfg(test)]
mod tests {
    use super::RequestId;

    #[test]
    fn request_ids_are_integers_or_strings_and_survive_a_round_trip() {
        for (json, id) in [
            ("1", RequestId::Number(1)),
            ("-9223372036854775808", RequestId::Number(i64::MIN)),
            ("9223372036854775807", RequestId::Number(i64::MAX)),
            ("\"1\"", RequestId::from("1")),
            ("\"\"", RequestId::from("")),
            ("\"a\\nb\"", RequestId::from("a\nb")),
        ] {
            assert_eq!(serde_json::from_str::<RequestId>(json).unwrap(), id);
            assert_eq!(serde_json::to_string(&id).unwrap(), json);
            let value = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::from_value::<RequestId>(value).unwrap(), id, "{json} by way of Value");
        }
    }

    #[test]
    fn request_ids_are_nothing_else() {
        for json in ["null", "true", "1.5", "1.0", "1e3", "9223372036854775808", "-9223372036854775809", "[1]", "{}"] {
            let message = serde_json::from_str::<RequestId>(json).unwrap_err().to_string();
            assert!(message.contains("expected a string or an integer of at most 64 bits"), "{json}: {message}");
        }
    }
}
