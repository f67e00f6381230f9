//! Progress of a request that takes a while. Floor 0.

use serde::{Deserialize, Serialize};
use serde_json::Number;

use super::{Meta, ProgressToken};

/// The parameters of `notifications/progress`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProgressNotificationParams {
    /// The token that the request came with.
    pub progress_token: ProgressToken,
    /// How far it is; every notification says more than the one before.
    pub progress: Number,
    /// How far it will be in the end, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<Number>,
    /// What is being done, for people to read. Since 2025-03-26.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Metadata of the notification.
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
}
