//! Elicitation: asking the user, by a form in the client or at a URL outside it.
//! The fields of a form are in `form`; when to ask and how to wait for the answer is not here. Floor 0.

use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::Value;

use super::{JsonObject, Meta, RequestedSchema};

/// The parameters of `elicitation/create`. Since 2025-06-18.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum ElicitRequestParams {
    /// A form in the client.
    Form(ElicitRequestFormParams),
    /// A page outside the client. Since 2025-11-25.
    Url(ElicitRequestURLParams),
}

impl<'de> Deserialize<'de> for ElicitRequestParams {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let params = JsonObject::deserialize(deserializer)?;
        let is_url = params.get("mode").and_then(Value::as_str) == Some("url");
        let params = Value::Object(params);
        let decoded = if is_url {
            ElicitRequestURLParams::deserialize(params).map(Self::Url)
        } else {
            ElicitRequestFormParams::deserialize(params).map(Self::Form)
        };
        decoded.map_err(de::Error::custom)
    }
}

/// The parameters of an elicitation by form. Never for secrets: those are what URLs are for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ElicitRequestFormParams {
    /// Says that it is a form; absent means the same. Since 2025-11-25.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<FormMode>,
    /// What the user is told.
    pub message: String,
    /// The fields of the form.
    pub requested_schema: RequestedSchema,
    /// Metadata of the request. Until 2025-11-25.
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
}

/// The mode of an elicitation by form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FormMode {
    /// A form.
    #[default]
    Form,
}

/// The parameters of an elicitation by URL. Since 2025-11-25.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "mode", rename = "url", rename_all = "camelCase")]
pub struct ElicitRequestURLParams {
    /// What the user is told.
    pub message: String,
    /// Where the user is sent.
    pub url: String,
    /// What a later `notifications/elicitation/complete` refers to. 2025-11-25 only, and required there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elicitation_id: Option<String>,
    /// Metadata of the request. Until 2025-11-25.
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
}

/// The client's answer to `elicitation/create`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ElicitResult {
    /// What the user did.
    pub action: ElicitAction,
    /// What the user filled in; present only for a form that was accepted.
    ///
    /// Strings, numbers and booleans; lists of strings since 2025-11-25.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<JsonObject>,
    /// Metadata of the result. Until 2025-11-25.
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
}

impl ElicitResult {
    /// The user agreed, and filled this in.
    pub fn accept(content: JsonObject) -> Self {
        Self { action: ElicitAction::Accept, content: Some(content), meta: None }
    }

    /// The user said no.
    pub fn decline() -> Self {
        Self { action: ElicitAction::Decline, content: None, meta: None }
    }

    /// The user turned away without an answer.
    pub fn cancel() -> Self {
        Self { action: ElicitAction::Cancel, content: None, meta: None }
    }
}

/// What a user did when asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ElicitAction {
    /// Filled in the form, or agreed to open the URL.
    Accept,
    /// Said no.
    Decline,
    /// Turned away without an answer.
    Cancel,
}

/// The parameters of `notifications/elicitation/complete`: what happened at the URL is over. 2025-11-25 only.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ElicitationCompleteNotificationParams {
    /// The id that the request came with.
    pub elicitation_id: String,
    /// Metadata of the notification.
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
}

#[cfg(test)]
mod tests {
    use super::ElicitRequestParams as Params;

    #[test]
    fn the_mode_tells_a_url_from_a_form() {
        for (json, is_url) in [
            (r#"{"mode":"url","message":"m","url":"https://a.b/"}"#, true),
            (r#"{"mode":"form","message":"m","requestedSchema":{"type":"object","properties":{}}}"#, false),
            (r#"{"message":"m","requestedSchema":{"type":"object","properties":{}}}"#, false),
        ] {
            let params: Params = serde_json::from_str(json).unwrap();
            assert_eq!(matches!(params, Params::Url(_)), is_url, "{json}");
            assert_eq!(serde_json::to_string(&params).unwrap(), json);
        }
        let message = serde_json::from_str::<Params>(r#"{"mode":"fax","message":"m"}"#).unwrap_err().to_string();
        assert!(message.contains("unknown variant `fax`"), "{message}");
    }
}
