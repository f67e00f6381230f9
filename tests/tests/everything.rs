//! The example `everything` as a child process, which serves both eras on one pair of pipes: a session of 2025-11-25, and
//! requests of 2026-07-28 that stand for themselves. Every line it writes is a frame that is valid where it belongs.

#![expect(clippy::needless_pass_by_value, reason = "arguments are written as `json!(…)` where they are needed")]

#[path = "everything/pipe.rs"]
mod pipe;

#[path = "everything/changes.rs"]
mod changes;
#[path = "everything/rounds.rs"]
mod rounds;

use std::collections::BTreeMap;

use mcp_tests::connection::modern;
use serde_json::{Value, json};

use self::pipe::Pipe;

const EVERYTHING: &str = env!("CARGO_BIN_EXE_everything_example");

/// What a client declares that can do everything.
fn everything() -> Value {
    json!({ "elicitation": {}, "sampling": {}, "roots": {} })
}

fn call(tool: &str) -> Value {
    json!({ "name": tool, "arguments": {} })
}

fn text(answer: &Value) -> &str {
    answer["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("no text in {answer}"))
}

#[test]
fn a_process_says_nothing_before_it_is_asked_and_nothing_but_answers_then() {
    let mut pipe = Pipe::start(EVERYTHING);
    assert_eq!(pipe.rest(), [Value::Null; 0]);
    pipe.ask_modern("m", "server/discover", json!({}), json!({}));
    let discovered = pipe.receive();
    assert!(discovered["result"]["supportedVersions"].as_array().unwrap().contains(&json!("2025-11-25")));
    pipe.close();
}

#[test]
fn requests_of_both_eras_are_answered_each_in_the_manner_of_its_own() {
    let mut pipe = Pipe::start(EVERYTHING);
    // 2026-07-28 needs no session, and none that is opened later changes anything.
    pipe.ask_modern("before", "tools/call", call("test_simple_text"), json!({}));
    assert_eq!(pipe.receive()["result"]["resultType"], "complete");
    pipe.initialize();
    for (id, tool) in ["test_simple_text", "test_image_content", "test_error_handling"].into_iter().enumerate() {
        pipe.ask(i64::try_from(id).unwrap() + 1, "tools/call", call(tool));
        pipe.ask_modern(tool, "tools/call", call(tool), json!({}));
        let (one, other) = (pipe.receive(), pipe.receive());
        let (old, new) = if one["id"].is_number() { (one, other) } else { (other, one) };
        assert_eq!(old["result"]["content"], new["result"]["content"]);
        assert_eq!(new["result"]["resultType"], "complete", "{new}");
        assert!(new["result"]["_meta"].get("io.modelcontextprotocol/serverInfo").is_some(), "{new}");
        assert_eq!((old["result"].get("resultType"), old["result"].get("_meta")), (None, None), "{old}");
    }
    // What only one of them has.
    for (method, params) in [("ping", json!({})), ("logging/setLevel", json!({ "level": "error" }))] {
        pipe.ask(10, method, params.clone());
        assert_eq!(pipe.receive()["result"], json!({}), "{method}");
        pipe.ask_modern("old", method, params, json!({}));
        assert_eq!(pipe.receive()["error"]["code"], -32601, "{method}");
    }
    pipe.ask(11, "server/discover", json!({}));
    assert_eq!(pipe.receive()["error"]["code"], -32601);
    pipe.ask_modern("m", "server/discover", json!({}), json!({}));
    assert!(pipe.receive()["result"].get("supportedVersions").is_some());
    // A session is opened once, and a request that names a version is not of it.
    let version = "io.modelcontextprotocol/protocolVersion";
    for (named, code) in [("2025-11-25", -32022), ("2099-01-01", -32022)] {
        let mut frame = modern("named", "tools/list", json!({}));
        frame["params"]["_meta"][version] = named.into();
        let answer = pipe.process.ask(&frame);
        assert_eq!((&answer["error"]["code"], &answer["error"]["data"]["requested"]), (&json!(code), &json!(named)));
    }
    let again =
        json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
    pipe.ask(12, "initialize", again);
    assert_eq!(pipe.receive()["error"]["code"], -32600);
    pipe.close();
}

#[test]
fn progress_and_the_log_belong_to_the_request_that_wants_them() {
    let mut pipe = Pipe::with_session(EVERYTHING);
    let with = |tool: &str, meta: Value| json!({ "name": tool, "arguments": {}, "_meta": meta });
    pipe.ask(1, "tools/call", with("test_tool_with_progress", json!({ "progressToken": 7 })));
    pipe.ask_modern("m", "tools/call", with("test_tool_with_progress", json!({ "progressToken": "seven" })), json!({}));
    let mut said: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for frame in (0..8).map(|_| pipe.receive()) {
        let token = frame["params"].get("progressToken").unwrap_or(&frame["id"]).to_string();
        said.entry(token).or_default().push(frame["params"]["progress"].clone());
    }
    let steps = vec![json!(0), json!(50), json!(100)];
    let expected = [("1", vec![Value::Null]), ("7", steps.clone()), ("\"m\"", vec![Value::Null]), ("\"seven\"", steps)];
    let expected: BTreeMap<_, _> = expected.into_iter().map(|(token, said)| (token.to_owned(), said)).collect();
    assert_eq!(said, expected);
    // A session is told until it says otherwise, a request of 2026-07-28 when it says so.
    let mut count = |id: Value, level: Option<&str>| {
        let level = level.map_or(json!({}), |level| json!({ "io.modelcontextprotocol/logLevel": level }));
        match &id {
            Value::String(id) => pipe.ask_modern(id, "tools/call", with("test_logging_tool", level), json!({})),
            id => pipe.ask(id.as_i64().unwrap(), "tools/call", with("test_logging_tool", level)),
        }
        let mut count = 0;
        loop {
            let frame = pipe.receive();
            if frame.get("method").is_none() {
                assert_eq!(frame["id"], id, "{frame}");
                return count;
            }
            assert_eq!(frame["method"], "notifications/message", "{frame}");
            count += 1;
        }
    };
    assert_eq!([count(json!(2), None), count(json!("m"), None), count(json!("m"), Some("info"))], [1, 0, 1]);
    assert_eq!([count(json!("m"), Some("error")), count(json!(3), None)], [0, 1], "the levels are apart");
}

#[test]
fn a_call_of_either_era_can_be_given_up_and_is_not_answered() {
    let mut pipe = Pipe::with_session(EVERYTHING);
    // Each is given up in the same write, as its sleep begins: however busy the machine is, the server reads both at once.
    for (id, reason) in [(json!(1), None), (json!("m"), Some("nobody waits any more"))] {
        let params = json!({ "name": "test_tool_with_progress", "_meta": { "progressToken": id } });
        pipe.ask_and_give_up(&id, "tools/call", params, reason);
        while pipe.receive()["params"]["progressToken"] != id {}
    }
    let rest = pipe.rest();
    assert!(rest.iter().all(|frame| frame["method"] == "notifications/progress"), "{rest:?}");
    // Nothing is done about what is unknown, answered already, or no id.
    for id in [json!(1), json!("m"), json!("unheard of")] {
        pipe.say("notifications/cancelled", json!({ "requestId": id }));
    }
    pipe.process.send(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":{}}}"#);
    // A question that was asked for a call is taken back with it; 2026-07-28 has none that could be.
    pipe.ask(2, "tools/call", json!({ "name": "test_elicitation", "arguments": { "message": "Who?" } }));
    let question = pipe.receive();
    assert_eq!(question["method"], "elicitation/create");
    pipe.say("notifications/cancelled", json!({ "requestId": 2 }));
    let taken_back = pipe.receive();
    assert_eq!(
        (&taken_back["method"], &taken_back["params"]["requestId"]),
        (&json!("notifications/cancelled"), &question["id"])
    );
    // The ids are free again, and an answer that comes too late harms nothing.
    pipe.process.send(json!({ "jsonrpc": "2.0", "id": question["id"], "result": { "action": "decline" } }).to_string());
    pipe.ask(2, "tools/call", call("test_simple_text"));
    assert_eq!(text(&pipe.receive()), "This is a simple text response for testing.");
    pipe.ask_modern("m", "tools/call", call("test_simple_text"), json!({}));
    assert_eq!(text(&pipe.receive()), "This is a simple text response for testing.");
    pipe.close();
}

#[test]
fn calls_of_both_eras_ask_at_once_each_in_its_own_way() {
    let mut pipe = Pipe::with_session(EVERYTHING);
    let params = json!({ "name": "test_elicitation", "arguments": { "message": "Who are you?" } });
    let filled = |name: &str| json!({ "action": "accept", "content": { "username": name, "email": "a@example.com" } });
    pipe.ask(1, "tools/call", params.clone());
    let question = pipe.receive();
    assert_eq!(question["method"], "elicitation/create");
    pipe.ask_modern("m1", "tools/call", params.clone(), everything());
    let required = pipe.receive();
    let questions = required["result"]["inputRequests"].as_object().unwrap();
    let (key, asked) = questions.iter().next().unwrap();
    assert_eq!((questions.len(), &asked["params"]), (1, &question["params"]), "the question is the same");
    let mut retry = params;
    retry["requestState"] = required["result"]["requestState"].clone();
    retry["inputResponses"] = json!({ key: filled("new") });
    pipe.ask_modern("m2", "tools/call", retry, everything());
    assert_eq!(text(&pipe.receive()), "User response: new <a@example.com>");
    pipe.answer(&question, filled("old"));
    assert_eq!(text(&pipe.receive()), "User response: old <a@example.com>");
    // What the session's client can do is nothing to a request that says it can do nothing.
    pipe.ask_modern("m3", "tools/call", call("test_missing_capability"), json!({}));
    assert_eq!(pipe.receive()["error"]["code"], -32021);
    pipe.close();
}
