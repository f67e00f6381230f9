//! `OpenAPI` 3.1: a path per tool, for gateways that offer tools over plain HTTP. Its schemas are JSON Schema as they stand, only
//! their references are moved to where the schema is.

use serde_json::{Map, Value, json};

use super::identity;
use super::name::{Names, plain};
use crate::surface::Surface;

pub(super) fn document(surface: &Surface) -> Value {
    let (title, version) = identity(surface);
    let mut names = Names::default();
    let mut components = Map::new();
    let mut paths = Map::new();
    for tool in &surface.tools {
        let mut component = |side: &str, schema: &Map<String, Value>| {
            let name = names.unique(&format!("{}.{side}", plain(&tool.name)));
            let pointer = format!("#/components/schemas/{name}");
            components.insert(name, moved(&Value::Object(schema.clone()), &pointer));
            json!({ "$ref": pointer })
        };
        let input = component("input", &tool.input_schema);
        let output = tool.output_schema.as_ref().map_or_else(|| json!(true), |schema| component("output", schema));
        let mut operation = json!({
            "operationId": tool.name,
            "requestBody": { "required": true, "content": { "application/json": { "schema": input } } },
            "responses": {
                "200": { "description": "What the tool returned.", "content": { "application/json": { "schema": output } } },
            },
        });
        if let Some(title) = &tool.title {
            operation["summary"] = json!(title);
        }
        if let Some(description) = &tool.description {
            operation["description"] = json!(description);
        }
        paths.insert(format!("/tools/{}", segment(&tool.name)), json!({ "post": operation }));
    }
    let mut info = json!({ "title": title, "version": version });
    if let Some(instructions) = &surface.instructions {
        info["description"] = json!(instructions);
    }
    json!({ "openapi": "3.1.0", "info": info, "paths": paths, "components": { "schemas": components } })
}

/// A schema whose references within itself lead to where it is now.
fn moved(schema: &Value, place: &str) -> Value {
    match schema {
        Value::Object(members) => {
            let members = members.iter().filter(|(name, _)| !matches!(name.as_str(), "$schema" | "$id"));
            let moved = members.map(|(name, value)| match value.as_str().and_then(|text| text.strip_prefix('#')) {
                Some(pointer) if name == "$ref" => (name.clone(), json!(format!("{place}{pointer}"))),
                _ => (name.clone(), moved(value, place)),
            });
            Value::Object(moved.collect())
        }
        Value::Array(items) => items.iter().map(|item| moved(item, place)).collect(),
        other => other.clone(),
    }
}

/// A name as a segment of a path (RFC 3986).
fn segment(name: &str) -> String {
    name.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}
