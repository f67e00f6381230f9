//! A server's surface in the languages of others: JSON Schema, TypeScript, Markdown, `OpenAPI`.

mod jsonschema;
mod markdown;
mod name;
mod openapi;
mod typescript;

use clap::ValueEnum;

use crate::error::Failure;
use crate::print::visible_json;
use crate::surface::Surface;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One document with every schema in it
    Jsonschema,
    /// TypeScript declarations
    Ts,
    /// Markdown, for people
    Md,
    #[value(help = "OpenAPI 3.1, a path per tool")]
    Openapi,
}

/// The surface in this format, with a line break at its end.
pub(crate) fn export(surface: &Surface, format: Format) -> Result<String, Failure> {
    // It may end up on a terminal.
    let json = |value| serde_json::to_string_pretty(&value).map(|text| visible_json(&text)).map_err(Failure::own);
    let mut text = match format {
        Format::Jsonschema => json(self::jsonschema::document(surface))?,
        Format::Ts => typescript::module(surface),
        Format::Md => markdown::document(surface),
        Format::Openapi => json(openapi::document(surface))?,
    };
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

/// What the server calls itself, and its version.
fn identity(surface: &Surface) -> (&str, &str) {
    surface.server_info.as_ref().map_or(("server", "0.0.0"), |info| (info.name.as_str(), info.version.as_str()))
}

#[cfg(test)]
mod tests {
    use mcp_runtime::model::Tool;
    use serde_json::{Value, json};

    use super::*;

    pub(super) fn surface() -> Surface {
        let schema = |schema: Value| schema.as_object().cloned().unwrap_or_default();
        let mut tool = Tool::new(
            "walk-tree",
            schema(json!({
                "type": "object", "required": ["root"], "additionalProperties": false,
                "properties": {
                    "root": { "$ref": "#/$defs/node", "description": "Where to begin. */ alert()" },
                    "odd name": { "type": ["string", "null"], "default": "x|y" },
                    "kind": { "enum": ["a", 1, null] },
                    "pair": { "type": "array", "prefixItems": [{ "type": "integer" }, { "type": "string" }], "items": false },
                    "map": { "type": "object", "additionalProperties": { "type": "number" } },
                    "never": false, "tree": { "$ref": "#/$defs/tree" },
                },
                "$defs": { "tree": { "type": "object", "additionalProperties": {
                    "anyOf": [{ "$ref": "#/$defs/tree" }, { "type": "string" }] } }, "node": { "type": "object", "properties": {
                    "children": { "type": "array", "items": { "$ref": "#/$defs/node" } }, "all": { "$ref": "#" } } } },
            })),
        );
        tool.description = Some("Walks a tree.\nSlowly.".into());
        tool.output_schema = Some(schema(
            json!({ "type": "object", "properties": { "sum": { "type": "integer" } }, "required": ["sum"] }),
        ));
        let mut other = Tool::new("walk.tree", schema(json!({ "type": "object" })));
        other.description = Some("Another of almost the same name.".into());
        Surface { tools: vec![tool, other], ..Surface::default() }
    }

    #[test]
    fn each_format_says_all_of_it() {
        for (format, name) in
            [(Format::Jsonschema, "json"), (Format::Ts, "ts"), (Format::Md, "md"), (Format::Openapi, "openapi")]
        {
            insta::assert_snapshot!(format!("export_{name}"), export(&surface(), format).expect("a text"));
        }
    }

    #[test]
    fn references_of_a_bundle_lead_to_their_own_tool() {
        let document = self::jsonschema::document(&surface());
        let asked = |pointer: &str, value: Value| {
            let mut whole = document.clone();
            whole["$ref"] = pointer.into();
            ::jsonschema::validator_for(&whole).expect("a schema").is_valid(&value)
        };
        let input = "#/$defs/tools.walk-tree.input";
        assert!(asked(input, json!({ "root": { "children": [{}, { "children": [] }] } })));
        assert!(!asked(input, json!({ "root": { "children": [{ "children": 1 }] } })));
        assert!(!asked(input, json!({ "root": { "all": {} } })), "`#` is the tool's own schema");
    }
}
