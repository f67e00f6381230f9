//! A tool's schema as people read it: `add(a: int, b?: int = 1) -> {sum: int}`.

use std::fmt::Write as _;

use mcp_runtime::model::{JsonObject, Tool};
use serde_json::Value;

use crate::print::visible;

/// The deepest a type is written out.
const DEPTH: usize = 3;

/// The whole signature.
pub(crate) fn of(tool: &Tool) -> String {
    let mut text = visible(&tool.name);
    text.push('(');
    for (index, argument) in arguments(&tool.input_schema).iter().enumerate() {
        if index > 0 {
            text.push_str(", ");
        }
        let mark = if argument.required { "" } else { "?" };
        let _ = write!(text, "{}{mark}: {}", visible(argument.name), type_of(argument.schema, 0));
        if let Some(default) = argument.schema.get("default") {
            let _ = write!(text, " = {}", visible(&default.to_string()));
        }
    }
    text.push(')');
    if let Some(output) = &tool.output_schema {
        let _ = write!(text, " -> {}", object_type(unwrapped(output), 0));
    }
    text
}

/// One argument of a tool.
pub(crate) struct Argument<'s> {
    pub(crate) name: &'s str,
    pub(crate) schema: &'s Value,
    pub(crate) required: bool,
}

/// The arguments in the schema's order.
pub(crate) fn arguments(schema: &JsonObject) -> Vec<Argument<'_>> {
    let required = schema.get("required").and_then(Value::as_array);
    let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    properties
        .map(|(name, schema)| Argument {
            name,
            schema,
            required: required.is_some_and(|names| names.iter().any(|required| required == name)),
        })
        .collect()
}

/// What a revision wraps because it wants an object.
fn unwrapped(schema: &JsonObject) -> &JsonObject {
    let properties = schema.get("properties").and_then(Value::as_object);
    match properties.filter(|properties| properties.len() == 1).and_then(|properties| properties.get("result")) {
        Some(Value::Object(inner)) => inner,
        _ => schema,
    }
}

/// A type in a few characters.
pub(crate) fn type_of(schema: &Value, depth: usize) -> String {
    schema.as_object().map_or_else(|| "any".to_owned(), |schema| object_type(schema, depth))
}

/// The same of what is known to be an object.
pub(crate) fn object_type(schema: &JsonObject, depth: usize) -> String {
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return values.iter().map(|value| visible(&value.to_string())).collect::<Vec<_>>().join("|");
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(branches) = schema.get(key).and_then(Value::as_array) {
            return branches.iter().map(|branch| type_of(branch, depth + 1)).collect::<Vec<_>>().join("|");
        }
    }
    let name = match schema.get("type") {
        Some(Value::String(name)) => name.as_str(),
        Some(Value::Array(names)) => {
            return names
                .iter()
                .filter_map(Value::as_str)
                .map(|name| visible(short(name)))
                .collect::<Vec<_>>()
                .join("|");
        }
        _ => return "any".to_owned(),
    };
    match name {
        "array" => {
            let item = schema.get("items").map_or_else(|| "any".to_owned(), |item| type_of(item, depth + 1));
            format!("[{item}]")
        }
        "object" => match schema.get("properties").and_then(Value::as_object) {
            Some(_) if depth < DEPTH => {
                let members = arguments(schema);
                let members = members.iter().map(|member| {
                    let mark = if member.required { "" } else { "?" };
                    format!("{}{mark}: {}", visible(member.name), type_of(member.schema, depth + 1))
                });
                format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
            }
            _ => "object".to_owned(),
        },
        other => visible(short(other)),
    }
}

fn short(name: &str) -> &str {
    match name {
        "integer" => "int",
        "boolean" => "bool",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_signature_reads_like_a_function() {
        let check = |input: Value, output: Option<Value>| {
            let Value::Object(input) = input else { panic!("a schema is an object") };
            let mut tool = Tool::new("add", input);
            tool.output_schema = output.and_then(|output| output.as_object().cloned());
            of(&tool)
        };
        let input = json!({"type": "object", "required": ["a"], "properties": {
            "a": {"type": "integer"}, "b": {"type": "integer", "default": 1},
            "kind": {"enum": ["x", "y"]}, "tags": {"type": "array", "items": {"type": "string"}},
        }});
        let output = json!({"type": "object", "required": ["sum"], "properties": {"sum": {"type": "integer"}}});
        assert_eq!(
            check(input, Some(output)),
            r#"add(a: int, b?: int = 1, kind?: "x"|"y", tags?: [string]) -> {sum: int}"#
        );
        let wrapped =
            json!({"type": "object", "properties": {"result": {"type": "array", "items": {"type": "boolean"}}}});
        assert_eq!(check(json!({"type": "object"}), Some(wrapped)), "add() -> [bool]");
    }
}
