//! Results that ask the client for more: how a server of 2026-07-28 elicits, samples and lists roots.
//! What is asked and answered is in `elicitation`, `sampling` and `roots`. Floor 0.

use std::collections::BTreeMap;

use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

use super::{
    CreateMessageRequestParams, CreateMessageResult, ElicitRequestParams, ElicitResult, JsonObject,
    ListRootsRequestParams, ListRootsResult, Meta, ResultType,
};

/// A result that asks the client for more. Since 2026-07-28.
///
/// The client answers by making its request again, with the answers and the state.
/// Source: 2026-07-28, "Multi Round-Trip Requests".
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InputRequiredResult {
    /// What is asked, by names that the server chose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_requests: Option<InputRequests>,
    /// What the server needs to go on where it stopped; opaque to the client, which sends it back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_state: Option<String>,
    /// [`ResultType::InputRequired`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_type: Option<ResultType>,
    /// Metadata of the result.
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
}

/// What a server asks, by names that it chose. Since 2026-07-28.
pub type InputRequests = BTreeMap<String, InputRequest>;

/// What a client answers, by the names under which it was asked. Since 2026-07-28.
pub type InputResponses = BTreeMap<String, InputResponse>;

/// One thing that a server asks: a request without an id. Since 2026-07-28.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "method", content = "params")]
pub enum InputRequest {
    /// Ask the model.
    #[serde(rename = "sampling/createMessage")]
    CreateMessage(CreateMessageRequestParams),
    /// List the roots.
    #[serde(rename = "roots/list")]
    ListRoots(Option<ListRootsRequestParams>),
    /// Ask the user.
    #[serde(rename = "elicitation/create")]
    Elicit(ElicitRequestParams),
}

impl InputRequest {
    /// The method that asks the same in the revisions before.
    pub const fn method(&self) -> &'static str {
        match self {
            Self::CreateMessage(_) => "sampling/createMessage",
            Self::ListRoots(_) => "roots/list",
            Self::Elicit(_) => "elicitation/create",
        }
    }
}

impl Serialize for InputRequest {
    /// By hand, because the derived one would write `"params":null` for roots, which no schema allows.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("method", self.method())?;
        match self {
            Self::CreateMessage(params) => map.serialize_entry("params", params)?,
            Self::ListRoots(None) => {}
            Self::ListRoots(Some(params)) => map.serialize_entry("params", params)?,
            Self::Elicit(params) => map.serialize_entry("params", params)?,
        }
        map.end()
    }
}

/// One thing that a client answers. Since 2026-07-28.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum InputResponse {
    /// The model's message.
    CreateMessage(CreateMessageResult),
    /// The roots.
    ListRoots(ListRootsResult),
    /// What the user did.
    Elicit(ElicitResult),
}

impl<'de> Deserialize<'de> for InputResponse {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // An answer does not say what it answers; each kind has one required member that the others do not know.
        let answer = JsonObject::deserialize(deserializer)?;
        let has = |key: &str| answer.contains_key(key);
        let (is_elicit, is_roots, is_message) = (has("action"), has("roots"), has("model"));
        let answer = Value::Object(answer);
        let decoded = if is_elicit {
            ElicitResult::deserialize(answer).map(Self::Elicit)
        } else if is_roots {
            ListRootsResult::deserialize(answer).map(Self::ListRoots)
        } else if is_message {
            CreateMessageResult::deserialize(answer).map(Self::CreateMessage)
        } else {
            return Err(de::Error::custom("expected an answer with a member `action`, `roots` or `model`"));
        };
        decoded.map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::{InputRequest, InputResponse};

    #[test]
    fn each_request_is_encoded_as_it_came() {
        for json in [
            r#"{"method":"roots/list"}"#,
            r#"{"method":"roots/list","params":{}}"#,
            r#"{"method":"sampling/createMessage","params":{"messages":[],"maxTokens":1}}"#,
            r#"{"method":"elicitation/create","params":{"mode":"url","message":"m","url":"https://a.b/"}}"#,
        ] {
            let request: InputRequest = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&request).unwrap(), json);
        }
        assert!(serde_json::from_str::<InputRequest>(r#"{"method":"tools/call","params":{}}"#).is_err());
    }

    #[test]
    fn each_answer_is_told_from_the_others() {
        type IsRight = fn(&InputResponse) -> bool;
        let cases: [(&str, IsRight); 3] = [
            (r#"{"action":"decline"}"#, |a| matches!(a, InputResponse::Elicit(_))),
            (r#"{"roots":[{"uri":"file:///a"}]}"#, |a| matches!(a, InputResponse::ListRoots(_))),
            (r#"{"role":"assistant","content":{"type":"text","text":"t"},"model":"m"}"#, |a| {
                matches!(a, InputResponse::CreateMessage(_))
            }),
        ];
        for (json, is_right) in cases {
            let answer: InputResponse = serde_json::from_str(json).unwrap();
            assert!(is_right(&answer), "{json} became {answer:?}");
            assert_eq!(serde_json::to_string(&answer).unwrap(), json);
        }
        for (json, expected) in
            [("{}", "`action`, `roots` or `model`"), (r#"{"action":"maybe"}"#, "unknown variant `maybe`")]
        {
            let message = serde_json::from_str::<InputResponse>(json).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }
}
