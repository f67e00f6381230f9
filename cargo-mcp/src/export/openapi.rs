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

/// Keywords whose members are schemas by names that the schema's author chose.
const NAMED: &[&str] = &["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"];
/// Keywords that hold values and no schemas.
const VALUES: &[&str] = &["const", "enum", "default", "examples"];

/// A schema whose references within itself lead to where it is now.
fn moved(schema: &Value, place: &str) -> Value {
    match schema {
        Value::Object(members) => {
            let members = members.iter().filter(|(name, _)| !matches!(name.as_str(), "$schema" | "$id"));
            let moved = members.map(|(name, value)| {
                let value = match (name.as_str(), value) {
                    ("$ref", Value::String(text)) => match text.strip_prefix('#') {
                        Some(pointer) => json!(format!("{place}{pointer}")),
                        None => value.clone(),
                    },
                    (name, Value::Object(schemas)) if NAMED.contains(&name) => {
                        schemas.iter().map(|(name, schema)| (name.clone(), moved(schema, place))).collect()
                    }
                    (name, value) if VALUES.contains(&name) => value.clone(),
                    (_, value) => moved(value, place),
                };
                (name.clone(), value)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_may_be_called_like_a_keyword() {
        let schema = json!({
            "$id": "urn:x", "$schema": "https://json-schema.org/draft/2020-12/schema", "default": { "$id": 1 },
            "properties": { "$id": { "$ref": "#/$defs/$schema" }, "$ref": { "type": "string", "$id": "urn:y" } },
            "$defs": { "$schema": { "const": { "$ref": "#/x" } } },
        });
        let expected = json!({
            "default": { "$id": 1 },
            "properties": { "$id": { "$ref": "#/p/$defs/$schema" }, "$ref": { "type": "string" } },
            "$defs": { "$schema": { "const": { "$ref": "#/x" } } },
        });
        assert_eq!(moved(&schema, "#/p"), expected);
    }
}
