//! What is said beside which values are accepted: defaults, formats, headers, hints.

use serde_json::{Value, json};

use super::{Verdict, found, input, tool};

fn check(old: &Value, new: &Value, expected: &[&str]) {
    let found = found(old, new, false);
    let told: Vec<_> = found.iter().map(|change| format!("{} {}", change.rule.name(), change.verdict.name())).collect();
    assert_eq!(told, expected, "{old}\n{new}");
}

fn member(schema: &Value) -> Value {
    input(schema, &json!({}))
}

#[test]
fn a_default_that_becomes_another_is_a_warning() {
    let default = |value: i64| member(&json!({ "type": "integer", "default": value }));
    check(&default(1), &default(2), &["input-default-changed warn"]);
    check(&default(1), &default(1), &[]);
    let found = found(&default(1), &default(2), false);
    assert_eq!(found[0].message, "the default was 1, is 2");
}

#[test]
fn a_format_that_becomes_another_is_a_warning_wherever_it_stands() {
    let plain = |format: &str| json!({ "type": "string", "format": format });
    let whole = |schema: Value| member(&schema);
    check(&whole(plain("date")), &whole(plain("email")), &["input-format-changed warn"]);
    for key in ["anyOf", "oneOf", "allOf"] {
        let within = |schema: Value| whole(json!({ key: [schema] }));
        check(&within(plain("date")), &within(plain("email")), &["input-format-changed warn"]);
        check(&within(json!({ "type": "string" })), &within(plain("email")), &["input-format-changed warn"]);
        check(&within(plain("email")), &within(plain("email")), &[]);
        check(&within(plain("email")), &within(json!({ "type": "string" })), &[]);
    }
    let referenced = |format: &str| {
        let schema = json!({ "type": "object", "$defs": { "T": plain(format) }, "properties": {
            "b": { "anyOf": [{ "$ref": "#/$defs/T" }, { "type": "null" }] } } });
        tool(&json!({ "inputSchema": schema }))
    };
    check(&referenced("date"), &referenced("email"), &["input-format-changed warn"]);
    check(&referenced("date"), &referenced("date"), &[]);
    let round = json!({ "type": "object", "properties": { "b": { "$ref": "#/properties/b/anyOf/0" } } });
    let round = tool(&json!({ "inputSchema": round }));
    check(&round, &round, &[]);
}

#[test]
fn a_header_that_clients_have_to_refuse_is_an_error() {
    let tool_with = |first: &str, second: &str| {
        let header = |name: &str| json!({ "type": "string", "x-mcp-header": name });
        let members = json!({ "a": header(first), "b": header(second) });
        tool(&json!({ "inputSchema": { "type": "object", "properties": members } }))
    };
    let good = tool_with("One", "Two");
    check(&good, &tool_with("One", "oNE"), &["header-changed breaking", "header-invalid breaking"]);
    check(&tool_with("One", "one"), &tool_with("One", "one"), &[]);
    check(&good, &good, &[]);
}

#[test]
fn hints_of_more_danger_break_where_security_matters() {
    for (name, before) in
        [("readOnlyHint", true), ("destructiveHint", false), ("idempotentHint", true), ("openWorldHint", false)]
    {
        let hint = |value: bool| tool(&json!({ "annotations": { name: value } }));
        let verdict = |from: bool, is_security| found(&hint(from), &hint(!from), is_security)[0].verdict;
        assert_eq!(verdict(before, false), Verdict::Warn, "{name}");
        assert_eq!(verdict(before, true), Verdict::Breaking, "{name}");
        // Less danger breaks nobody.
        assert_eq!(verdict(!before, true), Verdict::Info, "{name}");
    }
}

#[test]
fn a_new_tool_whose_header_clients_have_to_refuse_is_an_error() {
    let new = |header: &str| {
        let members = json!({ "a": { "type": "string", "x-mcp-header": header } });
        tool(&json!({ "inputSchema": { "type": "object", "properties": members } }))
    };
    check(&json!({}), &new("Region"), &["tool-added compatible"]);
    check(&json!({}), &new("a b"), &["header-invalid breaking", "tool-added compatible"]);
}
