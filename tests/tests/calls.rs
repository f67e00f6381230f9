//! Calls of tools: what arguments may look like, what functions may return, and what is found before anything is served.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use mcp_runtime::model::{CallToolResult, ContentBlock, ImageContent, JsonObject, LoggingLevel, Tool};
use mcp_runtime::{Context, MadeTool, Server, State, prompt, resource, server, testing, tool};
use mcp_tests::connection::{Connection, modern, request};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Debug, Deserialize, JsonSchema)]
#[expect(dead_code, reason = "read by `Debug`")]
struct Nested {
    number: u8,
    flag: Option<bool>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Color {
    Red,
    Green,
}

/// Takes one of each scalar.
#[tool]
fn scalars(integer: i32, float: f64, flag: bool, letter: char) -> String {
    format!("{integer} {float} {flag} {letter}")
}

/// Takes what is made of others.
#[tool]
fn compound(list: Vec<u32>, nested: Nested, option: Option<u16>, color: Color) -> String {
    format!("{list:?} {nested:?} {option:?} {color:?}")
}

/// Takes texts, with and without copying.
#[tool]
fn texts(borrowed: &str, cow: Cow<'_, str>, owned: String) -> String {
    let is_borrowed = matches!(cow, Cow::Borrowed(_));
    format!("{borrowed}|{cow}|{owned}|{is_borrowed}")
}

/// Has defaults.
#[tool]
fn defaults(
    #[arg(default = 10, range = 1..=100)] limit: u32,
    #[arg(default = "all")] scope: String,
    flag: Option<bool>,
) -> String {
    format!("{limit} {scope} {flag:?}")
}

/// Does not care for what it does not know.
#[tool(ignore_unknown)]
fn tolerant(known: Option<u8>) -> String {
    format!("{known:?}")
}

/// Goes by other names, too.
#[tool(alias = ["former", "formerly"], deprecated = "use `latter`")]
fn renamed() -> &'static str {
    "renamed"
}

fn arguments() -> Server {
    server![scalars, compound, texts, defaults, tolerant, renamed]
}

/// A tool, its arguments, and the text of its answer or what the text of its error contains.
type Row = (&'static str, Value, Result<&'static str, &'static [&'static str]>);

async fn check(server: Server, rows: &[Row]) {
    let mut connection = Connection::handshake(server, "2025-06-18").await;
    for (tool, arguments, expected) in rows {
        let result = connection.call(tool, arguments.clone()).await;
        let text = result["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{tool} {arguments}: {result}"));
        match expected {
            Ok(expected) => {
                assert_eq!((text, result.get("isError")), (*expected, None), "{tool} {arguments}");
            }
            Err(parts) => {
                assert_eq!(result["isError"], true, "{tool} {arguments}: {text}");
                for part in *parts {
                    assert!(text.contains(part), "{tool} {arguments}: {part:?} is not in {text:?}");
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_meant_without_doubt_is_accepted_and_nothing_else() {
    let scalars = |integer: Value, float: Value, flag: Value, letter: Value| json!({ "integer": integer, "float": float, "flag": flag, "letter": letter });
    check(
        arguments(),
        &[
            ("scalars", scalars(json!(-2), json!(0.5), json!(true), json!("x")), Ok("-2 0.5 true x")),
            ("scalars", scalars(json!("-2"), json!("0.5"), json!("true"), json!("x")), Ok("-2 0.5 true x")),
            ("scalars", scalars(json!(2.0), json!(1), json!("false"), json!("ä")), Ok("2 1 false ä")),
            ("scalars", scalars(json!(2.5), json!(1), json!(true), json!("x")), Err(&["`integer`", "an integer", "2.5"])),
            ("scalars", scalars(json!("2.5"), json!(1), json!(true), json!("x")), Err(&["`integer`"])),
            ("scalars", scalars(json!("two"), json!("one"), json!("yes"), json!("xy")), Err(&["`integer`", "`float`", "`flag`", "`letter`"])),
            ("scalars", scalars(json!(true), json!(null), json!(1), json!(7)), Err(&["`integer`", "`float`", "`flag`", "`letter`"])),
            ("scalars", scalars(json!(2_147_483_648_u64), json!(1), json!(true), json!("x")), Err(&["`integer`", "2147483648"])),
            (
                "compound",
                json!({ "list": [1, "2", 3.0], "nested": { "number": "4", "flag": "true" }, "option": "5", "color": "red" }),
                Ok("[1, 2, 3] Nested { number: 4, flag: Some(true) } Some(5) Red"),
            ),
            (
                "compound",
                json!({ "list": [], "nested": { "number": 0 }, "option": null, "color": "green" }),
                Ok("[] Nested { number: 0, flag: None } None Green"),
            ),
            (
                "compound",
                json!({ "list": [1, [], -1], "nested": { "number": 256, "flag": 1 }, "color": "blue" }),
                Err(&["`list[1]`", "`list[2]`", "`nested.number`", "`nested.flag`", "`color`", "\"red\", \"green\"", "\"blue\""]),
            ),
            ("compound", json!({ "list": "1,2", "nested": "4", "color": 1 }), Err(&["`list`", "`nested`", "`color`"])),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_text_is_borrowed_where_it_can_be_and_never_made_of_something_else() {
    check(
        arguments(),
        &[
            ("texts", json!({ "borrowed": "a", "cow": "b", "owned": "c" }), Ok("a|b|c|true")),
            (
                "texts",
                json!({ "borrowed": "\"\\\n\u{e4}\u{1d11e}\u{0}", "cow": "\t", "owned": "\r" }),
                Ok("\"\\\n\u{e4}\u{1d11e}\u{0}|\t|\r|false"),
            ),
            ("texts", json!({ "borrowed": "", "cow": "", "owned": "" }), Ok("|||true")),
            ("texts", json!({ "borrowed": 1, "cow": true, "owned": null }), Err(&["`borrowed`", "`cow`", "`owned`"])),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_is_left_out_or_null_has_its_default() {
    check(
        arguments(),
        &[
            ("defaults", json!({}), Ok("10 all None")),
            ("defaults", Value::Null, Ok("10 all None")),
            ("defaults", json!({ "limit": null, "scope": null, "flag": null }), Ok("10 all None")),
            ("defaults", json!({ "limit": "100", "scope": "some", "flag": false }), Ok("100 some Some(false)")),
            ("defaults", json!({ "limit": 0 }), Err(&["`limit`", "from 1 to 100", "0"])),
            ("defaults", json!({ "limit": 101, "scope": 1 }), Err(&["`limit`", "`scope`"])),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_unknown_argument_is_refused_with_a_suggestion_unless_the_tool_says_otherwise() {
    check(
        arguments(),
        &[
            ("defaults", json!({ "limmit": 5 }), Err(&["`limmit`", "did you mean `limit`?"])),
            ("defaults", json!({ "Limit": 5 }), Err(&["`Limit`", "did you mean `limit`?"])),
            ("defaults", json!({ "zzzzzzzz": 5 }), Err(&["`zzzzzzzz`", "`limit`", "`scope`", "`flag`"])),
            ("renamed", json!({ "x": 5 }), Err(&["`x`", "there are none"])),
            ("tolerant", json!({ "known": 1, "unknown": [{}] }), Ok("Some(1)")),
            ("renamed", json!({}), Ok("renamed")),
            ("former", json!({}), Ok("renamed")),
            ("formerly", json!({}), Ok("renamed")),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_argument_that_stands_twice_is_refused() {
    let mut connection = Connection::handshake(arguments(), "2025-06-18").await;
    let line = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"defaults","arguments":{"limit":1,"limit":2}}}"#;
    connection.send(line).await;
    let answer = connection.next().await;
    assert!(answer["result"]["content"][0]["text"].as_str().unwrap().contains("`limit`: stands twice"), "{answer}");
}

#[derive(Serialize, JsonSchema)]
struct Pair {
    left: u8,
    right: Option<u8>,
}

#[derive(Debug)]
struct Outer(Inner);
#[derive(Debug)]
struct Inner;
impl fmt::Display for Outer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the outer reason")
    }
}
impl fmt::Display for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the inner reason")
    }
}
impl std::error::Error for Outer {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}
impl std::error::Error for Inner {}

macro_rules! returning {
    ($($name:ident $type:ty = $value:expr;)*) => {
        $(
            /// Returns a value.
            #[tool]
            #[expect(clippy::unnecessary_wraps, clippy::unnecessary_literal_bound, clippy::allow_attributes, reason = "the type is what is tested")]
            #[allow(unfulfilled_lint_expectations)]
            fn $name() -> $type {
                $value
            }
        )*
        fn returning() -> Server {
            server![$($name),*]
        }
    };
}

returning! {
    text &'static str = "text";
    unit () = ();
    yes bool = true;
    letter char = 'x';
    float f64 = 0.5;
    nothing Option<String> = None;
    something Option<String> = Some("some".to_owned());
    several Vec<ContentBlock> = vec!["one".into(), ImageContent::png(b"png").into()];
    whole CallToolResult = CallToolResult::text("whole");
    pair Pair = Pair { left: 1, right: None };
    no_pair Option<Pair> = None;
    strings Vec<String> = vec!["a".to_owned()];
    fine Result<Pair, Outer> = Ok(Pair { left: 1, right: Some(2) });
    caused Result<Pair, Outer> = Err(Outer(Inner));
    told Result<u8, String> = Err("told".to_owned());
    boxed Result<u8, Box<dyn std::error::Error + Send + Sync>> = Err("boxed".into());
}

#[tokio::test(start_paused = true)]
async fn whatever_a_tool_returns_is_content_and_a_value_is_structured_as_well() {
    let mut connection = Connection::open(returning());
    let text = |text: &str| json!([{ "type": "text", "text": text }]);
    for (tool, content, structured) in [
        ("text", text("text"), None),
        ("unit", json!([]), None),
        ("yes", text("true"), None),
        ("letter", text("x"), None),
        ("float", text("0.5"), None),
        ("nothing", json!([]), None),
        ("something", text("some"), None),
        (
            "several",
            json!([{ "type": "text", "text": "one" }, { "type": "image", "data": "cG5n", "mimeType": "image/png" }]),
            None,
        ),
        ("whole", text("whole"), None),
        ("pair", text(r#"{"left":1,"right":null}"#), Some(json!({ "left": 1, "right": null }))),
        ("no_pair", text("null"), Some(json!(null))),
        ("strings", text(r#"["a"]"#), Some(json!(["a"]))),
        ("fine", text(r#"{"left":1,"right":2}"#), Some(json!({ "left": 1, "right": 2 }))),
    ] {
        let answer = connection.ask(&modern(tool, "tools/call", json!({ "name": tool }))).await;
        let result = &answer["result"];
        assert_eq!(result["content"], content, "{tool}");
        assert_eq!(result.get("structuredContent"), structured.as_ref(), "{tool}");
        assert_eq!(result.get("isError"), None, "{tool}");
    }
    for (tool, said) in [("caused", "the outer reason: the inner reason"), ("told", "told"), ("boxed", "boxed")] {
        let answer = connection.ask(&modern(tool, "tools/call", json!({ "name": tool }))).await;
        assert_eq!((&answer["result"]["content"], &answer["result"]["isError"]), (&text(said), &json!(true)));
    }
}

struct Database;
struct Clock;

/// Needs both.
#[tool]
fn both(_db: State<Database>, _clock: State<Clock>) {}
/// Needs one.
#[resource("file:///one")]
fn one(_clock: State<Clock>) -> &'static str {
    ""
}
/// Needs the other.
#[prompt]
fn other(_db: State<Database>) -> &'static str {
    ""
}
/// Needs nothing.
#[tool]
fn none() {}

async fn built(server: Server) -> Result<(), String> {
    let (stream, client) = mcp_runtime::memory(64);
    drop(client);
    server.serve(stream).await.map_err(|error| error.to_string())
}

#[tokio::test(start_paused = true)]
async fn state_that_nobody_gave_is_found_before_the_start_with_everything_that_needs_it() {
    let error = built(server![both, one, other, none]).await.unwrap_err();
    for part in ["Database", "Clock", "`both`", "`one`", "`other`"] {
        assert!(error.contains(part), "{part} is not in {error}");
    }
    assert!(!error.contains("`none`"), "{error}");
    let error = built(server![both, one, other, none].state(Clock)).await.unwrap_err();
    assert!(error.contains("Database") && !error.contains("`one`"), "{error}");
    let error = built(server![none].state(Clock).state(Clock)).await.unwrap_err();
    assert!(error.contains("Clock") && error.contains("twice"), "{error}");
    assert_eq!(built(server![both, one, other, none].state(Clock).state(Database)).await, Ok(()));
}

/// Sends progress of these values.
#[tool]
async fn report(cx: &Context, values: Vec<f64>) -> &'static str {
    for value in values {
        cx.progress(value).send();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    "done"
}

/// Logs at this level.
#[tool]
fn log(cx: &Context, level: String) {
    if let Ok(level) = serde_json::from_value::<LoggingLevel>(level.into()) {
        cx.log(level, "said");
    }
}

#[tokio::test(start_paused = true)]
async fn progress_only_grows() {
    let mut connection = Connection::open(server![report]);
    let values = json!([1, 1, 0.5, 2, -1, 2.5, 1e300, 3]);
    let params = json!({ "name": "report", "arguments": { "values": values }, "_meta": { "progressToken": "t" } });
    connection.send(&modern(1, "tools/call", params).to_string()).await;
    let frames = connection.rest().await;
    let (answer, progress) = frames.split_last().unwrap();
    assert_eq!(answer["result"]["content"][0]["text"], "done");
    let sent: Vec<&Value> = progress.iter().map(|frame| &frame["params"]["progress"]).collect();
    assert_eq!(sent, [&json!(1), &json!(2), &json!(2.5), &json!(1e300)]);
}

#[tokio::test(start_paused = true)]
async fn a_log_message_is_sent_from_the_level_on_that_was_asked_for_in_both_eras() {
    const LEVELS: [&str; 8] = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];
    let mut connection = Connection::handshake(server![log], "2025-11-25").await;
    for (lowest, name) in LEVELS.iter().enumerate() {
        let answer = connection.ask(&request(1, "logging/setLevel", json!({ "level": name }))).await;
        assert_eq!(answer["result"], json!({}));
        for (level, name_of_level) in LEVELS.iter().enumerate() {
            let params = json!({ "name": "log", "arguments": { "level": name_of_level } });
            let mut of_request = params.clone();
            of_request["_meta"]["io.modelcontextprotocol/logLevel"] = json!(name);
            for message in [request(2, "tools/call", params), modern(2, "tools/call", of_request)] {
                connection.send(&message.to_string()).await;
                let frames = connection.rest().await;
                let logged: Vec<&Value> = frames.iter().filter_map(|frame| frame.get("params")).collect();
                let expected = json!({ "level": name_of_level, "data": "said" });
                let expected = if level >= lowest { vec![&expected] } else { Vec::new() };
                assert_eq!(logged, expected, "{name_of_level} where {name} was asked for");
            }
        }
    }
}

#[tokio::test]
async fn a_structured_result_that_breaks_its_schema_is_told_in_debug_builds() {
    let schema = json!({ "type": "object", "properties": { "count": { "type": "integer" } }, "required": ["count"] });
    let mut tool = Tool::new("count", JsonObject::new());
    tool.output_schema = schema.as_object().cloned();
    let count = MadeTool::new(tool, |_: Context, arguments: JsonObject| async move {
        CallToolResult::structured(&arguments["result"])
            .unwrap_or_else(|error| CallToolResult::error(error.to_string()))
    });
    let client = testing::client(server![(count)]).await;
    let sound = client.call("count", json!({ "result": { "count": 3 } })).await.unwrap();
    assert_eq!(sound.is_error, None, "{sound:?}");
    for (result, expected) in [(json!({ "count": "many" }), "`result.count`: expected"), (json!({}), "`result.count`")]
    {
        let broken = client.call("count", json!({ "result": result })).await.unwrap();
        let text = format!("{broken:?}");
        assert_eq!(broken.is_error, Some(true), "{text}");
        assert!(
            text.contains("the result of `count` does not fit its output schema") && text.contains(expected),
            "{text}"
        );
    }
}
