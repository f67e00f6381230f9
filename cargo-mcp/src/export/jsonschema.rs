//! One document that holds every schema. Each is a resource with an `$id` of its own, so that its references keep leading to
//! itself (JSON Schema 2020-12, "Bundling").

use serde_json::{Map, Value, json};

use super::identity;
use super::name::{Names, plain};
use crate::surface::Surface;

pub(super) const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

pub(super) fn document(surface: &Surface) -> Value {
    let (server, _) = identity(surface);
    let base = format!("urn:mcp:{}", plain(server));
    let mut names = Names::default();
    let mut definitions = Map::new();
    for tool in &surface.tools {
        for (side, schema) in [("input", Some(&tool.input_schema)), ("output", tool.output_schema.as_ref())] {
            let Some(schema) = schema else { continue };
            let name = names.unique(&format!("tools.{}.{side}", plain(&tool.name)));
            let mut whole = Map::from_iter([
                ("$id".to_owned(), json!(format!("{base}:{name}"))),
                ("$schema".to_owned(), json!(DIALECT)),
            ]);
            // A schema that says what it is keeps saying so.
            whole.extend(schema.clone());
            definitions.insert(name, Value::Object(whole));
        }
    }
    for prompt in &surface.prompts {
        let name = names.unique(&format!("prompts.{}.arguments", plain(&prompt.name)));
        let mut whole = arguments(prompt);
        whole["$id"] = json!(format!("{base}:{name}"));
        definitions.insert(name, whole);
    }
    json!({ "$schema": DIALECT, "$id": base, "title": server, "$defs": definitions })
}

/// The arguments of a prompt, which are all text.
pub(super) fn arguments(prompt: &mcp_runtime::model::Prompt) -> Value {
    let all = prompt.arguments.as_deref().unwrap_or_default();
    let properties: Map<_, _> = all
        .iter()
        .map(|argument| {
            let mut schema = json!({ "type": "string" });
            if let Some(description) = &argument.description {
                schema["description"] = json!(description);
            }
            (argument.name.clone(), schema)
        })
        .collect();
    let required: Vec<_> = all.iter().filter(|argument| argument.required == Some(true)).map(|one| &one.name).collect();
    json!({ "type": "object", "properties": properties, "required": required })
}
