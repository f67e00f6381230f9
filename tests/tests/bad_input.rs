//! What bad input gets, through a real process: a clear error each, never silence, never an exit, and a healthy call after
//! each. What is no JSON at all is in `json`.

use mcp_tests::connection::{initialize, modern, request};
use mcp_tests::process::{Process, call};
use serde_json::{Value, json};

const FIXTURE: &str = env!("CARGO_BIN_EXE_fixture");

/// Sends lines to a process; each must be answered with this code, and once.
struct Check {
    process: Process,
    mistakes: Vec<String>,
}

impl Check {
    fn new() -> Self {
        Self { process: Process::start(FIXTURE, &[]), mistakes: Vec::new() }
    }

    /// In a session of this revision.
    fn in_session(revision: &str) -> Self {
        let mut check = Self::new();
        check.process.send(initialize(revision));
        assert_eq!(check.process.receive()["result"]["protocolVersion"], revision);
        check
    }

    fn refused(&mut self, what: &str, line: impl AsRef<[u8]>, code: i64) -> Value {
        self.process.send(line.as_ref());
        let answer = self.process.receive();
        if answer["error"]["code"] != code {
            self.mistakes.push(format!("{what}: not {code} but {answer}"));
        }
        let is_told = answer["error"]["message"].as_str().is_some_and(|message| message.len() > 10);
        if !is_told || answer.to_string().len() > 2000 {
            self.mistakes.push(format!("{what}: no clear message: {answer}"));
        }
        if let Err(reason) = self.process.is_healthy() {
            self.mistakes.push(format!("{what}: {reason}"));
        }
        answer
    }

    fn accepted(&mut self, what: &str, line: impl AsRef<[u8]>) -> Value {
        self.process.send(line.as_ref());
        let answer = self.process.receive();
        if answer.get("result").is_none() {
            self.mistakes.push(format!("{what}: refused: {answer}"));
        }
        answer
    }

    fn done(self) {
        assert!(self.mistakes.is_empty(), "{}", self.mistakes.join("\n"));
    }
}

fn add(id: &str) -> String {
    call("@", "add", json!({ "a": 1, "b": 1 })).to_string().replacen("\"@\"", id, 1)
}

#[test]
fn an_id_is_an_integer_or_a_string_of_bounded_length() {
    let mut check = Check::new();
    for id in ["0", "-1", "9223372036854775807", "-9223372036854775808", "\"\"", "\"ä\\u0000\"", "\"1\""] {
        let answer = check.accepted(id, add(id));
        assert_eq!(answer["id"], serde_json::from_str::<Value>(id).unwrap());
    }
    let longest = format!("\"{}\"", "x".repeat(1000));
    check.accepted("an id of 1000 letters", add(&longest));
    let too_long = format!("\"{}\"", "x".repeat(1 << 20));
    for id in
        ["null", "1.5", "1.0", "1e3", "true", "false", "{}", "[]", "[1]", "9223372036854775808", "1e400", &too_long]
    {
        let answer = check.refused(&id[..id.len().min(30)], add(id), -32600);
        assert!(answer["id"].is_null(), "{answer}");
    }
    check.done();
}

#[test]
fn an_envelope_has_each_member_once_and_in_lower_case() {
    let mut check = Check::new();
    let good = add("1");
    check.accepted("the control", &good);
    check.accepted("members that nobody knows", good.replacen('{', r#"{"extra":[1],"Id":5,"extra":null,"#, 1));
    check.accepted("a member name with escapes", good.replacen("\"method\"", "\"m\\u0065thod\"", 1));
    for member in [r#""jsonrpc":"2.0""#, r#""id":1"#, r#""id":2"#, r#""method":"ping""#, r#""params":{}"#] {
        check.refused(member, good.replacen('{', &format!("{{{member},"), 1), -32600);
    }
    for (from, to) in [
        ("\"jsonrpc\"", "\"jsonRpc\""),
        ("\"jsonrpc\"", "\"JSONRPC\""),
        ("\"method\"", "\"Method\""),
        ("\"2.0\"", "2.0"),
        ("\"2.0\"", "2"),
        ("\"2.0\"", "\"2\""),
        ("\"2.0\"", "null"),
        ("\"tools/call\"", "7"),
        ("\"tools/call\"", "null"),
        ("\"tools/call\"", "[\"tools/call\"]"),
    ] {
        check.refused(to, good.replacen(from, to, 1), -32600);
    }
    // Without an id it is a notification, which is never answered; here the name is wrong, so that nobody waits.
    check.process.send(good.replacen("\"id\"", "\"ID\"", 1));
    check.process.assert_healthy();
    check.done();
}

#[test]
fn parameters_are_an_object() {
    let mut check = Check::new();
    for params in ["7", "\"x\"", "true", "null"] {
        let line = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{params}}}"#);
        check.refused(params, line, -32600);
    }
    let answer =
        check.refused("an array", r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":["add"]}"#, -32602);
    assert_eq!(answer["id"], 1);
    // In the order in which the server reads the members.
    let good = modern(1, "tools/call", json!({ "name": "add", "arguments": { "a": 1, "b": 2 } }));
    let (meta, arguments) = (&good["params"]["_meta"], &good["params"]["arguments"]);
    for list in [json!([meta, "add", null, null, arguments]), json!([meta])] {
        for method in ["tools/call", "tools/list"] {
            check.refused("a list of members", request(1, method, list.clone()).to_string(), -32602);
        }
    }
    let metas = json!({ "name": "add", "arguments": arguments, "_meta": [null, "2026-07-28", null, {}] });
    check.refused("a list of metadata", request(1, "tools/call", metas).to_string(), -32602);
    check.done();
}

#[test]
fn text_that_is_no_utf_8_or_begins_with_a_byte_order_mark_is_refused() {
    let mut check = Check::new();
    let good = add("1").into_bytes();
    let with = |from: &str, to: &[u8]| {
        let text = String::from_utf8(good.clone()).unwrap();
        let (before, after) = text.split_once(from).unwrap();
        [before.as_bytes(), to, after.as_bytes()].concat()
    };
    for (what, bytes) in [
        ("a lone continuation byte", b"\x80".as_slice()),
        ("an overlong slash", b"\xc0\xaf"),
        ("a surrogate", b"\xed\xa0\x80"),
        ("beyond unicode", b"\xf4\x90\x80\x80"),
        ("cut off", b"\xe2\x82"),
        ("latin 1", b"\xe9"),
    ] {
        check.refused(what, with("add", bytes), -32700);
        check.refused(what, bytes, -32700);
    }
    check.refused("UTF-8 with a mark", [b"\xef\xbb\xbf", good.as_slice()].concat(), -32700);
    check.refused("UTF-16 with a mark", b"\xff\xfe{\0}\0", -32700);
    check.refused("UTF-16", b"{\0}\0", -32700);
    check.refused("a NUL", b"\0", -32700);
    check.accepted("the control", &good);
    check.done();
}

#[test]
fn nesting_is_allowed_to_128_levels() {
    let mut check = Check::new();
    // The message, its parameters and the arguments are three levels already.
    let nested = |levels: usize| {
        let inner = levels - 3;
        let value = format!("{}{}", "[".repeat(inner), "]".repeat(inner));
        call(levels, "same", json!({ "value": "@" })).to_string().replacen("\"@\"", &value, 1)
    };
    for levels in [4, 100, 127, 128] {
        let answer = check.accepted(&format!("{levels} levels"), nested(levels));
        assert!(answer["result"]["content"][0]["text"].as_str().unwrap_or_default().starts_with('['), "{answer}");
    }
    for levels in [129, 130, 1000, 1_000_000] {
        check.refused(&format!("{levels} levels"), nested(levels), -32700);
    }
    for open in ["[", "{\"a\":", "[{\"a\":"] {
        check.refused(open, open.repeat(200_000), -32700);
    }
    check.accepted("brackets in a string", call(1, "echo", json!({ "text": "[{".repeat(100_000) })).to_string());
    check.done();
}

#[test]
fn a_request_before_the_handshake_is_told_what_to_do() {
    let mut check = Check::new();
    for method in ["tools/list", "tools/call", "resources/read", "logging/setLevel", "prompts/get"] {
        let line = request(1, method, json!({ "name": "add", "uri": "file:///manual", "level": "info" })).to_string();
        let answer = check.refused(method, line, -32602);
        assert!(answer["error"]["message"].as_str().unwrap().contains("initialize"), "{answer}");
    }
    check.accepted("a ping", request(2, "ping", json!({})).to_string());
    check.accepted("initialize", initialize("2025-06-18"));
    check.accepted("the control", request(3, "tools/list", json!({})).to_string());
    check.refused("a second handshake", initialize("2025-06-18"), -32600);
    check.done();
}

#[test]
fn an_initialize_that_cannot_be_understood_leaves_the_way_open_for_a_good_one() {
    let mut check = Check::new();
    for params in [
        json!({}),
        json!({ "protocolVersion": 7 }),
        json!({ "protocolVersion": "2025-06-18" }),
        json!({ "protocolVersion": "2025-06-18", "capabilities": [], "clientInfo": { "name": "x", "version": "1" } }),
        json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": "x" }),
        json!({ "protocolVersion": null, "capabilities": {}, "clientInfo": { "name": "x", "version": "1" } }),
    ] {
        check.refused(&params.to_string(), request(1, "initialize", params).to_string(), -32602);
    }
    check.accepted("a good one", initialize("2024-11-05"));
    check.done();
}

#[test]
fn an_unknown_method_tool_prompt_or_resource_is_named_in_the_error() {
    let mut check = Check::new();
    for (method, params, code) in [
        ("unheard/of", json!({}), -32601),
        ("tools/Call", json!({ "name": "add" }), -32601),
        ("", json!({}), -32601),
        ("notifications/cancelled", json!({ "requestId": 1 }), -32601),
        ("initialize", json!({}), -32601),
        ("tools/call", json!({ "name": "unheard_of" }), -32602),
        ("tools/call", json!({ "name": "Add" }), -32602),
        ("tools/call", json!({ "name": "" }), -32602),
        ("tools/call", json!({ "name": "x".repeat(100_000) }), -32602),
        ("tools/call", json!({}), -32602),
        ("tools/call", json!({ "name": null }), -32602),
        ("tools/call", json!({ "name": ["add"] }), -32602),
        ("prompts/get", json!({ "name": "unheard_of" }), -32602),
        ("prompts/get", json!({ "name": "review" }), -32602),
        ("prompts/get", json!({ "name": "review", "arguments": { "code": 7, "more": "x" } }), -32602),
        ("resources/read", json!({ "uri": "file:///unheard_of" }), -32602),
        ("resources/read", json!({ "uri": "note://100" }), -32602),
        ("resources/read", json!({ "uri": "note://x" }), -32602),
        ("resources/read", json!({ "uri": "note://" }), -32602),
        ("resources/read", json!({ "uri": "" }), -32602),
        ("resources/read", json!({ "uri": 7 }), -32602),
        ("resources/read", json!({ "uri": "note://%ff" }), -32602),
        ("completion/complete", json!({}), -32602),
        ("completion/complete", json!({ "ref": { "type": "ref/prompt", "name": "review" } }), -32602),
    ] {
        let what = params.to_string();
        let answer = check.refused(&what[..what.len().min(60)], modern(what.len(), method, params).to_string(), code);
        assert_eq!(answer["id"], what.len());
    }
    check.done();
}

#[test]
fn arguments_of_the_wrong_kind_are_refused_and_wrong_ones_are_listed_all_at_once() {
    let mut check = Check::new();
    for arguments in [json!([1, 2]), json!("x"), json!(7), json!(true)] {
        check.refused(&arguments.to_string(), call(1, "add", arguments).to_string(), -32602);
    }
    let arguments = json!({
        "count": 256, "ratio": "fast", "on": "perhaps", "name": 7, "list": [1, "x", 300], "bounded": 11,
        "nested": { "inner": -1 }, "nmae": "x"
    });
    let result = check.process.call("many", arguments);
    assert_eq!(result["isError"], true, "{result}");
    let text = result["content"][0]["text"].as_str().unwrap().to_owned();
    for path in ["`count`", "`ratio`", "`on`", "`name`", "`list[1]`", "`bounded`", "`nested.inner`", "`nmae`"] {
        assert!(text.contains(path), "{path} is not listed in {text}");
    }
    let result = check.process.call("many", json!({}));
    let text = result["content"][0]["text"].as_str().unwrap().to_owned();
    for name in ["count", "ratio", "on", "name", "list", "bounded", "nested"] {
        assert!(text.contains(&format!("`{name}`: required")), "{name} is not listed in {text}");
    }
    let good = json!({
        "count": 1, "ratio": 0.5, "on": true, "name": "x", "list": [1], "bounded": 10, "nested": { "inner": 1 }
    });
    let result = check.process.call("many", good);
    assert_eq!(result["content"][0]["text"], "1 0.5 true x [1] 10 1", "the control: {result}");
    check.done();
}

#[test]
fn arguments_without_end_are_refused_in_bounded_time_and_words() {
    let mut check = Check::new();
    let members = (0..50_000).map(|index| format!("\"x{index}\":0,")).collect::<Vec<_>>().concat();
    let line = call(1, "add", json!({ "@": 0 })).to_string().replacen("\"@\":0", members.trim_end_matches(','), 1);
    check.process.send(line);
    let answer = check.process.receive();
    assert!(answer["result"]["isError"] == true && answer.to_string().len() < 5000, "{answer}");
    let result = check.process.call("many", json!({ "list": vec!["x"; 100_000], "name": "x".repeat(1 << 20) }));
    assert!(result["isError"] == true && result.to_string().len() < 5000, "{result}");
    check.process.assert_healthy();
    check.done();
}

#[test]
fn a_cursor_that_no_page_gave_is_refused() {
    let mut check = Check::new();
    let tools = check.accepted("the first page", modern(1, "tools/list", json!({})).to_string());
    let cursor = tools["result"]["nextCursor"].as_str().expect("there is a second page").to_owned();
    check.accepted("the second page", modern(1, "tools/list", json!({ "cursor": cursor })).to_string());
    for method in ["resources/list", "resources/templates/list", "prompts/list"] {
        check.refused(method, modern(1, method, json!({ "cursor": cursor })).to_string(), -32602);
    }
    for cursor in [
        json!(""),
        json!("0"),
        json!("made up"),
        json!("x".repeat(1 << 20)),
        json!("MC45OTk5OQ"),
        json!("MC4w"),
        json!("MC4tMQ"),
        json!(format!("{cursor}=")),
        json!(7),
        json!({}),
        json!(["x"]),
    ] {
        let what = cursor.to_string();
        check.refused(
            &what[..what.len().min(40)],
            modern(1, "tools/list", json!({ "cursor": cursor })).to_string(),
            -32602,
        );
    }
    check.done();
}

#[test]
fn an_unknown_log_level_is_refused() {
    let mut check = Check::in_session("2025-06-18");
    for level in [json!("loud"), json!("INFO"), json!(""), json!(3), json!(null), json!(["info"])] {
        let line = request(1, "logging/setLevel", json!({ "level": level })).to_string();
        check.refused(&level.to_string(), line, -32602);
    }
    check.refused("nothing", request(1, "logging/setLevel", json!({})).to_string(), -32602);
    check.accepted("the control", request(1, "logging/setLevel", json!({ "level": "emergency" })).to_string());
    check.done();
}

#[test]
fn wrong_metadata_is_refused() {
    const PREFIX: &str = "io.modelcontextprotocol/";
    let mut check = Check::new();
    for (key, value) in [
        ("protocolVersion", json!(7)),
        ("protocolVersion", json!(null)),
        ("clientCapabilities", json!([])),
        ("clientCapabilities", json!("all")),
        ("clientCapabilities", json!(null)),
        ("clientInfo", json!("me")),
        ("clientInfo", json!({})),
        ("logLevel", json!("loud")),
        ("logLevel", json!(1)),
    ] {
        let mut message = call(1, "add", json!({ "a": 1, "b": 1 }));
        message["params"]["_meta"][format!("{PREFIX}{key}")] = value.clone();
        check.refused(&format!("{key} {value}"), message.to_string(), -32602);
    }
    for token in [json!(1.5), json!({}), json!([]), json!(true)] {
        let mut message = call(1, "add", json!({ "a": 1, "b": 1 }));
        message["params"]["_meta"]["progressToken"] = token.clone();
        check.refused(&format!("the token {token}"), message.to_string(), -32602);
    }
    for meta in [json!(7), json!([]), json!("x")] {
        let mut message = call(1, "add", json!({ "a": 1, "b": 1 }));
        message["params"]["_meta"] = meta.clone();
        check.refused(&meta.to_string(), message.to_string(), -32602);
    }
    let mut message = call(1, "add", json!({ "a": 1, "b": 1 }));
    message["params"]["_meta"]["com.example/anything"] = json!([1, { "x": null }]);
    check.accepted("the control", message.to_string());
    check.done();
}

#[test]
fn answers_that_nobody_waits_for_and_unknown_notifications_are_passed_over() {
    let mut check = Check::in_session("2025-11-25");
    for line in [
        r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":"x","error":{"code":1,"message":"x"}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/unheard_of","params":{"x":1}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{}}"#,
        r#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"add"}}"#,
        "",
        "\r",
    ] {
        check.process.send(line);
        check.process.assert_healthy();
    }
    check.done();
}

#[test]
fn batches_are_for_2025_03_26_only() {
    let line = format!("[{}]", request(1, "ping", json!({})));
    for revision in ["2024-11-05", "2025-06-18", "2025-11-25"] {
        let mut check = Check::in_session(revision);
        check.refused(revision, &line, -32600);
        check.refused(revision, "[]", -32600);
        check.done();
    }
    let mut check = Check::in_session("2025-03-26");
    check.process.send(&line);
    assert_eq!(check.process.receive(), json!([{ "jsonrpc": "2.0", "id": 1, "result": {} }]));
    let pings: Vec<Value> = (0..257).map(|id| request(id, "ping", json!({}))).collect();
    check.refused("more than 256 messages", json!(pings).to_string(), -32600);
    check.process.send(json!(pings[..256]).to_string());
    assert_eq!(check.process.receive().as_array().map(Vec::len), Some(256));
    check.done();
}
