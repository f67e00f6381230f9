//! Subscriptions to changes: the one stream of 2026-07-28, and the requests per resource of the revisions before.
//! Which changes there are to hear of is decided elsewhere. Floor 0.

use serde::{Deserialize, Serialize};

use super::{Meta, ResultType};

/// Which changes a client wants to hear of, or will.
///
/// Since 2026-07-28. Source: 2026-07-28, "Subscriptions".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SubscriptionFilter {
    /// The list of tools changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tools_list_changed: Option<bool>,
    /// The list of prompts changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompts_list_changed: Option<bool>,
    /// The list of resources changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources_list_changed: Option<bool>,
    /// The URIs of the resources whose contents changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_subscriptions: Option<Vec<String>>,
    /// The ids of the tasks whose state changed: [`TASKS_EXTENSION`](super::TASKS_EXTENSION).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_ids: Option<Vec<String>>,
}

/// The parameters of `subscriptions/listen`. Since 2026-07-28.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SubscriptionsListenRequestParams {
    /// Which changes the client wants to hear of.
    pub notifications: SubscriptionFilter,
    /// Metadata of the request.
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
}

/// The answer to `subscriptions/listen`: the server ended the stream. Since 2026-07-28.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SubscriptionsListenResult {
    /// How the result is to be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_type: Option<ResultType>,
    /// Metadata of the result; names the stream under [`SUBSCRIPTION_ID_KEY`](super::SUBSCRIPTION_ID_KEY).
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
}

/// The parameters of `notifications/subscriptions/acknowledged`, the first message of a stream. Since 2026-07-28.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SubscriptionsAcknowledgedNotificationParams {
    /// Which changes the client will hear of: what it asked for, less what the server does not offer.
    pub notifications: SubscriptionFilter,
    /// Metadata of the notification; names the stream under [`SUBSCRIPTION_ID_KEY`](super::SUBSCRIPTION_ID_KEY).
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
}

/// The parameters of `notifications/resources/updated`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ResourceUpdatedNotificationParams {
    /// The resource that changed; possibly a part of the one that was subscribed to.
    pub uri: String,
    /// Metadata of the notification.
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
}

/// The parameters of `resources/subscribe`. Until 2025-11-25.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SubscribeRequestParams {
    /// The resource whose changes the client wants to hear of.
    pub uri: String,
    /// Metadata of the request.
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
}

/// The parameters of `resources/unsubscribe`. Until 2025-11-25.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UnsubscribeRequestParams {
    /// The resource whose changes the client no longer wants to hear of.
    pub uri: String,
    /// Metadata of the request.
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
}
