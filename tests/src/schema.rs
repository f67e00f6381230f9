//! The JSON Schemas that the specification publishes, one per revision, as validators of single types.
//! The files are the specification's own, in `tests/protocol`. Extensions publish none: what they add to a revision is
//! written down in `tests/protocol-extensions`, from their specifications.

use std::fs;
use std::path::Path;

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
    let mut definitions = schema[place].clone();
    for extension in extensions(revision) {
        for (name, schema) in extension["$defs"].as_object().expect("an extension has definitions") {
            assert!(definitions.get(name).is_none(), "{revision} itself defines {name}");
            definitions[name] = schema.clone();
        }
    }
    assert!(definitions.get(definition).is_some(), "the schema of {revision} does not define {definition}");
    let root = json!({ "$schema": dialect, "$ref": format!("#/{place}/{definition}"), place: definitions });
    jsonschema::validator_for(&root).unwrap_or_else(|error| panic!("{definition} of {revision}: {error}"))
}

/// The whole schema of a revision.
///
/// # Panics
/// If there is none.
pub fn schema(revision: &str) -> Value {
    let path = format!("{}/protocol/{revision}/schema.json", env!("CARGO_MANIFEST_DIR"));
    read(Path::new(&path))
}

/// What extensions add to the schema of a revision.
fn extensions(revision: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("protocol-extensions").join(revision);
    // Most revisions have none.
    let files = fs::read_dir(path).into_iter().flatten();
    files.map(|file| read(&file.unwrap().path())).collect()
}

fn read(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{extensions, validator};

    #[test]
    fn validators_of_every_revision_tell_right_from_wrong() {
        for revision in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"] {
            let tool = validator(revision, "Tool");
            assert!(tool.is_valid(&json!({ "name": "n", "inputSchema": { "type": "object" } })), "{revision}");
            assert!(!tool.is_valid(&json!({ "name": "n", "inputSchema": { "type": "array" } })), "{revision}");
            assert!(!tool.is_valid(&json!({ "inputSchema": { "type": "object" } })), "{revision}");
        }
    }

    #[test]
    fn what_extensions_define_tells_right_from_wrong() {
        assert!(extensions("2025-11-25").is_empty() && !extensions("2026-07-28").is_empty());
        let time = "2026-07-28T10:30:00.000Z";
        let task = |more: serde_json::Value| {
            let mut task = json!({
                "resultType": "complete", "taskId": "t", "createdAt": time, "lastUpdatedAt": time, "ttlMs": 60000
            });
            task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            task
        };
        let asks = json!({ "a": { "method": "roots/list" } });
        let error = json!({ "code": -32603, "message": "m" });
        let result = json!({ "content": [], "resultType": "complete" });
        let get = validator("2026-07-28", "GetTaskResult");
        for right in [
            json!({ "status": "working", "pollIntervalMs": 1 }),
            json!({ "status": "cancelled", "ttlMs": null }),
            json!({ "status": "input_required", "inputRequests": asks }),
            json!({ "status": "completed", "result": result }),
            json!({ "status": "failed", "error": error }),
        ] {
            assert!(get.is_valid(&task(right.clone())), "{right}");
        }
        for wrong in [
            json!({ "status": "paused" }),
            json!({ "status": "working", "result": result }),
            json!({ "status": "working", "ttlMs": 0 }),
            json!({ "status": "working", "createdAt": "today" }),
            json!({ "status": "working", "resultType": "task" }),
            json!({ "status": "working", "requestState": "s" }),
            json!({ "status": "input_required" }),
            json!({ "status": "input_required", "inputRequests": { "a": { "method": "tools/list" } } }),
            json!({ "status": "completed" }),
            json!({ "status": "completed", "result": {} }),
            json!({ "status": "failed", "error": error, "result": result }),
        ] {
            assert!(!get.is_valid(&task(wrong.clone())), "{wrong}");
        }
        let create = validator("2026-07-28", "CreateTaskResult");
        assert!(create.is_valid(&task(json!({ "status": "working", "resultType": "task" }))));
        assert!(!create.is_valid(&task(json!({ "status": "working" }))));
        assert!(!create.is_valid(&task(json!({ "status": "working", "resultType": "task", "task": {} }))));
        let acknowledged = validator("2026-07-28", "CancelTaskResult");
        assert!(acknowledged.is_valid(&json!({ "resultType": "complete", "_meta": {} })));
        assert!(!acknowledged.is_valid(&json!({ "resultType": "complete", "taskId": "t" })));
        let update = validator("2026-07-28", "UpdateTaskRequest");
        let meta = json!({
            "io.modelcontextprotocol/clientCapabilities": {}, "io.modelcontextprotocol/protocolVersion": "2026-07-28"
        });
        let request = |params| json!({ "jsonrpc": "2.0", "id": 1, "method": "tasks/update", "params": params });
        assert!(update.is_valid(&request(json!({ "_meta": meta, "taskId": "t", "inputResponses": {} }))));
        assert!(!update.is_valid(&request(json!({ "_meta": meta, "taskId": "t" }))));
        assert!(!update.is_valid(&request(json!({ "_meta": meta, "inputResponses": {} }))));
        assert!(!update.is_valid(&request(json!({ "taskId": "t", "inputResponses": {} }))));
    }
}
