//! What requests, results and notifications have in common, and the ones that have nothing else.
//! Results carry their type and their cache hints as options, because only 2026-07-28 knows them. Floor 0.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Cursor, Meta};

/// How a result is to be read.
///
/// Since 2026-07-28, and required there; a result without it is complete.
/// Source: 2026-07-28, "Overview", "Responses".
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum ResultType {
    /// The request is done and the result is its answer.
    #[default]
    Complete,
    /// The server needs more from the client first: the result is an [`InputRequiredResult`](super::InputRequiredResult).
    InputRequired,
    /// The server goes on by itself: the result is a [`CreateTaskResult`](super::CreateTaskResult).
    Task,
    /// A type that an extension defines; a client that does not know it must not use the result.
    Other(String),
}

impl ResultType {
    /// The type as it stands on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Complete => "complete",
            Self::InputRequired => "input_required",
            Self::Task => "task",
            Self::Other(name) => name,
        }
    }
}

impl From<String> for ResultType {
    fn from(name: String) -> Self {
        match name.as_str() {
            "complete" => Self::Complete,
            "input_required" => Self::InputRequired,
            "task" => Self::Task,
            _ => Self::Other(name),
        }
    }
}

impl fmt::Display for ResultType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for ResultType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ResultType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

/// Who may be served a cached result.
///
/// Since 2026-07-28. Source: 2026-07-28, "Caching".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CacheScope {
    /// Anybody: the result does not depend on who asked.
    Public,
    /// Only whoever asked, within the same authorization.
    #[default]
    Private,
}

/// Decodes `ttlMs`: a negative one counts as 0.
///
/// Source: 2026-07-28, "Caching", "Time-to-live (TTL) Field".
pub(super) fn ttl<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let Some(ttl) = Option::<serde_json::Number>::deserialize(deserializer)? else { return Ok(None) };
    match ttl.as_u64() {
        None if ttl.as_f64().is_some_and(|ttl| ttl < 0.0) => Ok(Some(0)),
        None => Err(de::Error::custom(format_args!("{ttl} is not a number of milliseconds"))),
        ttl => Ok(ttl),
    }
}

/// The parameters of a request that takes none of its own, such as `ping` or `server/discover`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RequestParams {
    /// Metadata of the request.
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
}

/// The parameters of a notification that has none of its own, such as `notifications/tools/list_changed`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NotificationParams {
    /// Metadata of the notification.
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
}

/// The parameters of every request that lists something.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PaginatedRequestParams {
    /// The cursor that the previous page ended with; absent for the first page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
    /// Metadata of the request.
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
}

/// A result that says only that the request succeeded.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EmptyResult {
    /// How the result is to be read. Since 2026-07-28.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_type: Option<ResultType>,
    /// Metadata of the result.
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
}

/// The `error` member of a JSON-RPC response.
///
/// This is the data alone; what the codes mean is not the model's business.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErrorObject {
    /// What kind of error it is.
    pub code: i64,
    /// What went wrong, in one sentence.
    pub message: String,
    /// More about it, in a shape that the code or the sender defines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<serde_json::Value>,
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::{ResultType, ttl};

    #[test]
    fn result_types_of_extensions_survive_a_round_trip() {
        for (json, kind) in [
            (r#""complete""#, ResultType::Complete),
            (r#""input_required""#, ResultType::InputRequired),
            (r#""task""#, ResultType::Task),
            (r#""a.b/c""#, ResultType::Other("a.b/c".to_owned())),
        ] {
            assert_eq!(serde_json::from_str::<ResultType>(json).unwrap(), kind);
            assert_eq!(serde_json::to_string(&kind).unwrap(), json);
        }
    }

    #[test]
    fn a_negative_ttl_is_none_at_all() {
        #[derive(Deserialize)]
        struct Hints {
            #[serde(default, deserialize_with = "ttl")]
            ttl: Option<u64>,
        }

        for (json, expected) in
            [("{}", None), (r#"{"ttl":5}"#, Some(5)), (r#"{"ttl":-5}"#, Some(0)), (r#"{"ttl":null}"#, None)]
        {
            assert_eq!(serde_json::from_str::<Hints>(json).unwrap().ttl, expected, "{json}");
        }
        assert!(serde_json::from_str::<Hints>(r#"{"ttl":0.5}"#).is_err());
    }
}
