//! The arguments of one tool, from words to what is sent.

use serde_json::json;

use super::*;

fn tool() -> Tool {
    with(json!({
        "type": "object",
        "properties": {
            "a": { "type": "integer", "minimum": 0, "maximum": 9 },
            "max_size": { "type": "number" },
            "deep": { "type": "boolean" },
            "name": { "type": "string" },
            "tags": { "type": "array", "items": { "type": "string" } },
            "kind": { "type": "string", "enum": ["x", "y"] },
            "filter": { "type": "object" },
        },
        "required": ["a"],
        "additionalProperties": false,
    }))
}

fn with(schema: Value) -> Tool {
    let Value::Object(schema) = schema else { panic!("a schema is an object") };
    Tool::new("add", schema)
}

fn check(line: &str) -> Result<Value, String> {
    check_with(&tool(), line)
}

/// What is sent, or what is told with the nearest name that is suggested.
fn check_with(tool: &Tool, line: &str) -> Result<Value, String> {
    let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    match parse(tool, &words, None) {
        Ok(Asked::Call(values)) => Ok(Value::Object(values)),
        Ok(Asked::Help) => Ok(Value::Null),
        Err(failure) => {
            let meant =
                failure.details().find_map(|(_, text)| text.trim().split_once('\n').map(|(line, _)| line.to_owned()));
            Err(meant.map_or_else(|| failure.message().to_owned(), |meant| format!("{}; {meant}", failure.message())))
        }
    }
}

#[test]
fn words_become_values_of_the_schemas_types() {
    assert_eq!(
        check("--a 1 --max-size=2.5 --deep --name 7 --tags p --tags q kind=x filter:={\"k\":[1]}"),
        Ok(
            json!({"a": 1, "max_size": 2.5, "deep": true, "name": "7", "tags": ["p", "q"], "kind": "x", "filter": {"k": [1]}})
        )
    );
    assert_eq!(
        check("--a -0 --no-deep --tags [\"r\"]"),
        Ok(json!({"a": 0, "deep": false, "tags": ["r"]})).map(|mut v| {
            v["a"] = json!(-0.0);
            v
        })
    );
    assert_eq!(check("--input {\"a\":3}"), Ok(json!({"a": 3})));
    assert_eq!(check("--help --nonsense"), Ok(Value::Null));
}

#[test]
fn what_does_not_fit_is_told_before_anything_is_sent() {
    let told = |line| check(line).expect_err(line);
    assert_eq!(told("--a x"), "--a: expected integer, got \"x\"");
    assert_eq!(told("--a 10"), "--a: expected 0 to 9, got 10");
    assert_eq!(told("a:=true"), "a: expected integer, got \"true\"");
    assert_eq!(told("--a 1 --kind z"), "--kind: expected one of \"x\", \"y\", got \"z\"");
    assert_eq!(told("--a 1 --nam z"), "add has no argument --nam; did you mean `name`?");
    assert_eq!(told("--a"), "--a: expected a value");
    assert_eq!(told("--deep"), "missing --a");
    assert_eq!(told("oops"), "unexpected \"oops\"; arguments are `--name value` or `name=value`");
    assert_eq!(told("--input {"), "--input: this is not JSON: EOF while parsing an object at line 1 column 1");
    assert_eq!(told("--input [1]"), "--input: expected an object, as in '{\"a\": 1}'");
}

/// A tool whose objects stand behind references, in an `allOf`, beside `null`, and open.
fn nested() -> Tool {
    let filter = json!({
        "type": "object",
        "properties": {
            "min": { "type": "integer", "minimum": 0 }, "max": { "type": ["integer", "null"] }, "exact": { "type": "boolean" },
            "tags": { "type": "array", "items": { "$ref": "#/$defs/Tag" } }, "name": { "type": "string" },
            "inner": { "anyOf": [{ "$ref": "#/$defs/Filter" }, { "type": "null" }] },
        },
        "required": ["min"],
        "additionalProperties": false,
    });
    with(json!({
        "type": "object",
        "$defs": { "Filter": filter, "Tag": { "enum": ["p", "q"] } },
        "properties": {
            "filter": { "$ref": "#/$defs/Filter", "description": "Which." },
            "all": { "allOf": [{ "$ref": "#/$defs/Filter" }] },
            "maybe": { "anyOf": [{ "$ref": "#/$defs/Filter" }, { "type": "null" }] },
            "counts": { "type": "object", "additionalProperties": { "type": "integer" } },
            "free": { "type": "object" },
            "plain.name": { "type": "string" },
            "plain": { "type": "object", "properties": { "name": { "type": "integer" }, "other": { "type": "integer" } } },
        },
        "additionalProperties": false,
    }))
}

#[test]
fn a_member_of_an_object_has_a_flag_of_its_own() {
    let check = |line: &str| check_with(&nested(), line).unwrap_or_else(|told| panic!("{line}: {told}"));
    for (line, expected) in [
        ("--filter.min 1", json!({ "filter": { "min": 1 } })),
        ("filter.min=1 filter.tags:=[\"p\"]", json!({ "filter": { "min": 1, "tags": ["p"] } })),
        ("--all.min=1 --all.exact --all.name 7", json!({ "all": { "min": 1, "exact": true, "name": "7" } })),
        ("--maybe.min 1 --no-maybe.exact", json!({ "maybe": { "min": 1, "exact": false } })),
        ("--filter.min 1 --filter.max null", json!({ "filter": { "min": 1, "max": null } })),
        ("--filter.min 1 --filter.tags p --filter.tags q", json!({ "filter": { "min": 1, "tags": ["p", "q"] } })),
        ("--filter.min 1 --filter.inner.min 2", json!({ "filter": { "min": 1, "inner": { "min": 2 } } })),
        ("--counts.a 1 --counts.b-c 2", json!({ "counts": { "a": 1, "b-c": 2 } })),
        ("--free.a.b x --free.n 1", json!({ "free": { "a.b": "x", "n": 1 } })),
        ("--plain.name 7 --plain.other 7", json!({ "plain.name": "7", "plain": { "other": 7 } })),
        ("--filter {\"min\":1} --filter.max 2", json!({ "filter": { "min": 1, "max": 2 } })),
        ("--filter.max 2 --filter {\"min\":1}", json!({ "filter": { "max": 2, "min": 1 } })),
        ("--filter.max 2 --input {\"filter\":{\"min\":1}}", json!({ "filter": { "max": 2, "min": 1 } })),
        ("--filter.min 3 --filter.min 4", json!({ "filter": { "min": 4 } })),
    ] {
        assert_eq!(check(line), expected, "{line}");
    }
}

#[test]
fn what_does_not_fit_within_an_object_is_told_by_its_flag() {
    let told = |line: &str| check_with(&nested(), line).expect_err(line);
    assert_eq!(told("--filter.min x"), "--filter.min: expected integer, got \"x\"");
    assert_eq!(told("--filter.max x --filter.min 1"), "--filter.max: expected integer or null, got \"x\"");
    assert_eq!(told("--filter.min -1"), "--filter.min: expected at least 0, got -1");
    assert_eq!(told("--filter.max 1"), "missing --filter.min");
    assert_eq!(told("--filter.min 1 --filter.inner.max 1"), "missing --filter.inner.min");
    assert_eq!(told("--filter.mni 1"), "add has no argument --filter.mni; did you mean `filter.min`?");
    assert_eq!(told("--filter {\"mni\":1,\"min\":1}"), "add has no argument --filter.mni; did you mean `filter.min`?");
    assert_eq!(told("--filter.min 1 --filter.tags z"), "--filter.tags: expected one of \"p\", \"q\", got \"z\"");
    assert_eq!(told("--counts.a x"), "--counts.a: expected integer, got \"x\"");
    assert_eq!(told("--filter. 1"), "add has no argument --filter.; did you mean `filter`?");
    assert_eq!(told("--filter 1"), "--filter: expected object, got \"1\"");
}

#[test]
fn the_arguments_as_a_whole_are_what_the_schema_wants() {
    let tool = with(json!({
        "type": "object", "additionalProperties": false,
        "properties": {
            "limit": { "type": "integer", "exclusiveMinimum": 0 }, "name": { "type": "string", "pattern": "^[a-z]+$" },
            "tags": { "type": "array", "items": { "type": "string", "maxLength": 3 }, "uniqueItems": true },
            "list": { "type": "array", "items": { "type": "object", "properties": { "n": { "multipleOf": 2 } } } },
            "when": { "type": ["string", "null"] }, "one": { "oneOf": [{ "type": "string" }, { "type": "integer" }] },
        },
    }));
    let told = |line: &str| check_with(&tool, line).expect_err(line);
    assert_eq!(told("--input {\"limit\":\"x\"}"), "--limit: expected integer, got \"x\"");
    assert_eq!(told("--limit 0"), "--limit: expected more than 0, got 0");
    assert_eq!(told("--name A"), "--name: expected a text that matches ^[a-z]+$, got \"A\"");
    assert_eq!(told("--input {\"tags\":[\"a\",1]}"), "--tags[1]: expected string, got 1");
    assert_eq!(told("--tags long"), "--tags: expected at most 3 characters, got 4");
    assert!(told("--tags a --tags a").starts_with("--tags: "), "{}", told("--tags a --tags a"));
    assert!(told("list:=[{\"n\":2},{\"n\":3}]").starts_with("--list[1].n: "));
    assert_eq!(told("--input {\"limti\":1}"), "add has no argument --limti; did you mean `limit`?");
    assert_eq!(told("one:=true"), "one: expected string or integer, got \"true\"");
    assert!(told("--input {\"one\":true}").starts_with("--one: true is not valid"));
    for line in ["--limit 1 --name a --tags a --tags b list:=[{\"n\":2}] --when 7 --one 7", "--when null", ""] {
        assert!(check_with(&tool, line).is_ok(), "{line}: {:?}", check_with(&tool, line));
    }
}

#[test]
fn a_schema_that_leads_everywhere_is_looked_at_for_a_short_time() {
    let everywhere: Vec<Value> = (0..50).map(|index| json!({ "$ref": format!("#/$defs/{index}") })).collect();
    let named = |value: &dyn Fn(usize) -> Value| -> Value {
        (0..50).map(|index| (index.to_string(), value(index))).collect::<Map<_, _>>().into()
    };
    let objects = named(&|_| json!({ "type": "object", "properties": named(&|to| everywhere[to].clone()) }));
    let wide = with(json!({ "type": "object", "properties": { "a": everywhere[0] }, "$defs": objects }));
    assert_eq!(place::flags(&wide.input_schema).len(), 512);
    assert_eq!(
        check_with(&wide, "--a.1.2.3.4.5 {}"),
        Ok(json!({ "a": { "1": { "2": { "3": { "4": { "5": {} } } } } } }))
    );
    for key in ["allOf", "anyOf", "oneOf"] {
        let branches = named(&|_| json!({ key: everywhere }));
        let deep = with(json!({ "type": "object", "properties": { "a": everywhere[0] }, "$defs": branches }));
        assert!(kinds(&deep.input_schema, &everywhere[0]).is_empty(), "{key}");
        assert_eq!(check_with(&deep, "--a 1"), Ok(json!({ "a": 1 })), "{key}: the server is the judge");
    }
    let listed: Vec<_> = place::flags(&nested().input_schema).iter().map(|flag| flag.place.name()).collect();
    assert!(listed.contains(&"filter.inner".to_owned()) && !listed.contains(&"filter.inner.min".to_owned()));
}

#[test]
fn a_schema_that_makes_no_sense_keeps_nobody_from_calling() {
    for property in [
        json!({ "type": "integer", "pattern": 5 }),
        json!({ "$ref": "#/nowhere" }),
        json!({ "$ref": "https://example.com/schema" }),
        json!({ "$ref": "#/properties/a" }),
        json!({ "allOf": [{ "$ref": "#/properties/a" }] }),
        json!({ "type": "integer", "$schema": "x:y", "minimum": "z" }),
    ] {
        let tool = with(json!({ "type": "object", "properties": { "a": property } }));
        assert_eq!(check_with(&tool, "--a 1"), Ok(json!({ "a": 1 })), "{property}");
        assert!(!place::flags(&tool.input_schema).is_empty(), "it is listed");
    }
}
