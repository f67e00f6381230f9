//! A tool whose schema is written by hand, with whatever JSON Schema has to offer.

use mcp_runtime::model::{JsonObject, Tool};
use mcp_runtime::{Context, Group, MadeTool, group};
use serde_json::{Value, json};

fn json_schema_2020_12_tool() -> MadeTool {
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {
            "address": {
                "$anchor": "addressDef",
                "type": "object",
                "properties": { "street": { "type": "string" }, "city": { "type": "string" } },
            },
        },
        "properties": {
            "name": { "type": "string" },
            "address": { "$ref": "#/$defs/address" },
            "contactMethod": { "type": "string", "enum": ["phone", "email"] },
            "phone": { "type": "string" },
            "email": { "type": "string" },
        },
        "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
        "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
        "then": { "required": ["phone"] },
        "else": { "required": ["email"] },
        "additionalProperties": false,
    });
    let schema = match schema {
        Value::Object(schema) => schema,
        _ => JsonObject::new(),
    };
    let mut tool = Tool::new("json_schema_2020_12_tool", schema);
    tool.description = Some("Takes a contact, described by a schema with every keyword there is.".to_owned());
    MadeTool::new(tool, |_: Context, contact: JsonObject| async move { format!("{} members", contact.len()) })
}

pub(crate) fn group() -> impl Group {
    group![json_schema_2020_12_tool()]
}
