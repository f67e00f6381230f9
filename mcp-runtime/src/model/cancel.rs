//! Cancelling a request that is still running. Floor 0.

use serde::{Deserialize, Serialize};

use super::{Meta, RequestId};

/// The parameters of `notifications/cancelled`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CancelledNotificationParams {
    /// Which request; one that the sender of this notification made itself.
    pub request_id: RequestId,
    /// Why, for people to read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Metadata of the notification.
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
}
