//! The cases of `JSONTestSuite` through the stdio transport: each is answered, and a healthy call is answered after it.

use std::fmt::Write as _;

use mcp_tests::json_suite::{ACCEPTED, Case, REJECTED, UNDEFINED};
use mcp_tests::process::{Process, call};
use serde_json::{Value, json};

const FIXTURE: &str = env!("CARGO_BIN_EXE_fixture");

fn start() -> Process {
    Process::start(FIXTURE, &[])
}

/// The case as an argument of a call.
fn as_argument(case: &Case) -> Vec<u8> {
    let message = call(case.name, "same", json!({ "value": "@" })).to_string();
    let (before, after) = message.split_once("\"@\"").unwrap();
    [before.as_bytes(), &case.bytes(), after.as_bytes()].concat()
}

/// The code of the error that a line is answered with, and with no other id than its own; then a healthy call.
fn refused(process: &mut Process, line: &[u8], mistakes: &mut Vec<String>, name: &str) -> Option<i64> {
    process.send(line);
    let answer = process.receive();
    let own = serde_json::from_slice::<Value>(line).map_or(Value::Null, |case| case["id"].clone());
    if answer["id"] != own && !answer["id"].is_null() {
        mistakes.push(format!("{name}: an id from nowhere: {answer}"));
    }
    if let Err(reason) = process.is_healthy() {
        mistakes.push(format!("{name}: {reason}"));
    }
    answer["error"]["code"].as_i64()
}

fn check(mistakes: &[String], count: usize) {
    assert!(mistakes.is_empty(), "{} mistakes in {count} cases:\n{}", mistakes.len(), mistakes.join("\n"));
}

#[test]
fn the_suite_is_whole_and_names_each_case_once() {
    for (prefix, cases, count) in [("n_", REJECTED, 188), ("y_", ACCEPTED, 95), ("i_", UNDEFINED, 35)] {
        let mut names: Vec<&str> = cases.iter().map(|case| case.name).collect();
        assert!(names.iter().all(|name| name.starts_with(prefix)));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "{prefix}");
        assert!(cases.iter().all(|case| !case.bytes().contains(&b'\n')), "{prefix}: a line feed ends the line");
    }
}

#[test]
fn what_is_no_json_is_a_parse_error() {
    let mut process = start();
    let mut mistakes = Vec::new();
    for case in REJECTED {
        if case.bytes().is_empty() {
            // An empty line is no message.
            process.send("");
            process.assert_healthy();
            continue;
        }
        let code = refused(&mut process, &case.bytes(), &mut mistakes, case.name);
        if code != Some(-32700) {
            mistakes.push(format!("{}: {code:?}", case.name));
        }
    }
    check(&mistakes, REJECTED.len());
}

#[test]
fn what_is_no_json_is_a_parse_error_as_an_argument_too() {
    let mut process = start();
    let mut mistakes = Vec::new();
    for case in REJECTED {
        let code = refused(&mut process, &as_argument(case), &mut mistakes, case.name);
        if code != Some(-32700) {
            mistakes.push(format!("{}: {code:?}", case.name));
        }
    }
    check(&mistakes, REJECTED.len());
}

#[test]
fn what_is_no_json_with_line_feeds_is_a_parse_error_for_each_line() {
    let mut process = start();
    for case in REJECTED.iter().filter(|case| case.bytes().contains(&b'\r')) {
        let text: Vec<u8> = case.bytes().iter().map(|byte| if *byte == b'\r' { b'\n' } else { *byte }).collect();
        process.send(&text);
        for line in text.split(|byte| *byte == b'\n') {
            let is_json = serde_json::from_slice::<Value>(line).is_ok();
            let code = if is_json { -32600 } else { -32700 };
            assert_eq!(process.receive()["error"]["code"], code, "{}: {line:?}", case.name);
        }
        process.assert_healthy();
    }
}

#[test]
fn what_is_json_but_no_message_is_an_invalid_request() {
    let mut process = start();
    let mut mistakes = Vec::new();
    for case in ACCEPTED {
        let code = refused(&mut process, &case.bytes(), &mut mistakes, case.name);
        if code != Some(-32600) {
            mistakes.push(format!("{}: {code:?}", case.name));
        }
    }
    check(&mistakes, ACCEPTED.len());
}

#[test]
fn what_is_json_is_accepted_as_an_argument_and_comes_back() {
    let mut process = start();
    let mut mistakes = Vec::new();
    for case in ACCEPTED {
        process.send(as_argument(case));
        let answer = process.receive();
        let came = answer["result"]["content"][0]["text"].as_str().and_then(|text| serde_json::from_str(text).ok());
        let expected: Value = serde_json::from_slice(&case.bytes()).unwrap();
        if came.as_ref() != Some(&expected) || answer["id"] != case.name {
            mistakes.push(format!("{}: {answer}", case.name));
        }
        if let Err(reason) = process.is_healthy() {
            mistakes.push(format!("{}: {reason}", case.name));
        }
    }
    check(&mistakes, ACCEPTED.len());
}

#[test]
fn what_is_undefined_is_decided_as_it_was() {
    let mut process = start();
    let mut decided = String::new();
    for case in UNDEFINED {
        let mut mistakes = Vec::new();
        let code = refused(&mut process, &case.bytes(), &mut mistakes, case.name);
        check(&mistakes, UNDEFINED.len());
        process.send(as_argument(case));
        let answer = process.receive();
        let outcome = match (&answer["error"]["code"], &answer["result"]["isError"]) {
            (Value::Number(code), _) => format!("error {code}"),
            (_, Value::Bool(true)) => "tool error".to_owned(),
            _ => format!("accepted as {}", answer["result"]["content"][0]["text"]),
        };
        let alone = code.map_or_else(|| "no error".to_owned(), |code| format!("error {code}"));
        let _ = writeln!(decided, "{}\n    alone: {alone}\n    as an argument: {outcome}", case.name);
        process.assert_healthy();
    }
    insta::assert_snapshot!(decided);
}
