//! Words as values of a schema's types, and how a value joins those that are there already.

use mcp_runtime::model::JsonObject;
use serde_json::{Map, Value};

use super::place::kinds;

/// A word as a value of one of the schema's types; `None` if it cannot be one.
pub(super) fn read(root: &JsonObject, schema: &Value, text: &str) -> Option<Value> {
    let kinds = kinds(root, schema);
    // A text that happens to be JSON is still a text; written with quotes it stays what was written.
    let as_json = || serde_json::from_str::<Value>(text).ok().filter(|value| !value.is_string());
    let as_text = || Value::String(text.to_owned());
    match kinds.as_slice() {
        ["string"] => Some(as_text()),
        [] => Some(as_json().unwrap_or_else(as_text)),
        kinds => {
            let value = as_json().filter(|value| kinds.iter().any(|kind| is(kind, value)));
            value.or_else(|| kinds.contains(&"string").then(as_text))
        }
    }
}

/// Whether a value has a type.
fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "integer" => value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|value| value.fract() == 0.0),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => true,
    }
}

/// Whether a value has one of the schema's types.
pub(super) fn fits(root: &JsonObject, schema: &Value, value: &Value) -> bool {
    let kinds = kinds(root, schema);
    kinds.is_empty() || kinds.iter().any(|kind| is(kind, value))
}

/// Puts a value in its place. Objects are joined, so that `--filter '{"min": 1}' --filter.max 2` gives both.
pub(super) fn put(values: &mut JsonObject, path: &[String], value: Value) {
    match path {
        [] => {}
        [last] => match (values.get_mut(last), value) {
            (Some(Value::Object(there)), Value::Object(more)) => join(there, more),
            (_, value) => drop(values.insert(last.clone(), value)),
        },
        [first, rest @ ..] => {
            let there = values.entry(first.clone()).or_insert_with(|| Value::Object(Map::new()));
            if !there.is_object() {
                *there = Value::Object(Map::new());
            }
            if let Value::Object(there) = there {
                put(there, rest, value);
            }
        }
    }
}

/// Adds members; what both have is joined where both are objects.
pub(super) fn join(there: &mut JsonObject, more: JsonObject) {
    for (name, value) in more {
        put(there, &[name], value);
    }
}

/// The value in a place.
pub(super) fn at<'v>(values: &'v mut JsonObject, path: &[String]) -> Option<&'v mut Value> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(values.get_mut(first)?, |value, name| value.get_mut(name.as_str()))
}
