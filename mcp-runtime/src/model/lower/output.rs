//! Schemas for revisions that know less of JSON Schema, and structured results that follow them.
//! Until 2025-11-25 an output schema describes an object: any other is wrapped as its only property. Floor 0.

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use crate::model::JsonObject;

/// Whether an output schema is one that 2025-06-18 and 2025-11-25 do not allow.
///
/// Source: their schemas of `Tool.outputSchema`, whose `type` must be `object` and nothing else.
pub(super) fn needs_wrapping(schema: &JsonObject) -> bool {
    schema.get("type").and_then(Value::as_str) != Some("object")
}

/// Makes the schema of a value that of an object with the value as its `result`.
///
/// References stay right: definitions move to the new root, and what pointed elsewhere points into the property. A schema
/// with an `$id` is a root of its own wherever it stands, and its references with it.
pub(super) fn wrap_schema(schema: &mut JsonObject) {
    let mut inner = std::mem::take(schema);
    let mut definitions = JsonObject::new();
    if !inner.contains_key("$id") {
        for name in DEFINITIONS {
            if let Some(moved) = inner.shift_remove(name) {
                definitions.insert(name.into(), moved);
            }
        }
        redirect(&mut inner);
        redirect(&mut definitions);
    }
    if let Some(dialect) = inner.shift_remove("$schema") {
        schema.insert("$schema".into(), dialect);
    }
    schema.insert("type".into(), "object".into());
    schema.insert("properties".into(), json!({ "result": inner }));
    schema.insert("required".into(), json!(["result"]));
    schema.extend(definitions);
}

/// Where definitions stand: the name of today, and the one until draft 7.
const DEFINITIONS: [&str; 2] = ["$defs", "definitions"];

fn redirect(schema: &mut JsonObject) {
    for (key, value) in schema {
        match value {
            Value::String(reference) if key == "$ref" => redirect_one(reference),
            Value::Object(object) => redirect(object),
            Value::Array(items) => items.iter_mut().filter_map(Value::as_object_mut).for_each(redirect),
            _ => {}
        }
    }
}

fn redirect_one(reference: &mut String) {
    let Some(pointer) = reference.strip_prefix('#') else { return };
    let first = pointer.strip_prefix('/').and_then(|path| path.split('/').next());
    let is_definition = first.is_some_and(|first| DEFINITIONS.contains(&first));
    // What begins with neither `/` nor the end is the name of an anchor, which is found wherever it stands.
    if (pointer.is_empty() || pointer.starts_with('/')) && !is_definition {
        *reference = format!("#/properties/result{pointer}");
    }
}

/// Wraps a value as [`wrap_schema`] wraps its schema.
pub(super) fn wrap_value(json: &mut Box<RawValue>) {
    #[derive(Serialize)]
    struct Wrapped<'a> {
        result: &'a RawValue,
    }

    // Serializing JSON that is there already cannot fail.
    if let Ok(wrapped) = to_raw_value(&Wrapped { result: json }) {
        *json = wrapped;
    }
}

/// Replaces `true` and `false`, which are schemas too, by objects that mean the same.
///
/// Until 2025-11-25 the properties of a tool's schemas are objects, and clients that check it refuse the whole list of
/// tools otherwise. `true` is what a field that takes any JSON is described by.
pub(super) fn spell_out_boolean_properties(schema: &mut JsonObject) {
    let Some(Value::Object(properties)) = schema.get_mut("properties") else { return };
    for property in properties.values_mut() {
        match property {
            Value::Bool(true) => *property = json!({}),
            Value::Bool(false) => *property = json!({ "not": {} }),
            _ => {}
        }
    }
}
