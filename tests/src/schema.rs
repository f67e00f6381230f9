//! The JSON Schemas that the specification publishes, one per revision, as validators of single types.
//! The files are the specification's own, in `tests/protocol`.

use std::fs;

use serde_json::{Value, json};

/// A validator of the type `definition` of `revision`.
///
/// # Panics
/// If the revision has no schema or the schema no such definition: a test that checks nothing must not pass.
pub fn validator(revision: &str, definition: &str) -> jsonschema::Validator {
    let schema = schema(revision);
    let dialect = schema["$schema"].clone();
    // The name that draft 7 has for definitions lasted until 2025-06-18.
    let Some(place) = ["$defs", "definitions"].into_iter().find(|place| schema.get(place).is_some()) else {
        panic!("the schema of {revision} has no definitions");
    };
    assert!(schema[place].get(definition).is_some(), "the schema of {revision} does not define {definition}");
    let root = json!({ "$schema": dialect, "$ref": format!("#/{place}/{definition}"), place: schema[place] });
    jsonschema::validator_for(&root).unwrap_or_else(|error| panic!("{definition} of {revision}: {error}"))
}

/// The whole schema of a revision.
///
/// # Panics
/// If there is none.
pub fn schema(revision: &str) -> Value {
    let path = format!("{}/protocol/{revision}/schema.json", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::validator;

    #[test]
    fn validators_of_every_revision_tell_right_from_wrong() {
        for revision in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"] {
            let tool = validator(revision, "Tool");
            assert!(tool.is_valid(&json!({ "name": "n", "inputSchema": { "type": "object" } })), "{revision}");
            assert!(!tool.is_valid(&json!({ "name": "n", "inputSchema": { "type": "array" } })), "{revision}");
            assert!(!tool.is_valid(&json!({ "inputSchema": { "type": "object" } })), "{revision}");
        }
    }
}
