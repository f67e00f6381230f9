//! Functions that panic: the call is answered with an error that names the function, where it happened stays on standard
//! error, and the server lives on.

use mcp_tests::connection::modern;
use mcp_tests::process::Process;
use serde_json::{Value, json};

const FIXTURE: &str = env!("CARGO_BIN_EXE_fixture");

/// Nothing about the inside of the server.
fn check_discreet(answer: &Value, said: &str) {
    let text = answer.to_string();
    for secret in [said, ".rs", "fixture", "src/", "backtrace", "thread"] {
        assert!(!text.contains(secret), "{secret:?} is on the wire: {text}");
    }
}

#[test]
fn a_tool_that_panics_answers_with_a_tool_error_that_names_it() {
    let mut process = Process::start(FIXTURE, &[]);
    for (tool, said) in [
        ("panics", "at once"),
        ("panics_later", "later\n"),
        ("panics_in_drop", "in drop"),
        ("panics_in_serialize", "in serialize"),
        ("panics_in_display", "in display"),
    ] {
        let result = process.call(tool, json!({}));
        assert_eq!(result["isError"], true, "{tool}: {result}");
        let text = result["content"][0]["text"].as_str().unwrap();
        assert!(text.contains(&format!("`{tool}` panicked")), "{text}");
        check_discreet(&result, said);
        process.wait_for_error(said);
        process.wait_for_error("fixture.rs:");
        process.assert_healthy();
    }
}

#[test]
fn a_result_that_does_not_serialize_is_an_error_too() {
    let mut process = Process::start(FIXTURE, &[]);
    let result = process.call("fails_in_serialize", json!({}));
    assert!(result["isError"] == true || result["code"] == -32603, "{result}");
    process.assert_healthy();
}

#[test]
fn a_resource_a_prompt_and_a_completion_that_panic_answer_with_an_error() {
    let mut process = Process::start(FIXTURE, &[]);
    let reference = json!({ "type": "ref/prompt", "name": "panicking_prompt" });
    for (method, params, said) in [
        ("resources/read", json!({ "uri": "file:///panics" }), "in a resource"),
        ("prompts/get", json!({ "name": "panicking_prompt" }), "in a prompt"),
        (
            "completion/complete",
            json!({ "ref": reference, "argument": { "name": "_language", "value": "" } }),
            "in a completion",
        ),
    ] {
        let answer = process.ask(&modern(method, method, params));
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(method), &json!(-32603)), "{answer}");
        check_discreet(&answer["error"], said);
        process.wait_for_error(said);
        process.assert_healthy();
    }
}

#[test]
fn a_panic_of_one_call_leaves_those_beside_it_alone() {
    let mut process = Process::start(FIXTURE, &[]);
    process.begin("sleeps", "sleep", json!({ "millis": 300 }));
    process.wait_for_error("sleeping");
    for id in 0..50 {
        process.begin(id, if id % 2 == 0 { "panics" } else { "panics_later" }, json!({}));
    }
    let mut failed = 0;
    loop {
        let answer = process.receive();
        if answer["id"] == "sleeps" {
            assert_eq!(answer["result"]["content"][0]["text"], "slept");
            break;
        }
        assert_eq!(answer["result"]["isError"], true, "{answer}");
        failed += 1;
    }
    while failed < 50 {
        assert_eq!(process.receive()["result"]["isError"], true);
        failed += 1;
    }
    process.assert_healthy();
}
