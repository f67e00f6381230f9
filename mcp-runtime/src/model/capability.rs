//! Capabilities: what a server and a client say that they can do.
//! Deriving a server's from what was registered is not done here. Floor 0.

use std::fmt;

use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::JsonObject;

/// Reads capabilities: the members that are named here, which are all of the type, and whatever else stands there into `other`.
/// What serde makes for that keeps what it does not know in a form of its own first. On the wire, members are called as here.
macro_rules! capabilities {
    ($name:ident { $($member:ident),* }) => {
        $(const _: () = assert!(is_one_word(stringify!($member)), "it is called otherwise on the wire");)*

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Members;

                impl<'de> Visitor<'de> for Members {
                    type Value = $name;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("an object of capabilities")
                    }

                    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<$name, A::Error> {
                        let mut other = JsonObject::new();
                        $(let mut $member = None::<Option<_>>;)*
                        while let Some(name) = map.next_key::<String>()? {
                            match name.as_str() {
                                $(stringify!($member) if $member.is_some() => {
                                    return Err(A::Error::duplicate_field(stringify!($member)));
                                }
                                stringify!($member) => $member = Some(map.next_value()?),)*
                                _ => drop(other.insert(name, map.next_value()?)),
                            }
                        }
                        Ok($name { $($member: $member.flatten(),)* other })
                    }
                }

                deserializer.deserialize_map(Members)
            }
        }
    };
}

/// Whether a name is the same in every way of writing names.
const fn is_one_word(name: &str) -> bool {
    let mut rest = name.as_bytes();
    while let [first, behind @ ..] = rest {
        if !first.is_ascii_lowercase() {
            return false;
        }
        rest = behind;
    }
    true
}

capabilities!(ServerCapabilities { logging, completions, prompts, resources, tools, extensions, experimental });
capabilities!(ClientCapabilities { roots, sampling, elicitation, extensions, experimental });

/// What a server can do.
///
/// A member that is absent means no; an empty object means the plain thing.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ServerCapabilities {
    /// It sends log messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logging: Option<JsonObject>,
    /// It completes arguments. Since 2025-03-26; servers of 2024-11-05 did so without saying.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completions: Option<JsonObject>,
    /// It has prompts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompts: Option<PromptsCapability>,
    /// It has resources.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<ResourcesCapability>,
    /// It has tools.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tools: Option<ToolsCapability>,
    /// Extensions that it supports, with their settings. Since 2026-07-28.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extensions: Option<JsonObject>,
    /// Things outside the protocol that it can do, with their settings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub experimental: Option<JsonObject>,
    /// Everything else that was said, such as the `tasks` of 2025-11-25.
    #[serde(flatten)]
    pub other: JsonObject,
}

/// What a server can do with prompts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PromptsCapability {
    /// It tells when the list changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list_changed: Option<bool>,
}

/// What a server can do with resources.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourcesCapability {
    /// It tells when the contents of a resource change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscribe: Option<bool>,
    /// It tells when the list changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list_changed: Option<bool>,
}

/// What a server can do with tools.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolsCapability {
    /// It tells when the list changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list_changed: Option<bool>,
}

/// What a client can do.
///
/// A member that is absent means no; an empty object means the plain thing.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ClientCapabilities {
    /// It has roots to list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roots: Option<RootsCapability>,
    /// It lets a server use its model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sampling: Option<SamplingCapability>,
    /// It lets a server ask its user. Since 2025-06-18.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elicitation: Option<ElicitationCapability>,
    /// Extensions that it supports, with their settings. Since 2026-07-28.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extensions: Option<JsonObject>,
    /// Things outside the protocol that it can do, with their settings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub experimental: Option<JsonObject>,
    /// Everything else that was said, such as the `tasks` of 2025-11-25.
    #[serde(flatten)]
    pub other: JsonObject,
}

impl ClientCapabilities {
    /// Whether the client supports the extension of this id: it names it, with settings or with none.
    ///
    /// Since 2026-07-28, where each request says so for itself.
    pub fn has_extension(&self, id: &str) -> bool {
        self.extensions.as_ref().and_then(|extensions| extensions.get(id)).is_some_and(Value::is_object)
    }
}

/// What a client can do with roots.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RootsCapability {
    /// It tells when the list changes. Until 2025-11-25.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list_changed: Option<bool>,
}

/// What a client can do for a server that wants to use its model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SamplingCapability {
    /// It includes the context of servers on request. Since 2025-11-25, where it is already soft-deprecated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<JsonObject>,
    /// It lets the model use tools that the server names. Since 2025-11-25.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tools: Option<JsonObject>,
}

/// What a client can do for a server that wants to ask its user.
///
/// An empty one, and every one of 2025-06-18, means forms; see [`allows_form`](Self::allows_form).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ElicitationCapability {
    /// It shows forms. Since 2025-11-25.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub form: Option<JsonObject>,
    /// It opens URLs. Since 2025-11-25.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<JsonObject>,
}

impl ElicitationCapability {
    /// Whether the client shows forms: it says so, or it says nothing at all.
    ///
    /// Source: 2026-07-28, "Elicitation", "Capabilities".
    pub fn allows_form(&self) -> bool {
        self.form.is_some() || self.url.is_none()
    }

    /// Whether the client opens URLs.
    pub fn allows_url(&self) -> bool {
        self.url.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::ClientCapabilities;

    #[test]
    fn what_the_protocol_does_not_name_is_kept() {
        let json =
            r#"{"roots":{"listChanged":true},"sampling":null,"experimental":{"a":1},"tasks":{"b":2},"c":[null]}"#;
        let capabilities: ClientCapabilities = serde_json::from_str(json).unwrap();
        assert_eq!(capabilities.roots.as_ref().and_then(|roots| roots.list_changed), Some(true));
        assert_eq!((capabilities.sampling.as_ref(), capabilities.other.len()), (None, 2));
        let written = serde_json::to_string(&capabilities).unwrap();
        assert_eq!(written, json.replace(r#""sampling":null,"#, ""));
        for (wrong, reason) in [
            (r#"{"roots":null,"roots":{}}"#, "duplicate field `roots`"),
            (r#"{"roots":1}"#, "invalid type: integer `1`"),
            ("[]", "invalid type: sequence, expected an object of capabilities"),
        ] {
            let error = serde_json::from_str::<ClientCapabilities>(wrong).unwrap_err().to_string();
            assert!(error.starts_with(reason), "{wrong}: {error}");
        }
    }

    #[test]
    fn an_extension_is_supported_when_it_is_named_with_settings_or_none() {
        for (json, expected) in [
            (r#"{"extensions":{"a.b/c":{}}}"#, true),
            (r#"{"extensions":{"a.b/c":{"d":1}}}"#, true),
            (r#"{"extensions":{"a.b/c":null}}"#, false),
            (r#"{"extensions":{"a.b/d":{}}}"#, false),
            (r#"{"experimental":{"a.b/c":{}}}"#, false),
            (r#"{"a.b/c":{}}"#, false),
        ] {
            let capabilities: ClientCapabilities = serde_json::from_str(json).unwrap();
            assert_eq!(capabilities.has_extension("a.b/c"), expected, "{json}");
        }
    }
}
