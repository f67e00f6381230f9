//! A row per rule, in both directions.

mod notes;

use serde_json::{Value, json};

use super::settings::Settings;
use super::{Change, Rule, Verdict, Witness, changes};
use crate::lock::Lock;

/// A lock with what differs from an empty one.
fn lock(parts: &Value) -> Lock {
    let mut whole = json!({
        "lockVersion": 1, "protocolVersions": ["2025-11-25"], "capabilities": { "tools": {} }, "tools": {}, "prompts": {},
        "resources": {}, "resourceTemplates": {},
    });
    for (name, part) in parts.as_object().into_iter().flatten() {
        whole[name] = part.clone();
    }
    Lock::parse(&whole.to_string(), "it").expect("a lock")
}

fn tool(part: &Value) -> Value {
    let mut tool = json!({ "hash": "", "inputSchema": { "type": "object" } });
    for (name, part) in part.as_object().into_iter().flatten() {
        tool[name] = part.clone();
    }
    json!({ "tools": { "add": tool } })
}

/// A tool with one member in its input, and the rest of the object's schema.
fn input(member: &Value, rest: &Value) -> Value {
    tool(&json!({ "inputSchema": object(member, rest) }))
}

fn output(member: &Value, rest: &Value) -> Value {
    tool(&json!({ "outputSchema": object(member, rest) }))
}

fn object(member: &Value, rest: &Value) -> Value {
    let mut schema = json!({ "type": "object", "properties": { "b": member } });
    if member.is_null() {
        schema["properties"] = json!({});
    }
    for (name, part) in rest.as_object().into_iter().flatten() {
        schema[name] = part.clone();
    }
    schema
}

fn found(old: &Value, new: &Value, is_security: bool) -> Vec<Change> {
    changes(&lock(old), &lock(new), &Settings::of(&Value::Null, is_security).expect("settings"))
}

fn prompts(name: &str, arguments: &Value) -> Value {
    json!({ "prompts": { name: { "arguments": arguments } } })
}

/// The changes there and back, as `rule verdict`.
fn check(old: &Value, new: &Value, there: &str, back: &str, seen: &mut Vec<Rule>) {
    for (old, new, expected) in [(old, new, there), (new, old, back)] {
        let found = found(old, new, false);
        let told: Vec<_> =
            found.iter().map(|change| format!("{} {}", change.rule.name(), change.verdict.name())).collect();
        assert_eq!(told.join(", "), expected, "{old}\n{new}");
        for change in found {
            seen.push(change.rule);
            let needs_witness = change.verdict == Verdict::Breaking
                && (change.rule.name().starts_with("input-")
                    || change.rule.name().starts_with("output-") && change.rule != Rule::OutputSchemaRemoved);
            assert_eq!(change.witness.is_some(), needs_witness, "{change:?}\n{old}\n{new}");
        }
    }
}

#[test]
fn each_rule_in_both_directions() {
    let seen = &mut Vec::new();
    items(seen);
    inputs(seen);
    outputs(seen);
    rest(seen);
    let unseen: Vec<_> = Rule::ALL.iter().filter(|rule| !seen.contains(rule)).map(|rule| rule.name()).collect();
    assert!(unseen.is_empty(), "no row for {unseen:?}");
}

fn items(seen: &mut Vec<Rule>) {
    let none = json!({});
    check(&none, &tool(&none), "tool-added compatible", "tool-removed breaking", seen);
    let named = |name: &str| json!({ "tools": { name: { "hash": "", "inputSchema": object(&json!({ "type": "integer" }), &json!({})) } } });
    check(&named("add"), &named("sum"), "tool-renamed breaking", "tool-renamed breaking", seen);
    let topic = json!([{ "name": "topic" }]);
    check(&none, &prompts("p", &topic), "prompt-added compatible", "prompt-removed breaking", seen);
    check(&prompts("p", &topic), &prompts("q", &topic), "prompt-renamed breaking", "prompt-renamed breaking", seen);
    let resource = |kind: &str, uri: &str, name: &str| json!({ kind: { uri: { "name": name } } });
    check(&none, &resource("resources", "a:1", "a"), "resource-added compatible", "resource-removed breaking", seen);
    check(
        &resource("resources", "a:1", "a"),
        &resource("resources", "b:1", "a"),
        "resource-renamed breaking",
        "resource-renamed breaking",
        seen,
    );
    let template = |uri: &str| resource("resourceTemplates", uri, "note");
    check(&none, &template("n://{id}"), "template-added compatible", "template-removed breaking", seen);
    check(&template("n://{id}"), &template("m://{id}"), "template-renamed breaking", "template-renamed breaking", seen);
    for other in ["n://{key}", "n://{id}{?page}", "n://all"] {
        check(
            &template("n://{id}"),
            &template(other),
            "template-variables-changed breaking",
            "template-variables-changed breaking",
            seen,
        );
    }
    let typed = json!({ "resources": { "a:1": { "name": "a", "mimeType": "text/plain" } } });
    check(&resource("resources", "a:1", "a"), &typed, "mime-type-changed warn", "mime-type-changed warn", seen);
}

fn inputs(seen: &mut Vec<Rule>) {
    let (none, absent, int) = (json!({}), Value::Null, json!({ "type": "integer" }));
    let (closed, required) = (json!({ "additionalProperties": false }), json!({ "required": ["b"] }));
    let both = json!({ "additionalProperties": false, "required": ["b"] });
    check(&input(&absent, &closed), &input(&int, &closed), "input-added compatible", "input-removed breaking", seen);
    check(&input(&absent, &none), &input(&int, &none), "input-named warn", "input-forgotten warn", seen);
    check(
        &input(&absent, &closed),
        &input(&int, &both),
        "input-added-required breaking",
        "input-removed breaking",
        seen,
    );
    let with_default = json!({ "type": "integer", "default": 1 });
    check(
        &input(&with_default, &none),
        &input(&with_default, &required),
        "input-became-required breaking",
        "input-became-optional compatible",
        seen,
    );
    check(&input(&int, &none), &input(&int, &closed), "input-closed breaking", "input-opened compatible", seen);
    check(
        &input(&int, &none),
        &input(&json!({ "type": "number" }), &none),
        "input-widened compatible",
        "input-type-narrowed breaking",
        seen,
    );
    check(
        &input(&json!({ "enum": [1, 2] }), &none),
        &input(&json!({ "enum": [1, 2, 3] }), &none),
        "input-widened compatible",
        "input-enum-narrowed breaking",
        seen,
    );
    check(
        &input(&json!({ "type": "integer", "maximum": 9 }), &none),
        &input(&int, &none),
        "input-widened compatible",
        "input-bound-narrowed breaking",
        seen,
    );
    let text = json!({ "type": "string" });
    check(
        &input(&json!({ "type": "string", "pattern": "^a" }), &none),
        &input(&text, &none),
        "input-widened compatible",
        "input-pattern-narrowed breaking",
        seen,
    );
    let pattern = |pattern: &str| input(&json!({ "type": "string", "pattern": pattern }), &none);
    check(&pattern("^[a-c]+$"), &pattern("^[a-d]+$"), "input-undecided warn", "input-pattern-narrowed breaking", seen);
    check(
        &input(&with_default, &none),
        &input(&int, &none),
        "input-default-changed warn",
        "input-default-changed warn",
        seen,
    );
    check(
        &input(&text, &none),
        &input(&json!({ "type": "string", "format": "email" }), &none),
        "input-format-changed warn",
        "",
        seen,
    );
    let header = |header: Value| input(&json!({ "type": "string", "x-mcp-header": header }), &none);
    check(&input(&text, &none), &header(json!("Region")), "header-changed breaking", "header-changed breaking", seen);
    check(
        &header(json!("Region")),
        &header(json!("Place")),
        "header-changed breaking",
        "header-changed breaking",
        seen,
    );
    check(
        &header(json!("Region")),
        &header(json!("a b")),
        "header-changed breaking, header-invalid breaking",
        "header-changed breaking",
        seen,
    );
    let number = |schema: Value| input(&schema, &none);
    check(
        &number(json!({ "type": "number" })),
        &number(json!({ "type": "number", "x-mcp-header": "N" })),
        "header-changed breaking, header-invalid breaking",
        "header-changed breaking",
        seen,
    );
}

fn outputs(seen: &mut Vec<Rule>) {
    let (none, absent, int) = (json!({}), Value::Null, json!({ "type": "integer" }));
    let (closed, required) = (json!({ "additionalProperties": false }), json!({ "required": ["b"] }));
    let structured = output(&int, &none);
    check(&tool(&none), &structured, "output-schema-added compatible", "output-schema-removed breaking", seen);
    check(&output(&absent, &none), &structured, "output-added compatible", "output-optional-removed warn", seen);
    check(
        &output(&absent, &closed),
        &output(&int, &closed),
        "output-added-to-closed breaking",
        "output-optional-removed warn",
        seen,
    );
    check(
        &output(&absent, &none),
        &output(&int, &required),
        "output-added compatible",
        "output-required-removed breaking",
        seen,
    );
    check(
        &output(&int, &required),
        &structured,
        "output-became-optional breaking",
        "output-became-required compatible",
        seen,
    );
    check(&structured, &output(&int, &closed), "output-closed compatible", "output-opened breaking", seen);
    check(
        &structured,
        &output(&json!({ "type": "number" }), &none),
        "output-type-widened breaking",
        "output-narrowed compatible",
        seen,
    );
    check(
        &structured,
        &output(&json!({ "type": ["integer", "null"] }), &none),
        "output-null-added breaking",
        "output-narrowed compatible",
        seen,
    );
    check(
        &output(&json!({ "enum": ["a"] }), &none),
        &output(&json!({ "enum": ["a", "b"] }), &none),
        "output-enum-widened breaking",
        "output-narrowed compatible",
        seen,
    );
    check(
        &output(&json!({ "type": "integer", "minimum": 1 }), &none),
        &structured,
        "output-bound-widened breaking",
        "output-narrowed compatible",
        seen,
    );
    let shown = |pattern: &str| output(&json!({ "type": "string", "pattern": pattern }), &none);
    check(&shown("^[a-d]+$"), &shown("^[a-c]+$"), "output-undecided warn", "output-bound-widened breaking", seen);
}

fn rest(seen: &mut Vec<Rule>) {
    let none = json!({});
    let topic = json!([{ "name": "topic" }]);
    let argument = |required: bool| prompts("p", &json!([{ "name": "topic" }, { "name": "b", "required": required }]));
    check(&prompts("p", &topic), &argument(false), "argument-added compatible", "argument-removed breaking", seen);
    check(
        &prompts("p", &topic),
        &argument(true),
        "argument-added-required breaking",
        "argument-removed breaking",
        seen,
    );
    check(
        &argument(false),
        &argument(true),
        "argument-became-required breaking",
        "argument-became-optional compatible",
        seen,
    );
    let hint = |name: &str, value: bool| tool(&json!({ "annotations": { name: value } }));
    for (name, value, there, back) in [
        ("readOnlyHint", false, "read-only-claimed info", "read-only-dropped warn"),
        ("destructiveHint", false, "became-destructive warn", "destructive-dropped info"),
        ("idempotentHint", false, "idempotent-claimed info", "idempotent-dropped warn"),
        ("openWorldHint", false, "became-open-world warn", "open-world-dropped info"),
    ] {
        check(&hint(name, value), &hint(name, !value), there, back, seen);
    }
    assert_eq!(
        found(&tool(&none), &hint("destructiveHint", true), false),
        [],
        "what is absent is the specification's default"
    );
    check(&tool(&none), &tool(&json!({ "title": "Add" })), "title-changed info", "title-changed info", seen);
    check(
        &tool(&none),
        &tool(&json!({ "description": "Adds." })),
        "description-changed info",
        "description-changed info",
        seen,
    );
    check(
        &none,
        &json!({ "instructions": "Be quick." }),
        "instructions-changed info",
        "instructions-changed info",
        seen,
    );
    check(
        &none,
        &json!({ "capabilities": { "tools": {}, "logging": {} } }),
        "capability-added compatible",
        "capability-removed breaking",
        seen,
    );
    check(
        &none,
        &json!({ "capabilities": { "tools": { "listChanged": true } } }),
        "capability-added compatible",
        "capability-removed breaking",
        seen,
    );
    check(
        &none,
        &json!({ "protocolVersions": ["2025-11-25", "2026-07-28"] }),
        "protocol-added compatible",
        "protocol-dropped breaking",
        seen,
    );
}

#[test]
fn each_change_of_several_has_its_own_witness() {
    let schema = |schema: Value| tool(&json!({ "inputSchema": schema }));
    let old = schema(json!({ "type": "object", "required": ["a"], "additionalProperties": false, "properties": {
        "a": { "type": "integer" }, "b": { "type": "integer" }, "list": { "type": "array", "items": { "type": "string" } } } }));
    let new = schema(json!({ "type": "object", "required": ["a", "b"], "additionalProperties": false, "properties": {
        "a": { "type": "integer", "maximum": 10 }, "b": { "type": "integer" },
        "list": { "type": "array", "items": { "type": "string", "maxLength": 3 } } } }));
    let found = found(&old, &new, false);
    let told: Vec<_> = found.iter().map(|change| (change.rule.name(), change.item.as_str())).collect();
    assert_eq!(
        told,
        [("input-bound-narrowed", "add.a"), ("input-became-required", "add.b"), ("input-bound-narrowed", "add.list[]")]
    );
    let witnesses: Vec<_> = found.iter().filter_map(|change| change.witness.clone()).collect();
    assert_eq!(witnesses.len(), 3, "{found:?}");
    assert!(
        matches!(&witnesses[0], Witness::Input(value) if value["a"] == 11 && value.get("b").is_some()),
        "{found:?}"
    );
    assert_eq!(found[1].message, "\"b\" is now required");
    assert!(matches!(&found[1].witness, Some(Witness::Input(value)) if value.get("b").is_none()), "{found:?}");
}

#[test]
fn a_schema_said_otherwise_is_no_change() {
    let old = input(&json!({ "type": ["integer", "null"] }), &json!({}));
    let new = tool(&json!({ "inputSchema": { "type": "object", "properties": { "b": { "$ref": "#/$defs/b" } },
        "$defs": { "b": { "anyOf": [{ "type": "integer" }, { "type": "null" }] } } } }));
    assert_eq!(found(&old, &new, false), []);
}

#[test]
fn a_name_cannot_steer_a_terminal() {
    let new = json!({ "tools": { "a\u{1b}[2J": { "hash": "", "inputSchema": { "type": "object", "properties": { "\u{202e}": {} } } } } });
    let found = found(&json!({}), &new, false);
    assert_eq!(found[0].item, "a\\u{1b}[2J");
}

#[test]
fn an_override_gives_its_reason() {
    let metadata = json!({ "mcp": { "diff": { "unstable": ["beta_*"], "overrides": [
        { "rule": "input-closed", "item": "a*", "verdict": "warn", "reason": "nobody sends more" }] } } });
    let settings = Settings::of(&metadata, false).expect("settings");
    let int = json!({ "type": "integer" });
    let (old, new) = (lock(&input(&int, &json!({}))), lock(&input(&int, &json!({ "additionalProperties": false }))));
    let found = changes(&old, &new, &settings);
    assert_eq!((found[0].verdict, found[0].reason.as_deref()), (Verdict::Warn, Some("nobody sends more")));
    assert!(settings.is_unstable("beta_add") && !settings.is_unstable("add"));
}
