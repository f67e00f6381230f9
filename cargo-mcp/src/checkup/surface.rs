//! What a server says of itself: whether its schemas are schemas, and whether its names can be used by clients.

use std::collections::BTreeMap;

use mcp_runtime::model::Tool;
use serde_json::{Map, Value};

use super::Finding;
use crate::print::visible;
use crate::surface::Surface;

/// The most problems that are told one by one.
const MOST: usize = 20;
/// The longest name of a function that the interfaces of `OpenAI` and Gemini take.
const LONGEST_NAME: usize = 64;
/// The longest that the names of a server and of a tool can be together in Cursor.
const LONGEST_PAIR: usize = 60;

/// Checks every tool's schemas. Those of results have to describe an object only in the older revisions, so `older` is the
/// surface in one of them, if there is one.
pub(crate) fn schemas(newest: &Surface, older: Option<&Surface>) -> Vec<Finding> {
    let mut found = Vec::new();
    for tool in &newest.tools {
        let at = |part: &str| format!("tool {}, {part}", visible(&tool.name));
        let mut tell = |part: &str, problem: Option<String>| {
            let fix = "mend the schema; a server of mcp-runtime makes a valid one from the function's types";
            found.extend(problem.map(|problem| Finding::wrong("schemas", problem).at(at(part)).fix(fix)));
        };
        let input = Value::Object(tool.input_schema.clone());
        tell("inputSchema", not_a_schema(&input).or_else(|| no_object(&tool.input_schema)));
        if let Some(output) = output(tool) {
            tell("outputSchema", not_a_schema(&Value::Object(output)));
        }
    }
    for tool in older.into_iter().flat_map(|older| &older.tools) {
        let problem = output(tool).as_ref().and_then(no_object);
        found.extend(problem.map(|problem| {
            Finding::wrong("schemas", format!("{problem}, as revisions before 2026-07-28 demand"))
                .at(format!("tool {}, outputSchema", visible(&tool.name)))
                .fix("wrap the result in an object for older clients")
        }));
    }
    shortened("schemas", found, || match newest.tools.len() {
        0 => "there are no tools".to_owned(),
        1 => "the schemas of 1 tool are valid JSON Schema 2020-12".to_owned(),
        count => format!("the schemas of {count} tools are valid JSON Schema 2020-12"),
    })
}

fn output(tool: &Tool) -> Option<Map<String, Value>> {
    tool.output_schema.clone()
}

/// What is wrong with a schema as a schema.
fn not_a_schema(schema: &Value) -> Option<String> {
    let told = |error: &jsonschema::ValidationError<'_>| {
        let path = error.instance_path().to_string();
        let at = if path.is_empty() { String::new() } else { format!(" at {}", visible(&path)) };
        visible(&format!("it is no valid JSON Schema{at}: {error}"))
    };
    // One that names another draft is judged by that.
    let judged = if schema.get("$schema").is_some() {
        jsonschema::meta::validate(schema)
    } else {
        jsonschema::draft202012::meta::validate(schema)
    };
    if let Err(error) = judged {
        return Some(told(&error));
    }
    // References that lead nowhere, patterns that do not compile. Nothing is fetched.
    jsonschema::validator_for(schema).err().map(|error| told(&error))
}

fn no_object(schema: &Map<String, Value>) -> Option<String> {
    match schema.get("type") {
        Some(Value::String(name)) if name == "object" => None,
        Some(other) => Some(format!("its root has the type {}, not \"object\"", visible(&other.to_string()))),
        None => Some("its root has no type, not even \"object\"".to_owned()),
    }
}

/// Checks the names of tools and prompts.
pub(crate) fn names(surface: &Surface) -> Vec<Finding> {
    let mut found = Vec::new();
    let server = surface.server_info.as_ref().map(|info| info.name.chars().count()).unwrap_or_default();
    for tool in &surface.tools {
        let (name, length) = (tool.name.as_str(), tool.name.chars().count());
        let shown = visible(name);
        let rename = "rename it; an alias keeps the old name for a while: #[tool(name = \"…\", alias = \"…\")]";
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if !(1..=128).contains(&length) || !name.chars().all(is_allowed) {
            let message = "a tool's name has 1 to 128 characters: letters, digits, `_`, `-` and `.`";
            found.push(Finding::wrong("names", message).at(format!("tool {shown}")).fix(rename));
        } else if length > LONGEST_NAME {
            let message =
                format!("{length} characters: OpenAI and Gemini take functions with names of at most {LONGEST_NAME}");
            found.push(Finding::wrong("names", message).at(format!("tool {shown}")).fix(rename));
        } else if name.contains('.') {
            let message = "a `.` is right for the protocol, but models' interfaces take letters, digits, `_` and `-` only, so \
                           that clients rename the tool or leave it out";
            found.push(Finding::note("names", message).at(format!("tool {shown}")).fix(rename));
        } else if server + length > LONGEST_PAIR {
            let message = format!(
                "with the server's name it has {} characters; Cursor leaves out what has more than {LONGEST_PAIR}",
                server + length
            );
            found.push(Finding::note("names", message).at(format!("tool {shown}")).fix("shorten one of the names"));
        }
    }
    found.extend(alike("tool", surface.tools.iter().map(|tool| tool.name.as_str())));
    found.extend(alike("prompt", surface.prompts.iter().map(|prompt| prompt.name.as_str())));
    found.extend(alike("resource", surface.resources.iter().map(|resource| resource.uri.as_str())));
    let is_wrong = found.iter().any(|one| one.verdict == super::Verdict::Wrong);
    let mut found = shortened("names", found, || "every client takes the names of tools and prompts".to_owned());
    if !is_wrong && found.iter().all(|one| one.verdict == super::Verdict::Note) {
        found.insert(0, Finding::fine("names", "the names are those that the protocol allows"));
    }
    found
}

/// Names that are the same, or differ in case alone.
fn alike<'n>(kind: &str, names: impl Iterator<Item = &'n str>) -> Vec<Finding> {
    let mut by_lower: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for name in names {
        by_lower.entry(name.to_lowercase()).or_default().push(name);
    }
    let several = by_lower.into_values().filter(|names| names.len() > 1);
    several
        .map(|names| {
            let shown: Vec<_> = names.iter().map(|name| visible(name)).collect();
            let how = if names.windows(2).all(|pair| pair.first() == pair.last()) {
                "have one name"
            } else {
                "differ in case alone"
            };
            Finding::wrong("names", format!("{} {kind}s {how}: models mix them up", names.len()))
                .at(shown.join(", "))
                .fix("rename all but one")
        })
        .collect()
}

/// The first problems, and how many more there are; without any, what is fine.
fn shortened(check: &'static str, mut found: Vec<Finding>, fine: impl FnOnce() -> String) -> Vec<Finding> {
    if found.is_empty() {
        return vec![Finding::fine(check, fine())];
    }
    let more = found.len().saturating_sub(MOST);
    if more > 0 {
        found.sort_by_key(|one| one.verdict != super::Verdict::Wrong);
        found.truncate(MOST);
        found.push(Finding::note(check, format!("and {more} more")));
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::checkup::Verdict;

    fn surface(tools: &[(&str, Value)]) -> Surface {
        let tool = |(name, schema): &(&str, Value)| Tool::new(*name, schema.as_object().cloned().unwrap_or_default());
        Surface { tools: tools.iter().map(tool).collect(), ..Surface::default() }
    }

    #[test]
    fn what_is_no_schema_is_found() {
        for (schema, expected) in [
            (json!({ "type": "object" }), None),
            (json!({ "type": "object", "$defs": { "a": {} }, "properties": { "a": { "$ref": "#/$defs/a" } } }), None),
            (json!({ "$schema": "http://json-schema.org/draft-07/schema#", "type": "object", "items": [{}] }), None),
            (json!({ "type": "objekt" }), Some("at /type")),
            (json!({ "type": "object", "properties": { "a": { "minimum": "x" } } }), Some("at /properties/a/minimum")),
            (json!({ "type": "object", "properties": { "a": { "$ref": "#/$defs/b" } } }), Some("no valid JSON Schema")),
            (json!({ "type": "object", "properties": { "a": { "pattern": "(" } } }), Some("no valid JSON Schema")),
            (json!({ "type": "object", "$ref": "https://example.com/x.json" }), Some("no valid JSON Schema")),
            (json!({ "type": ["object", "null"] }), Some("its root has the type [\"object\",\"null\"]")),
            (json!({}), Some("its root has no type")),
        ] {
            let found = schemas(&surface(&[("a", schema.clone())]), None);
            match expected {
                None => assert_eq!(found[0].verdict, Verdict::Fine, "{schema}: {found:?}"),
                Some(part) => assert!(
                    found[0].verdict == Verdict::Wrong && found[0].message.contains(part),
                    "{schema}: {found:?}"
                ),
            }
        }
        let mut older = surface(&[("a", json!({ "type": "object" }))]);
        older.tools[0].output_schema = json!({ "type": "array" }).as_object().cloned();
        let newest = older.clone();
        assert_eq!(schemas(&newest, None)[0].verdict, Verdict::Fine, "the newest revision allows any result");
        assert_eq!(schemas(&newest, Some(&older))[0].verdict, Verdict::Wrong);
    }

    #[test]
    fn names_that_clients_refuse_are_found() {
        let check = |names: &[&str]| {
            let tools: Vec<_> = names.iter().map(|name| (*name, json!({ "type": "object" }))).collect();
            let found = self::names(&surface(&tools));
            found.iter().map(|one| one.verdict).collect::<Vec<_>>()
        };
        let long = "x".repeat(129);
        assert_eq!(check(&["add", "sub-2", "A_b"]), [Verdict::Fine]);
        assert_eq!(check(&["a b"]), [Verdict::Wrong]);
        assert_eq!(check(&[""]), [Verdict::Wrong]);
        assert_eq!(check(&[&long]), [Verdict::Wrong]);
        assert_eq!(check(&[&long[..65]]), [Verdict::Wrong]);
        assert_eq!(check(&[&long[..61]]), [Verdict::Fine, Verdict::Note]);
        assert_eq!(check(&["a.b"]), [Verdict::Fine, Verdict::Note]);
        assert_eq!(check(&["add", "Add"]), [Verdict::Wrong]);
        assert_eq!(check(&["add", "add", "x"]), [Verdict::Wrong]);
        let many: Vec<String> = (0..30).map(|index| format!("bad name {index}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(check(&many).len(), MOST + 1);
    }
}
