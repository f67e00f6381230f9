//! What every request says beside its parameters: the caller's own metadata, where progress goes, and since 2026-07-28 who
//! the client is. And what every result says of itself. Floor 6.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::error::Error;
use crate::error::shortened;
use crate::method::Method;
use crate::model::{
    CLIENT_CAPABILITIES_KEY, CLIENT_INFO_KEY, ClientCapabilities, Implementation, JsonObject, LOG_LEVEL_KEY,
    LoggingLevel, PROGRESS_TOKEN_KEY, PROTOCOL_VERSION_KEY, RequestId, ResultType,
};
use crate::revision::Revision;

/// A request's parameters with its `_meta`.
#[derive(serde::Serialize)]
pub(super) struct Stamped<'m, P: Serialize> {
    #[serde(flatten)]
    pub(super) params: &'m P,
    #[serde(rename = "_meta", skip_serializing_if = "Meta::is_empty")]
    pub(super) meta: Meta<'m>,
}

/// The `_meta` of a request.
#[derive(Clone, Copy)]
pub(super) struct Meta<'m> {
    /// What the caller says. It wins.
    pub(super) own: &'m JsonObject,
    /// The request's own id stands for its progress.
    pub(super) progress_token: Option<&'m RequestId>,
    pub(super) modern: Option<Modern<'m>>,
}

/// What every request of a revision without a handshake says (2026-07-28, "Overview", "Per-request protocol fields").
#[derive(Clone, Copy)]
pub(super) struct Modern<'m> {
    pub(super) revision: Revision,
    pub(super) info: &'m Implementation,
    pub(super) capabilities: &'m ClientCapabilities,
    pub(super) log_level: Option<LoggingLevel>,
}

impl Meta<'_> {
    fn is_empty(&self) -> bool {
        self.own.is_empty() && self.progress_token.is_none() && self.modern.is_none()
    }
}

impl Serialize for Meta<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in self.own {
            map.serialize_entry(key, value)?;
        }
        let is_free = |key: &str| !self.own.contains_key(key);
        if let Some(token) = self.progress_token.filter(|_| is_free(PROGRESS_TOKEN_KEY)) {
            map.serialize_entry(PROGRESS_TOKEN_KEY, token)?;
        }
        let Some(Modern { revision, info, capabilities, log_level }) = &self.modern else { return map.end() };
        if is_free(PROTOCOL_VERSION_KEY) {
            map.serialize_entry(PROTOCOL_VERSION_KEY, revision.as_str())?;
        }
        if is_free(CLIENT_INFO_KEY) {
            map.serialize_entry(CLIENT_INFO_KEY, info)?;
        }
        if is_free(CLIENT_CAPABILITIES_KEY) {
            map.serialize_entry(CLIENT_CAPABILITIES_KEY, capabilities)?;
        }
        if let Some(level) = log_level.filter(|_| is_free(LOG_LEVEL_KEY)) {
            map.serialize_entry(LOG_LEVEL_KEY, &level)?;
        }
        map.end()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Outline {
    result_type: Option<ResultType>,
}

/// How a result is to be read; one that does not say is complete.
pub(super) fn kind(method: Method, result: &[u8]) -> Result<ResultType, Error> {
    let Outline { result_type } = crate::text::from_bytes(result).map_err(|error| invalid(method, &error))?;
    Ok(result_type.unwrap_or_default())
}

/// Reads a result, if it is complete.
pub(super) fn decode<R: DeserializeOwned>(method: Method, result: &[u8]) -> Result<R, Error> {
    match kind(method, result)? {
        ResultType::Complete => crate::text::from_bytes(result).map_err(|error| invalid(method, &error)),
        result_type => Err(Error::Incomplete { server: String::new(), method, result_type }),
    }
}

pub(super) fn invalid(method: Method, error: &serde_json::Error) -> Error {
    Error::invalid(method, shortened(&error.to_string()))
}
