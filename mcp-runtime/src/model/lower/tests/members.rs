//! Every type that is sent, with every member that it has, lowered to every revision and held against that revision's own
//! JSON Schema, read strictly. The schemas are test data of the workspace, `tests/protocol`.

use std::fs;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{Lower, lowered};
use crate::model::*;
use crate::revision::Revision;

/// A revision's JSON Schema, read strictly: a member that an object's schema does not name is a mistake.
struct Schema(Value);

impl Schema {
    fn of(revision: Revision) -> Self {
        let path = format!("{}/../tests/protocol/{revision}/schema.json", env!("CARGO_MANIFEST_DIR"));
        Self(serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap())
    }

    /// What is wrong with a value of the type that is defined under this name; nothing, if none is.
    fn check(&self, name: &str, value: &Value) -> Option<Vec<String>> {
        let definitions = self.0.get("$defs").or_else(|| self.0.get("definitions")).unwrap();
        if let Some(definition) = definitions.get(name) {
            return Some(self.mistakes(definition, value, name));
        }
        // Parameters stand inside their request until 2025-06-18, without the `_meta` that every request may have.
        let definition = definitions.get(name.strip_suffix("Params")?)?.pointer("/properties/params")?;
        let mut value = value.clone();
        value.as_object_mut().unwrap().shift_remove("_meta");
        Some(self.mistakes(definition, &value, name))
    }

    fn mistakes(&self, schema: &Value, value: &Value, at: &str) -> Vec<String> {
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            return self.mistakes(self.0.pointer(&reference[1..]).unwrap(), value, at);
        }
        if let Some(Value::Array(choices)) = schema.get("anyOf") {
            let each = choices.iter().map(|choice| self.mistakes(choice, value, at));
            return each.min_by_key(Vec::len).unwrap();
        }
        if schema.get("const").is_some_and(|constant| constant != value) {
            return vec![format!("{at} is {value}, which tells it from {}", schema["const"])];
        }
        match value {
            Value::Object(object) => {
                let known = schema.get("properties").and_then(Value::as_object);
                let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
                let missing = required.filter_map(Value::as_str).filter(|name| !object.contains_key(*name));
                let mut mistakes: Vec<String> = missing.map(|name| format!("{at}/{name} is missing")).collect();
                // The keys of `_meta` are open, although the schema of the newest revision names those that it reserves.
                for (name, member) in object.iter().filter(|_| !at.ends_with("/_meta")) {
                    let at = format!("{at}/{name}");
                    match known.and_then(|known| known.get(name)).or_else(|| schema.get("additionalProperties")) {
                        Some(schema) => mistakes.extend(self.mistakes(schema, member, &at)),
                        None if known.is_some_and(|known| !known.is_empty()) => {
                            mistakes.push(format!("{at} is unknown"));
                        }
                        None => {}
                    }
                }
                mistakes
            }
            Value::Array(items) => {
                let schema = schema.get("items").unwrap_or(&Value::Null);
                let each = items.iter().enumerate();
                each.flat_map(|(index, item)| self.mistakes(schema, item, &format!("{at}/{index}"))).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// Lowers a value with every member there is to every revision that has the type, and holds it against the schema.
fn fits<T: DeserializeOwned + Serialize + Lower>(definition: &str, json: &Value) {
    let mut revisions = 0;
    for revision in Revision::ALL {
        let schema = Schema::of(revision);
        let value = lowered::<T>(json, revision);
        let Some(mistakes) = schema.check(definition, &value) else { continue };
        assert!(mistakes.is_empty(), "in {revision}: {mistakes:#?}");
        assert_eq!(lowered::<T>(&value, revision), value, "{definition} lowered twice to {revision}");
        revisions += 1;
    }
    assert_ne!(revisions, 0, "no schema defines {definition}");
}

fn full_meta() -> Value {
    json!({ "example.com/a": 1 })
}

fn full_icons() -> Value {
    json!([{ "src": "https://a.b/c.png", "mimeType": "image/png", "sizes": ["48x48"], "theme": "dark" }])
}

fn full_annotations() -> Value {
    json!({ "audience": ["user"], "priority": 0.5, "lastModified": "2025-01-12T15:00:58Z" })
}

pub(super) fn full_implementation() -> Value {
    json!({
        "name": "n", "version": "1", "title": "t", "description": "d", "websiteUrl": "https://a.b", "icons": full_icons()
    })
}

pub(super) fn full_tool() -> Value {
    json!({
        "name": "n", "title": "t", "description": "d",
        "inputSchema": { "type": "object", "properties": { "any": true }, "required": ["any"] },
        "outputSchema": { "type": "array" },
        "annotations": {
            "title": "t", "readOnlyHint": true, "destructiveHint": false, "idempotentHint": true, "openWorldHint": false
        },
        "icons": full_icons(), "_meta": full_meta()
    })
}

fn full_resource() -> Value {
    json!({
        "uri": "file:///a", "name": "n", "title": "t", "description": "d", "mimeType": "text/plain",
        "annotations": full_annotations(), "size": 1, "icons": full_icons(), "_meta": full_meta()
    })
}

fn full_template() -> Value {
    json!({
        "uriTemplate": "file:///{a}", "name": "n", "title": "t", "description": "d", "mimeType": "text/plain",
        "annotations": full_annotations(), "icons": full_icons(), "_meta": full_meta()
    })
}

fn full_contents() -> Value {
    json!([
        { "uri": "file:///a", "mimeType": "text/plain", "text": "t", "_meta": full_meta() },
        { "uri": "file:///b", "mimeType": "image/png", "blob": "YQ==", "_meta": full_meta() }
    ])
}

fn full_content() -> Vec<Value> {
    let mut content = vec![
        json!({ "type": "text", "text": "t" }),
        json!({ "type": "image", "data": "YQ==", "mimeType": "image/png" }),
        json!({ "type": "audio", "data": "YQ==", "mimeType": "audio/wav" }),
        json!({ "type": "resource", "resource": full_contents()[0] }),
        json!({ "type": "resource", "resource": full_contents()[1] }),
    ];
    for block in &mut content {
        block["annotations"] = full_annotations();
        block["_meta"] = full_meta();
    }
    let mut link = full_resource();
    link["type"] = "resource_link".into();
    content.push(link);
    content
}

fn full_prompt() -> Value {
    json!({
        "name": "n", "title": "t", "description": "d", "icons": full_icons(), "_meta": full_meta(),
        "arguments": [{ "name": "n", "title": "t", "description": "d", "required": true }]
    })
}

pub(super) fn full_server_capabilities() -> Value {
    json!({
        "logging": {}, "completions": {}, "prompts": { "listChanged": true },
        "resources": { "subscribe": true, "listChanged": true }, "tools": { "listChanged": true },
        "extensions": { "a.b/c": {} }, "experimental": { "x": {} }, "tasks": { "list": {} }
    })
}

fn full_client_capabilities() -> Value {
    json!({
        "roots": { "listChanged": true }, "sampling": { "context": {}, "tools": {} },
        "elicitation": { "form": {}, "url": {} },
        "extensions": { "a.b/c": {} }, "experimental": { "x": {} }, "tasks": { "list": {} }
    })
}

fn full_sampling_content() -> Vec<Value> {
    let mut content = full_content();
    content.retain(|block| ["text", "image", "audio"].iter().any(|kind| block["type"] == *kind));
    content.push(json!({ "type": "tool_use", "id": "1", "name": "n", "input": { "a": 1 }, "_meta": full_meta() }));
    content.push(json!({
        "type": "tool_result", "toolUseId": "1", "content": full_content(), "structuredContent": [1], "isError": true,
        "_meta": full_meta()
    }));
    content
}

fn full_sampling() -> Value {
    json!({
        "messages": [{ "role": "user", "content": full_sampling_content(), "_meta": full_meta() }],
        "modelPreferences": {
            "hints": [{ "name": "n" }], "costPriority": 0.1, "speedPriority": 0.2, "intelligencePriority": 1
        },
        "systemPrompt": "p", "includeContext": "none", "temperature": 0.5, "maxTokens": 9, "stopSequences": ["s"],
        "metadata": { "a": 1 }, "tools": [full_tool()], "toolChoice": { "mode": "auto" }, "_meta": full_meta()
    })
}

fn full_form() -> Value {
    json!({
        "mode": "form", "message": "m", "_meta": full_meta(),
        "requestedSchema": {
            "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "required": ["s"],
            "properties": {
                "s": {
                    "type": "string", "title": "t", "description": "d", "minLength": 1, "maxLength": 2, "format": "uri",
                    "default": "x"
                },
                "n": { "type": "number", "title": "t", "description": "d", "minimum": 1, "maximum": 2, "default": 1.5 },
                "b": { "type": "boolean", "title": "t", "description": "d", "default": true },
                "u": { "type": "string", "title": "t", "description": "d", "enum": ["a"], "default": "a" },
                "o": { "type": "string", "oneOf": [{ "const": "a", "title": "A" }], "default": "a" },
                "l": { "type": "string", "enum": ["a"], "enumNames": ["A"], "default": "a" }
            }
        }
    })
}

fn full_url() -> Value {
    json!({ "mode": "url", "message": "m", "url": "https://a.b", "elicitationId": "1", "_meta": full_meta() })
}

/// The members of a list's page besides its items.
fn page(items: &str, item: &Value) -> Value {
    json!({
        items: [item], "nextCursor": "c", "ttlMs": 1, "cacheScope": "public", "resultType": "complete",
        "_meta": full_meta()
    })
}

#[test]
fn results_have_the_members_that_each_revision_knows_and_requires() {
    fits::<ServerCapabilities>("ServerCapabilities", &full_server_capabilities());
    fits::<DiscoverResult>(
        "DiscoverResult",
        &json!({
            "supportedVersions": ["v"], "capabilities": full_server_capabilities(), "instructions": "i",
            "_meta": full_meta()
        }),
    );
    fits::<Implementation>("Implementation", &full_implementation());
    fits::<EmptyResult>("Result", &json!({ "resultType": "complete", "_meta": full_meta() }));
    fits::<ListToolsResult>("ListToolsResult", &page("tools", &full_tool()));
    fits::<ListPromptsResult>("ListPromptsResult", &page("prompts", &full_prompt()));
    fits::<ListResourcesResult>("ListResourcesResult", &page("resources", &full_resource()));
    fits::<ListResourceTemplatesResult>("ListResourceTemplatesResult", &page("resourceTemplates", &full_template()));
    fits::<CallToolResult>(
        "CallToolResult",
        &json!({ "content": full_content(), "structuredContent": [1], "isError": true, "_meta": full_meta() }),
    );
    fits::<ReadResourceResult>("ReadResourceResult", &json!({ "contents": full_contents(), "_meta": full_meta() }));
    let messages: Vec<Value> =
        full_content().into_iter().map(|content| json!({ "role": "assistant", "content": content })).collect();
    fits::<GetPromptResult>("GetPromptResult", &json!({ "description": "d", "messages": messages }));
    fits::<CompleteResult>(
        "CompleteResult",
        &json!({ "completion": { "values": ["a"], "total": 1, "hasMore": false }, "_meta": full_meta() }),
    );
    fits::<SubscriptionsListenResult>("SubscriptionsListenResult", &json!({ "_meta": { SUBSCRIPTION_ID_KEY: 1 } }));
    let asked = [
        json!({ "method": "elicitation/create", "params": full_form() }),
        json!({ "method": "elicitation/create", "params": full_url() }),
        json!({ "method": "sampling/createMessage", "params": full_sampling() }),
        json!({ "method": "roots/list", "params": { "_meta": full_meta() } }),
    ];
    let lowered = asked.iter().map(|asked| {
        fits::<InputRequest>("InputRequest", asked);
        lowered::<InputRequest>(asked, Revision::V2026_07_28).to_string()
    });
    let questions = lowered.map(|asked| (asked.clone(), RawValue::from_string(asked).unwrap())).collect();
    let mut asked = Asked::new(questions, "s".to_owned());
    asked.meta = full_meta().as_object().cloned();
    let mistakes = Schema::of(Revision::V2026_07_28).check("InputRequiredResult", &json!(asked));
    assert_eq!(mistakes, Some(Vec::new()));
}

#[test]
fn notifications_have_the_members_that_each_revision_knows() {
    fits::<ProgressNotificationParams>(
        "ProgressNotificationParams",
        &json!({ "progressToken": "t", "progress": 1, "total": 2.5, "message": "m" }),
    );
    fits::<LoggingMessageNotificationParams>(
        "LoggingMessageNotificationParams",
        &json!({ "level": "info", "logger": "l", "data": [1] }),
    );
    fits::<CancelledNotificationParams>("CancelledNotificationParams", &json!({ "requestId": 1, "reason": "r" }));
    fits::<ResourceUpdatedNotificationParams>("ResourceUpdatedNotificationParams", &json!({ "uri": "file:///a" }));
    fits::<ElicitationCompleteNotificationParams>(
        "ElicitationCompleteNotificationParams",
        &json!({ "elicitationId": "1" }),
    );
    fits::<SubscriptionsAcknowledgedNotificationParams>(
        "SubscriptionsAcknowledgedNotificationParams",
        &json!({ "notifications": { "toolsListChanged": true } }),
    );
}

#[test]
fn requests_to_clients_have_the_members_that_each_revision_knows() {
    fits::<CreateMessageRequestParams>("CreateMessageRequestParams", &full_sampling());
    fits::<ElicitRequestFormParams>("ElicitRequestFormParams", &full_form());
    fits::<ElicitRequestURLParams>("ElicitRequestURLParams", &full_url());
    fits::<ElicitRequestParams>("ElicitRequestParams", &full_form());
}

#[test]
fn what_a_client_sends_has_the_members_that_each_revision_knows() {
    fits::<InitializeRequestParams>(
        "InitializeRequestParams",
        &json!({
            "protocolVersion": "v", "capabilities": full_client_capabilities(), "clientInfo": full_implementation()
        }),
    );
    fits::<ClientCapabilities>("ClientCapabilities", &full_client_capabilities());
    let meta = json!({ PROTOCOL_VERSION_KEY: "v", CLIENT_CAPABILITIES_KEY: {} });
    let elicited = json!({ "action": "accept", "content": { "a": 1 }, "_meta": full_meta() });
    let retry = json!({ "a": elicited });
    let call = json!({
        "name": "n", "arguments": { "a": "b" }, "inputResponses": retry, "requestState": "s", "_meta": meta
    });
    fits::<CallToolRequestParams>("CallToolRequestParams", &call);
    fits::<GetPromptRequestParams>("GetPromptRequestParams", &call);
    fits::<ReadResourceRequestParams>(
        "ReadResourceRequestParams",
        &json!({ "uri": "file:///a", "inputResponses": retry, "requestState": "s", "_meta": meta }),
    );
    fits::<CompleteRequestParams>(
        "CompleteRequestParams",
        &json!({
            "ref": { "type": "ref/prompt", "name": "n", "title": "t" }, "argument": { "name": "a", "value": "v" },
            "context": { "arguments": { "a": "b" } }, "_meta": meta
        }),
    );
    fits::<ElicitResult>("ElicitResult", &elicited);
    fits::<ListRootsResult>(
        "ListRootsResult",
        &json!({ "roots": [{ "uri": "file:///a", "name": "n", "_meta": full_meta() }], "_meta": full_meta() }),
    );
    fits::<CreateMessageResult>(
        "CreateMessageResult",
        &json!({
            "role": "assistant", "content": [full_content()[2]], "model": "m", "stopReason": "endTurn",
            "_meta": full_meta()
        }),
    );
}

#[test]
fn the_strict_schema_bites() {
    let schema = Schema::of(Revision::V2024_11_05);
    let mistakes = schema.check("ListToolsResult", &page("tools", &full_tool())).unwrap();
    for at in ["/tools/0/title", "/tools/0/icons", "/tools/0/outputSchema", "/resultType", "/ttlMs"] {
        assert!(mistakes.contains(&format!("ListToolsResult{at} is unknown")), "{at} in {mistakes:#?}");
    }
    let schema = Schema::of(Revision::V2026_07_28);
    let mistakes = schema.check("ListToolsResult", &json!({ "tools": [] })).unwrap();
    assert_eq!(mistakes.len(), 3, "{mistakes:#?}");
}
