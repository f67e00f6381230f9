//! The schemas that clients see, one snapshot per family of types: what a tool takes, what it returns, and what `#[arg]`
//! adds. Beside the snapshots a lint for what some client refuses, and proof that schemas and parser agree.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use insta::{assert_snapshot, with_settings};
use mcp_runtime::{Server, group, server, testing, tool};
use mcp_tests::connection::Connection;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// For each name a tool that takes the type and gives it back.
macro_rules! types {
    ($family:ident: $($name:ident: $type:ty;)*) => {
        mod $family {
            use super::*;

            $(
                #[tool]
                pub(super) fn $name(value: $type) -> Result<Wrapped<$type>, String> {
                    Ok(Wrapped { value })
                }
            )*

            pub(super) fn server() -> Server {
                server![$($name),*]
            }
        }
    };
}

/// Its member is what is looked at: a type alone may be text instead of structured content.
#[derive(Serialize, JsonSchema)]
struct Wrapped<T> {
    value: T,
}

/// A place.
#[derive(Serialize, Deserialize, JsonSchema, Default)]
struct Place {
    /// Its name.
    name: String,
    zip: Option<u32>,
    at: Point,
}

#[derive(Serialize, Deserialize, JsonSchema, Default)]
struct Point {
    y: f64,
    x: f64,
}

#[derive(Serialize, Deserialize, JsonSchema)]
enum Plain {
    One,
    Two,
}

/// How hard it blows.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Documented {
    /// Nothing moves.
    Calm,
    /// Trees bend.
    StrongWind,
    Other,
}

#[derive(Serialize, Deserialize, JsonSchema)]
enum External {
    Unit,
    /// Just one.
    New(u8),
    Tuple(u8, String),
    Struct {
        a: bool,
        b: Option<String>,
    },
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Internal {
    /// A ring.
    Circle {
        radius: f64,
    },
    Square {
        side: f64,
    },
    Nothing,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", content = "data")]
enum Adjacent {
    Text(String),
    Both { a: u8, b: u8 },
    Nothing,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Untagged {
    Number(f64),
    Text(String),
    Place(Box<Point>),
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Tree {
    name: String,
    #[serde(default)]
    children: Vec<Tree>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Meters(f64);

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
struct Id {
    id: u64,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Unit;

#[derive(Serialize, Deserialize, JsonSchema)]
struct Flattened {
    first: u8,
    #[serde(flatten)]
    point: Point,
    last: u8,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Renamed {
    a_name: String,
    #[serde(rename = "other")]
    b_name: String,
    #[serde(default)]
    with_default: u8,
    #[serde(default = "seven")]
    with_value: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    left_out: Option<String>,
    #[serde(skip)]
    #[expect(dead_code, reason = "only its absence is looked at")]
    skipped: u8,
}

fn seven() -> u8 {
    7
}

types! { scalars:
    a_u8: u8; a_u16: u16; a_u32: u32; a_u64: u64; a_u128: u128; a_usize: usize;
    an_i8: i8; an_i16: i16; an_i32: i32; an_i64: i64; an_i128: i128; an_isize: isize;
    an_f32: f32; an_f64: f64; a_bool: bool; a_char: char; a_string: String; a_non_zero: std::num::NonZeroU32;
    a_path: PathBuf; a_unit: ();
}

types! { containers:
    an_option: Option<u32>; an_option_of_a_struct: Option<Place>; a_list: Vec<String>; a_list_of_options: Vec<Option<u8>>;
    a_list_of_structs: Vec<Point>; a_set: BTreeSet<String>; an_array: [u8; 2]; a_tuple: (u8, String); a_map: BTreeMap<String, u32>;
    a_hash_map: HashMap<String, Point>; a_map_of_options: BTreeMap<String, Option<u8>>; a_box: Box<Point>; any_value: Value;
    an_object: Map<String, Value>; an_option_of_a_list: Option<Vec<Option<String>>>;
}

types! { structs:
    nested: Place; recursive: Tree; newtype: Meters; transparent: Id; unit: Unit; flattened: Flattened; renamed: Renamed;
}

types! { enums:
    plain: Plain; documented: Documented; external: External; internal: Internal; adjacent: Adjacent; untagged: Untagged;
    an_option_of_an_enum: Option<Plain>; an_option_of_a_documented: Option<Documented>; a_list_of_enums: Vec<Plain>;
}

mod refined {
    use super::*;

    /// Every key of `#[arg]`.
    #[tool]
    #[expect(clippy::too_many_arguments, reason = "one for each key")]
    pub(super) fn keys(
        /// How many.
        #[arg(default = 10, range = 1..=100, example = 5)]
        limit: u32,
        #[arg(range = 1..10)] below: i32,
        #[arg(range = 0.5..)] from: f64,
        #[arg(range = ..2.5)] to: f64,
        #[arg(length = 1..=8, pattern = "^[a-z]+$")] word: &str,
        #[arg(length = 2.., default = "abc")] text: String,
        #[arg(items = 1..4)] list: Vec<u8>,
        #[arg(items = 1..)] maybe: Option<Vec<String>>,
        #[arg(header = "X-Region", description = "Where.")] region: Option<&str>,
        #[arg(name = "sorted-by", default = Plain::One)] sorted: Plain,
        #[arg(default)] place: Place,
    ) {
        let _ = (limit, below, from, to, word, text, list, maybe, region, sorted, place);
    }

    #[tool(ignore_unknown)]
    pub(super) fn open(a: Option<u8>) {
        let _ = a;
    }

    #[tool]
    pub(super) fn nothing() {}

    pub(super) fn server() -> Server {
        server![keys, open, nothing]
    }
}

mod plain_results {
    use super::*;

    macro_rules! results {
        ($($name:ident: $type:ty;)*) => {
            $(
                #[tool]
                pub(super) fn $name() -> $type {
                    unreachable!("only its schema is asked for")
                }
            )*

            pub(super) fn server() -> Server {
                server![$($name),*]
            }
        };
    }

    results! {
        text: String; number: u32; nothing: (); maybe_text: Option<String>; structure: Place; maybe_structure: Option<Place>;
        list: Vec<Point>; texts: Vec<String>; map: BTreeMap<String, u8>; tuple: (u8, bool); variants: Internal; tree: Tree;
        fallible: Result<Point, String>; anything: Value;
    }
}

fn tools(server: Server) -> Vec<Value> {
    let Value::Array(tools) = testing::surface(server)["tools"].take() else { panic!("tools are a list") };
    tools
}

fn families() -> [(&'static str, Server); 6] {
    [
        ("scalars", scalars::server()),
        ("containers", containers::server()),
        ("structs", structs::server()),
        ("enums", enums::server()),
        ("refined", refined::server()),
        ("plain_results", plain_results::server()),
    ]
}

/// Takes the member out that all tools of a family share.
fn shown(schema: &Value) -> Value {
    let mut shown = schema.clone();
    match shown.pointer_mut("/properties/value").map(Value::take) {
        Some(Value::Object(mut value)) => {
            for key in ["$defs", "required"] {
                if let Some(kept) = schema.get(key).filter(|kept| **kept != json!(["value"])) {
                    value.insert(format!("(outside) {key}"), kept.clone());
                }
            }
            if schema.get("required").is_none() {
                value.insert("(outside) required".to_owned(), json!([]));
            }
            Value::Object(value)
        }
        _ => schema.clone(),
    }
}

#[test]
fn every_schema_is_as_it_was_reviewed() {
    for (family, server) in families() {
        let mut text = String::new();
        for tool in tools(server) {
            let name = tool["name"].as_str().unwrap();
            let input = serde_json::to_string_pretty(&shown(&tool["inputSchema"])).unwrap();
            let _ = writeln!(text, "── {name}, in ──\n{input}");
            match tool.get("outputSchema").map(shown) {
                Some(output) if output == shown(&tool["inputSchema"]) => text.push_str("out: the same\n\n"),
                Some(output) => {
                    let output = serde_json::to_string_pretty(&output).unwrap();
                    let _ = writeln!(text, "── {name}, out ──\n{output}\n");
                }
                None => text.push('\n'),
            }
        }
        with_settings!({ snapshot_path => "../snapshots/schemas", prepend_module_to_snapshot => false, omit_expression => true }, {
            assert_snapshot!(family, text);
        });
    }
}

/// What some known client refuses, with the place.
fn lint(root: &Value) -> Vec<String> {
    let mut found = Vec::new();
    walk(root, root, "", &mut found);
    found
}

fn walk(root: &Value, schema: &Value, path: &str, found: &mut Vec<String>) {
    let Some(object) = schema.as_object() else {
        if !schema.is_boolean() {
            found.push(format!("{path}: is no schema"));
        }
        return;
    };
    let mut fault = |fault: &str| found.push(format!("{path}: {fault}"));
    for keyword in ["$schema", "const", "oneOf", "nullable"] {
        if object.contains_key(keyword) {
            fault(&format!("has `{keyword}`"));
        }
    }
    if object.get("type").is_some_and(Value::is_array) {
        fault("has a list of types");
    }
    let format = object.get("format").and_then(Value::as_str).unwrap_or_default();
    if format.contains("int") || ["float", "double"].contains(&format) {
        fault("has a numeric format");
    }
    if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
        let name = reference.strip_prefix("#/$defs/").unwrap_or_default();
        let is_recursive = root["$defs"].get(name).is_some_and(|definition| definition.to_string().contains(reference));
        if !is_recursive {
            fault("refers to what is not recursive");
        }
    }
    for (keyword, value) in object {
        match (keyword.as_str(), value) {
            ("properties" | "$defs" | "patternProperties", Value::Object(schemas)) => {
                schemas
                    .iter()
                    .for_each(|(name, schema)| walk(root, schema, &format!("{path}/{keyword}/{name}"), found));
            }
            ("anyOf" | "allOf" | "oneOf" | "prefixItems", Value::Array(schemas)) => {
                schemas
                    .iter()
                    .enumerate()
                    .for_each(|(i, schema)| walk(root, schema, &format!("{path}/{keyword}/{i}"), found));
            }
            ("items" | "additionalProperties" | "not" | "contains" | "propertyNames", schema) => {
                walk(root, schema, &format!("{path}/{keyword}"), found);
            }
            _ => {}
        }
    }
}

/// Defaults and examples of arguments that their own schema refuses.
fn unfit_defaults(root: &Value) -> Vec<String> {
    let properties = root["properties"].as_object().into_iter().flatten();
    let mut found = Vec::new();
    for (name, property) in properties {
        let mut schema = property.clone();
        if let Some(definitions) = root.get("$defs") {
            schema["$defs"] = definitions.clone();
        }
        let validator = jsonschema::validator_for(&schema).unwrap();
        let examples = property.get("examples").and_then(Value::as_array).into_iter().flatten();
        for value in property.get("default").into_iter().chain(examples) {
            if !validator.is_valid(value) {
                found.push(format!("{value} does not fit `{name}`"));
            }
        }
    }
    found
}

#[test]
fn every_schema_is_one_that_every_known_client_takes() {
    let mut count = 0;
    let mut found = Vec::new();
    for (family, server) in families() {
        for tool in tools(server) {
            for key in ["inputSchema", "outputSchema"] {
                let Some(schema) = tool.get(key) else { continue };
                let place = format!("{family} {} {key}", tool["name"]);
                found.extend(lint(schema).into_iter().map(|fault| format!("{place}{fault}")));
                if schema["type"] != "object" && key == "inputSchema" {
                    found.push(format!("{place} is no object"));
                }
                found.extend(unfit_defaults(schema).into_iter().map(|fault| format!("{place}: {fault}")));
                jsonschema::draft202012::meta::validate(schema).unwrap_or_else(|error| panic!("{place}: {error}"));
                count += 1;
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert!(count > 90, "only {count} schemas were looked at");
}

#[test]
fn the_lint_bites() {
    let bad = json!({
        "$schema": "x",
        "properties": {
            "a": { "type": ["string", "null"] },
            "b": { "type": "integer", "format": "uint8" },
            "c": { "items": { "const": 1 } },
            "d": { "anyOf": [{ "oneOf": [] }] },
            "e": { "$ref": "#/$defs/flat" },
            "f": { "$ref": "#/$defs/deep" }
        },
        "$defs": { "flat": { "type": "string" }, "deep": { "items": { "$ref": "#/$defs/deep" } } }
    });
    let expected = [
        ": has `$schema`",
        "/properties/a: has a list of types",
        "/properties/b: has a numeric format",
        "/properties/c/items: has `const`",
        "/properties/d/anyOf/0: has `oneOf`",
        "/properties/e: refers to what is not recursive",
    ];
    assert_eq!(lint(&bad), expected);
    let unfit = json!({ "properties": { "a": { "type": "string", "default": 1 }, "b": { "type": "string", "examples": ["x"] } } });
    assert_eq!(unfit_defaults(&unfit), ["1 does not fit `a`"]);
}

#[test]
fn members_stand_in_the_order_of_the_source() {
    let keys = |schema: &Value| schema["properties"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let tools = tools(server![group![refined::keys, structs::flattened], plain_results::structure]);
    let arguments = ["limit", "below", "from", "to", "word", "text", "list", "maybe", "region", "sorted-by", "place"];
    assert_eq!(keys(&tools[0]["inputSchema"]), arguments);
    assert_eq!(keys(&tools[0]["inputSchema"]["properties"]["place"]), ["name", "zip", "at"]);
    assert_eq!(keys(&tools[1]["inputSchema"]["properties"]["value"]), ["first", "y", "x", "last"]);
    assert_eq!(keys(&tools[2]["outputSchema"]), ["name", "zip", "at"]);
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table")]
async fn what_a_tool_returns_fits_its_schema_and_what_it_takes_fits_too() {
    let samples = [
        ("a_u8", vec![json!(0), json!(255)], vec![json!(-1), json!(256), json!(0.5), json!({}), json!(true)]),
        ("an_i8", vec![json!(-128), json!(127)], vec![json!(-129), json!(128), json!([])]),
        ("a_u64", vec![json!(0), json!(u64::MAX)], vec![json!(-1), json!(1.5)]),
        ("an_i64", vec![json!(i64::MIN), json!(i64::MAX)], vec![json!(1.5), json!(false)]),
        ("an_f64", vec![json!(0), json!(-1.5), json!(1e300)], vec![json!({}), json!(true)]),
        ("a_bool", vec![json!(true), json!(false)], vec![json!(1), json!("yes"), json!(0)]),
        ("a_char", vec![json!("x"), json!("ä")], vec![json!("xy"), json!(""), json!(5)]),
        ("a_string", vec![json!(""), json!("5")], vec![json!(5), json!(true), json!([])]),
        ("a_non_zero", vec![json!(1)], vec![json!(0)]),
        ("a_unit", vec![json!(null)], vec![json!(0), json!({})]),
        ("an_option", vec![json!(5)], vec![json!("x"), json!([])]),
        ("an_option_of_a_struct", vec![json!({ "name": "n", "at": { "y": 1, "x": 2 } })], vec![json!({}), json!(1)]),
        ("a_list", vec![json!([]), json!(["a"])], vec![json!([1]), json!("a"), json!({})]),
        ("a_list_of_options", vec![json!([1, null])], vec![json!([[]]), json!(null)]),
        ("an_array", vec![json!([1, 2])], vec![json!([1]), json!([1, 2, 3])]),
        ("a_tuple", vec![json!([1, "a"])], vec![json!(["a", 1]), json!([1]), json!([1, "a", 2])]),
        ("a_map", vec![json!({}), json!({ "a": 1 })], vec![json!({ "a": "x" }), json!([])]),
        ("a_map_of_options", vec![json!({ "a": null, "b": 1 })], vec![json!({ "a": [] })]),
        ("any_value", vec![json!(null), json!([1, { "a": true }])], vec![]),
        ("an_object", vec![json!({ "a": [1] })], vec![json!([]), json!(1)]),
        (
            "nested",
            vec![
                json!({ "name": "n", "zip": 1, "at": { "y": 0.5, "x": 1 } }),
                json!({ "name": "n", "at": { "y": 1, "x": 1 } }),
            ],
            vec![json!({ "at": { "y": 1, "x": 1 } }), json!({ "name": "n", "at": { "y": 1 } })],
        ),
        (
            "recursive",
            vec![json!({ "name": "a" }), json!({ "name": "a", "children": [{ "name": "b", "children": [] }] })],
            vec![json!({ "name": "a", "children": [{}] })],
        ),
        ("newtype", vec![json!(1.5)], vec![json!([1.5]), json!({})]),
        ("transparent", vec![json!(1)], vec![json!({ "id": 1 })]),
        ("flattened", vec![json!({ "first": 1, "last": 2, "x": 1, "y": 2 })], vec![json!({ "first": 1, "last": 2 })]),
        (
            "renamed",
            vec![
                json!({ "aName": "", "other": "" }),
                json!({ "aName": "", "other": "", "withDefault": 1, "withValue": 2, "leftOut": "x" }),
            ],
            vec![json!({ "a_name": "", "other": "" }), json!({ "aName": "", "other": "", "more": 1 })],
        ),
        ("plain", vec![json!("One")], vec![json!("one"), json!(1)]),
        ("documented", vec![json!("calm"), json!("strong-wind"), json!("other")], vec![json!("Calm"), json!("storm")]),
        (
            "external",
            vec![json!("Unit"), json!({ "New": 1 }), json!({ "Tuple": [1, "a"] }), json!({ "Struct": { "a": true } })],
            vec![
                json!("New"),
                json!({ "New": "x" }),
                json!({ "Tuple": [1] }),
                json!({ "Struct": {} }),
                json!({ "Other": 1 }),
            ],
        ),
        (
            "internal",
            vec![json!({ "type": "circle", "radius": 1 }), json!({ "type": "nothing" })],
            vec![json!({ "type": "circle" }), json!({ "radius": 1 }), json!({ "type": "oval" }), json!("nothing")],
        ),
        (
            "adjacent",
            vec![
                json!({ "kind": "Text", "data": "x" }),
                json!({ "kind": "Both", "data": { "a": 1, "b": 2 } }),
                json!({ "kind": "Nothing" }),
            ],
            vec![json!({ "kind": "Text" }), json!({ "kind": "Text", "data": 1 }), json!({ "data": "x" })],
        ),
        (
            "untagged",
            vec![json!(1.5), json!("x"), json!({ "y": 1, "x": 2 })],
            vec![json!(true), json!([]), json!({ "y": 1 })],
        ),
        ("an_option_of_an_enum", vec![json!("Two")], vec![json!("two"), json!(1)]),
        ("a_list_of_enums", vec![json!(["One", "Two"])], vec![json!(["Three"]), json!("One")]),
    ];
    let mut mistakes = Vec::new();
    for (family, server, again) in [
        ("scalars", scalars::server(), scalars::server()),
        ("containers", containers::server(), containers::server()),
        ("structs", structs::server(), structs::server()),
        ("enums", enums::server(), enums::server()),
    ] {
        let tools = tools(server);
        let client = testing::client(again).await;
        for (name, right, wrong) in &samples {
            let Some(tool) = tools.iter().find(|tool| tool["name"] == *name) else { continue };
            let input = jsonschema::validator_for(&tool["inputSchema"]).unwrap();
            let output = jsonschema::validator_for(&tool["outputSchema"]).unwrap();
            let values = right.iter().map(|value| (value, true)).chain(wrong.iter().map(|value| (value, false)));
            for (value, is_right) in values {
                let arguments = json!({ "value": value });
                if input.is_valid(&arguments) != is_right {
                    mistakes.push(format!("{family} {name}: the schema says {} to {value}", !is_right));
                }
                let result = client.call(*name, arguments).await.unwrap();
                if result.is_error.is_none() != is_right {
                    mistakes.push(format!("{family} {name}: the tool says {} to {value}", !is_right));
                }
                if let Some(raw) = result.structured_content {
                    let given: Value = serde_json::from_str(raw.get()).unwrap();
                    mistakes.extend(
                        output.iter_errors(&given).map(|error| format!("{family} {name} returns {given}: {error}")),
                    );
                }
            }
        }
    }
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
}

#[tokio::test]
async fn bounds_in_the_schema_are_those_that_are_enforced() {
    let tools = tools(refined::server());
    let validator = jsonschema::validator_for(&tools[0]["inputSchema"]).unwrap();
    let client = testing::client(refined::server()).await;
    let good = json!({ "below": 9, "from": 0.5, "to": 2, "word": "abc", "list": [1] });
    let cases = [
        (json!({}), true),
        (json!({ "limit": 1 }), true),
        (json!({ "limit": 0 }), false),
        (json!({ "limit": 101 }), false),
        (json!({ "below": 10 }), false),
        (json!({ "below": 0 }), false),
        (json!({ "from": 0.25 }), false),
        (json!({ "to": 2.5 }), false),
        (json!({ "to": 2.4999 }), true),
        (json!({ "word": "" }), false),
        (json!({ "word": "ABC" }), false),
        (json!({ "word": "abcdefghi" }), false),
        (json!({ "text": "ä" }), false),
        (json!({ "text": "äö" }), true),
        (json!({ "list": [] }), false),
        (json!({ "list": [1, 2, 3] }), true),
        (json!({ "list": [1, 2, 3, 4] }), false),
        (json!({ "maybe": [] }), false),
        (json!({ "maybe": ["a"] }), true),
        (json!({ "sorted-by": "Two" }), true),
        (json!({ "sorted-by": "Three" }), false),
        (json!({ "sorted": "Two" }), false),
        (json!({ "place": {} }), false),
    ];
    for (change, is_right) in cases {
        let mut arguments = good.clone();
        for (name, value) in change.as_object().unwrap() {
            arguments[name] = value.clone();
        }
        assert_eq!(validator.is_valid(&arguments), is_right, "the schema of {change}");
        let result = client.call("keys", arguments).await.unwrap();
        assert_eq!(result.is_error.is_none(), is_right, "the tool with {change}: {result:?}");
    }
}

/// How often the schema of [`Counted`] was made.
static MADE: AtomicUsize = AtomicUsize::new(0);

#[derive(Deserialize)]
#[serde(transparent)]
struct Counted(u8);

impl JsonSchema for Counted {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Counted".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        MADE.fetch_add(1, Ordering::Relaxed);
        u8::json_schema(generator)
    }
}

/// Adds one.
#[tool]
fn next(number: Counted) -> u8 {
    number.0 + 1
}

#[tokio::test]
async fn a_call_that_succeeds_makes_no_schema() {
    let mut connection = Connection::handshake(server![next], "2025-11-25").await;
    for number in [json!(1), json!("1")] {
        let answer = connection.call("next", json!({ "number": number })).await;
        assert_eq!(answer["content"][0]["text"], "2", "{answer}");
    }
    assert_eq!(MADE.load(Ordering::Relaxed), 0);
    let answer = connection.call("next", json!({ "number": true })).await;
    assert_eq!(answer["isError"], true, "{answer}");
    assert!(MADE.load(Ordering::Relaxed) > 0, "what is wrong is told by the schema");
}
