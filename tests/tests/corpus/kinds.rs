//! Every argument of every tool with every kind of JSON, judged by the schemas that the server lists: what does not fit is
//! refused with the argument's name, and no function is entered for it.

use std::collections::BTreeMap;

use mcp_tests::connection::modern;
use mcp_tests::raw::Raw;
use mcp_tests::typed;
use serde_json::{Map, Value, json};

const TYPED: &str = env!("CARGO_BIN_EXE_typed");

/// The twelve kinds.
fn kinds() -> [(&'static str, Value); 12] {
    [
        ("null", Value::Null),
        ("a boolean", json!(true)),
        ("a negative integer", json!(-1)),
        ("an integer", json!(7)),
        ("a fraction", json!(1.5)),
        ("a number that no integer can hold", json!(1e30)),
        ("an empty text", json!("")),
        ("a text", json!("text")),
        ("a number as text", json!("7")),
        ("an empty list", json!([])),
        ("a list of objects", json!([{}])),
        ("an empty object", json!({})),
    ]
}

/// The tools of the server by their name, with their input schemas.
fn listed(raw: &mut Raw) -> BTreeMap<String, Value> {
    let answer = raw.ask(modern(1, "tools/list", json!({})).to_string());
    let tools = answer["result"]["tools"].as_array().unwrap_or_else(|| panic!("{answer}"));
    tools.iter().map(|tool| (tool["name"].as_str().unwrap().to_owned(), tool["inputSchema"].clone())).collect()
}

/// The schema of one argument, with what it refers to.
fn schema_of(input: &Value, name: &str) -> Value {
    let mut schema = input["properties"][name].clone();
    if let Some(definitions) = input.get("$defs") {
        schema["$defs"] = definitions.clone();
    }
    schema
}

fn is_valid(schema: &Value, value: &Value) -> bool {
    jsonschema::validator_for(schema).unwrap().is_valid(value)
}

/// Whether an argument is to be accepted: what its schema accepts, and beyond that `null` for what may be left out, and a text
/// that says a number or the truth where no text is expected. What JSON calls an integer may be larger than any of Rust's.
fn fits(schema: &Value, is_required: bool, value: &Value) -> bool {
    let mut branches = schema["anyOf"].as_array().into_iter().flatten().chain([schema]);
    let is_whole = branches.any(|branch| branch["type"] == "integer");
    match value {
        Value::Null if !is_required => true,
        Value::Number(number) if is_whole && number.as_i64().is_none() => false,
        Value::String(text) if !is_valid(schema, value) => {
            let said = serde_json::from_str(text).ok().filter(|said: &Value| said.is_number() || said.is_boolean());
            let kind = schema["type"].as_str().unwrap_or_default();
            matches!(kind, "integer" | "number" | "boolean") && said.is_some_and(|said| is_valid(schema, &said))
        }
        value => is_valid(schema, value),
    }
}

/// A value that the schema accepts.
fn good(name: &str, schema: &Value) -> Value {
    let known = match name {
        "word" => json!("word"),
        "short" => json!("text"),
        "pair" => json!([1, "x"]),
        "colour" => json!("red"),
        "point" => json!({ "x": 1 }),
        "shape" => json!({ "kind": "circle", "radius": 1.5 }),
        "term" => json!({ "op": "number", "value": 1 }),
        _ => kinds().into_iter().map(|(_, value)| value).find(|value| is_valid(schema, value)).unwrap_or_default(),
    };
    assert!(is_valid(schema, &known), "{name}: {known} does not fit {schema}");
    known
}

#[test]
fn an_argument_of_the_wrong_kind_is_refused_before_the_function_is_entered() {
    let mut mistakes = Vec::new();
    for mut raw in Raw::all(TYPED, typed::server) {
        let (mut tried, mut accepted) = (0, 0);
        for (tool, input) in listed(&mut raw) {
            if matches!(tool.as_str(), "entered" | "add" | "same") {
                continue;
            }
            let properties = input["properties"].as_object().unwrap();
            let required: Vec<&str> = input["required"]
                .as_array()
                .map_or(Vec::new(), |names| names.iter().filter_map(Value::as_str).collect());
            let all: Map<String, Value> =
                properties.keys().map(|name| (name.clone(), good(name, &schema_of(&input, name)))).collect();
            for name in properties.keys() {
                let schema = schema_of(&input, name);
                for (kind, value) in kinds() {
                    let mut arguments = all.clone();
                    arguments.insert(name.clone(), value.clone());
                    let result = raw.call(&tool, arguments.into());
                    tried += 1;
                    let is_accepted = result["isError"] != true && result.get("content").is_some();
                    accepted += usize::from(is_accepted);
                    let said = result["content"][0]["text"].as_str().unwrap_or_default();
                    let is_told = is_accepted || (said.contains(&format!("`{name}")) && said.len() < 1000);
                    if is_accepted != fits(&schema, required.contains(&name.as_str()), &value) || !is_told {
                        mistakes.push(format!("{} {tool} {name} {kind} ({schema}): {result}", raw.name()));
                    }
                }
            }
        }
        let entered = raw.call("entered", json!({}))["content"][0]["text"].clone();
        assert_eq!(entered, accepted.to_string(), "{}: of {tried} calls", raw.name());
        assert!(tried > 300 && accepted > 50 && accepted < tried / 2, "{accepted} of {tried}");
        println!("{}: {tried} calls, {accepted} accepted", raw.name());
        raw.is_healthy().unwrap();
    }
    assert!(mistakes.is_empty(), "{} mistakes:\n{}", mistakes.len(), mistakes.join("\n"));
}

/// The same for all arguments at once.
#[test]
fn arguments_of_the_wrong_kind_are_refused_before_the_function_is_entered() {
    for mut raw in Raw::all(TYPED, typed::server) {
        let tools = listed(&mut raw);
        for tool in tools.keys() {
            for (kind, value) in kinds() {
                let message = modern(1, "tools/call", json!({ "name": tool, "arguments": value }));
                let answer = raw.ask(message.to_string());
                let needs = tools[tool].get("required").is_some();
                match value {
                    Value::Object(_) if needs => {
                        assert_eq!(answer["result"]["isError"], true, "{tool} {kind}: {answer}");
                    }
                    Value::Object(_) | Value::Null if !needs => {
                        assert!(answer["result"]["isError"] != true, "{answer}");
                    }
                    Value::Null => {
                        assert!(answer["result"]["isError"] == true || answer["error"]["code"] == -32602, "{answer}");
                    }
                    _ => assert_eq!(answer["error"]["code"], -32602, "{tool} {kind}: {answer}"),
                }
            }
        }
        // Those that need nothing were entered with nothing; nobody else was.
        let entered = raw.call("entered", json!({}))["content"][0]["text"].clone();
        assert_eq!(entered, "4", "{}", raw.name());
    }
}
