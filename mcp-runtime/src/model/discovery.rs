//! Discovery: what a server of 2026-07-28 is, asked for without a handshake. Floor 0.

use serde::{Deserialize, Serialize};

use super::{CacheScope, Meta, ResultType, ServerCapabilities};

/// The answer to `server/discover`. Since 2026-07-28.
///
/// The server's name and version are in its `_meta`, under [`SERVER_INFO_KEY`](super::SERVER_INFO_KEY).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DiscoverResult {
    /// The revisions that the server speaks.
    pub supported_versions: Vec<String>,
    /// What it can do.
    pub capabilities: ServerCapabilities,
    /// How to use it, for a model to read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// For how many milliseconds the result may be cached.
    #[serde(default, deserialize_with = "super::result::ttl", skip_serializing_if = "Option::is_none")]
    pub ttl_ms: Option<u64>,
    /// Who may be served the cached result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_scope: Option<CacheScope>,
    /// How the result is to be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_type: Option<ResultType>,
    /// Metadata of the result.
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
}
