//! The cases of `JSONTestSuite` as whole frames and as an argument: each is answered, and a healthy call is answered after it.

use std::fmt::Write as _;

use mcp_tests::json_suite::{ACCEPTED, Case, REJECTED, UNDEFINED};
use mcp_tests::process::call;
use mcp_tests::raw::Raw;
use mcp_tests::typed;
use serde_json::{Value, json};

const TYPED: &str = env!("CARGO_BIN_EXE_typed");

const PARSE: i64 = -32700;
const REQUEST: i64 = -32600;

/// The case as an argument of a call.
fn as_argument(case: &Case) -> Vec<u8> {
    let message = call(case.name, "same", json!({ "value": "@" })).to_string();
    let (before, after) = message.split_once("\"@\"").unwrap();
    [before.as_bytes(), &case.bytes(), after.as_bytes()].concat()
}

/// Tries every case over every transport, and a healthy call after each. `mistake` judges an answer.
fn check(
    cases: &[Case],
    frame: impl Fn(&Case) -> Vec<u8>,
    mut mistake: impl FnMut(&Case, &[u8], &Value) -> Option<String>,
) {
    let mut mistakes = Vec::new();
    for mut raw in Raw::all(TYPED, typed::server) {
        for case in cases {
            let bytes = frame(case);
            // An empty line is no message.
            if bytes.is_empty() && raw.has_lines() {
                continue;
            }
            let answer = raw.ask(&bytes);
            let own = serde_json::from_slice::<Value>(&bytes).map_or(Value::Null, |frame| frame["id"].clone());
            let strange = (![&own, &json!(case.name), &Value::Null].contains(&&answer["id"]))
                .then(|| "an id from nowhere".to_owned());
            let problems = [strange, mistake(case, &bytes, &answer), raw.is_healthy().err()];
            mistakes.extend(
                problems.into_iter().flatten().map(|it| format!("{} {}: {it}: {answer}", raw.name(), case.name)),
            );
        }
    }
    assert!(mistakes.is_empty(), "{} mistakes in {} cases:\n{}", mistakes.len(), cases.len(), mistakes.join("\n"));
}

/// Any other code than this one is a mistake.
fn expected(code: i64) -> impl FnMut(&Case, &[u8], &Value) -> Option<String> {
    move |_, _, answer| (answer["error"]["code"] != code).then(|| format!("not {code}"))
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
    check(REJECTED, Case::bytes, expected(PARSE));
}

#[test]
fn what_is_no_json_is_a_parse_error_as_an_argument_too() {
    check(REJECTED, as_argument, expected(PARSE));
}

#[test]
fn what_is_no_json_with_line_feeds_is_a_parse_error_for_each_line_or_as_a_whole() {
    let with_feeds =
        |case: &Case| case.bytes().iter().map(|byte| if *byte == b'\r' { b'\n' } else { *byte }).collect::<Vec<_>>();
    let cases: Vec<&Case> = REJECTED.iter().filter(|case| case.bytes().contains(&b'\r')).collect();
    assert!(cases.len() > 1);
    for mut raw in Raw::all(TYPED, typed::server) {
        for case in &cases {
            let text = with_feeds(case);
            if !raw.has_lines() {
                assert_eq!(raw.ask(&text)["error"]["code"], PARSE, "{}", case.name);
                continue;
            }
            for line in text.split(|byte| *byte == b'\n') {
                let is_json = serde_json::from_slice::<Value>(line).is_ok();
                let code = if is_json { REQUEST } else { PARSE };
                assert_eq!(raw.ask(line)["error"]["code"], code, "{}: {line:?}", case.name);
            }
            raw.is_healthy().unwrap();
        }
    }
}

#[test]
fn what_is_json_but_no_message_is_an_invalid_request() {
    check(ACCEPTED, Case::bytes, expected(REQUEST));
}

#[test]
fn what_is_json_is_accepted_as_an_argument_and_comes_back() {
    check(ACCEPTED, as_argument, |case, _, answer| {
        let came = answer["result"]["content"][0]["text"].as_str().and_then(|text| serde_json::from_str(text).ok());
        let expected: Value = serde_json::from_slice(&case.bytes()).unwrap();
        (came.as_ref() != Some(&expected) || answer["id"] != case.name).then(|| "it does not come back".to_owned())
    });
}

/// What became of a case.
fn outcome(answer: &Value) -> String {
    match (&answer["error"]["code"], &answer["result"]["isError"]) {
        (Value::Number(code), _) => format!("error {code}"),
        (_, Value::Bool(true)) => "tool error".to_owned(),
        _ => format!("accepted as {}", answer["result"]["content"][0]["text"]),
    }
}

#[test]
fn what_is_undefined_is_decided_as_it_was() {
    let mut all = Vec::new();
    for frame in [Case::bytes, as_argument] {
        let mut decided = Vec::new();
        check(UNDEFINED, frame, |_, _, answer| {
            decided.push(outcome(answer));
            None
        });
        // Whatever a case goes over.
        let transports: Vec<_> = decided.chunks(UNDEFINED.len()).collect();
        assert_eq!(transports.len(), 3);
        for other in &transports[1..] {
            for (index, case) in UNDEFINED.iter().enumerate() {
                assert_eq!(transports[0][index], other[index], "{}", case.name);
            }
        }
        all.push(transports[0].to_vec());
    }
    let mut text = String::new();
    for (index, case) in UNDEFINED.iter().enumerate() {
        let _ = writeln!(text, "{}\n    alone: {}\n    as an argument: {}", case.name, all[0][index], all[1][index]);
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_check_notices_what_is_answered_otherwise() {
    let wrong = std::panic::catch_unwind(|| check(&ACCEPTED[..3], as_argument, expected(PARSE)));
    let message = wrong.unwrap_err();
    assert!(message.downcast_ref::<String>().is_some_and(|text| text.starts_with("9 mistakes in 3 cases")));
}
