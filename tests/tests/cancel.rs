//! Calls that the client gives up: they never answer, and the function learns of it.

use std::time::Duration;

use mcp_tests::gate::Gate;
use mcp_tests::process::{Process, call};
use serde_json::{Value, json};

const FIXTURE: &str = env!("CARGO_BIN_EXE_fixture");

fn cancelled(id: impl Into<Value>) -> Value {
    let params = json!({ "requestId": id.into(), "reason": "the user has gone" });
    json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": params })
}

fn cancel(process: &mut Process, id: impl Into<Value>) {
    process.send(cancelled(id).to_string());
}

#[test]
fn a_call_that_waits_is_dropped_and_never_answers() {
    let mut process = Process::start(FIXTURE, &[]);
    process.begin("w", "wait", json!({}));
    process.wait_for_error("waiting");
    assert!(!process.errors().contains("given up"), "nobody has given it up yet");
    cancel(&mut process, "w");
    process.wait_for_error("wait was given up");
    process.wait_for_error("wait was cancelled");
    process.assert_healthy();
    assert_eq!(process.next_within(Duration::from_millis(200)), None);
}

#[test]
fn a_call_that_computes_sees_that_it_is_cancelled_and_never_answers() {
    let mut process = Process::start(FIXTURE, &[]);
    process.begin(1, "compute", json!({ "millis": 60_000 }));
    process.wait_for_error("computing");
    cancel(&mut process, 1);
    process.wait_for_error("compute was cancelled");
    process.assert_healthy();
    assert_eq!(process.next_within(Duration::from_millis(200)), None);
    // The control: left alone, the same call answers.
    process.begin(1, "compute", json!({ "millis": 1 }));
    assert_eq!(process.receive()["result"]["content"][0]["text"], "computed");
}

#[test]
fn a_call_that_panics_when_it_is_given_up_harms_nobody() {
    let mut process = Process::start(FIXTURE, &[]);
    process.begin(1, "wait_and_panic", json!({}));
    process.wait_for_error("waiting");
    cancel(&mut process, 1);
    process.wait_for_error("a bomb went off");
    process.assert_healthy();
    assert_eq!(process.next_within(Duration::from_millis(200)), None);
}

#[test]
fn a_cancellation_of_what_is_not_in_flight_is_passed_over() {
    let gate = Gate::closed();
    let mut process = Process::start(FIXTURE, &[gate.variable()]);
    process.assert_healthy();
    for id in [json!("healthy 1"), json!("unheard of"), json!(7), json!(null), json!({}), json!([1]), json!(1.5)] {
        cancel(&mut process, id);
        process.assert_healthy();
    }
    process.send(r#"{"jsonrpc":"2.0","method":"notifications/cancelled"}"#);
    process.assert_healthy();
    // A string is not the number that it looks like.
    process.begin(5, "sleep", json!({ "millis": 600_000 }));
    process.wait_for_error("sleeping");
    cancel(&mut process, "5");
    process.assert_healthy();
    gate.open();
    assert_eq!(process.receive()["result"]["content"][0]["text"], "slept");
}

#[test]
fn many_calls_are_cancelled_among_many_that_are_not() {
    let mut process = Process::start(FIXTURE, &[]);
    for id in 0..500 {
        let nap = call(id, "nap", json!({ "millis": 1000 }));
        // In one write: a test that is stopped between the two would let the call end.
        process.send(if id % 2 == 0 { format!("{nap}\n{}", cancelled(id)) } else { nap.to_string() });
    }
    let mut answered: Vec<i64> = (0..250).map(|_| process.receive()["id"].as_i64().unwrap()).collect();
    answered.sort_unstable();
    assert_eq!(answered, (0..500).filter(|id| id % 2 == 1).collect::<Vec<_>>());
    process.assert_healthy();
}

#[test]
fn an_id_is_free_again_after_its_call_was_cancelled() {
    let mut process = Process::start(FIXTURE, &[]);
    for round in 0..50 {
        process.begin("same", "wait", json!({}));
        cancel(&mut process, "same");
        process.begin("same", "add", json!({ "a": round, "b": 0 }));
        let answer = process.receive();
        assert_eq!(answer["result"]["content"][0]["text"], round.to_string(), "{answer}");
    }
}

#[test]
fn a_call_that_was_answered_already_is_not_answered_again() {
    let mut process = Process::start(FIXTURE, &[]);
    for id in 0..200 {
        // Ends at about the time at which it is cancelled: it answers once or not at all.
        process.begin(id, "nap", json!({ "millis": 1 }));
        std::thread::sleep(Duration::from_micros(900));
        cancel(&mut process, id);
    }
    // Behind all of them; what was cancelled and has not answered by then never does.
    process.begin("last", "add", json!({ "a": 1, "b": 1 }));
    let mut answered = std::collections::BTreeSet::new();
    loop {
        let answer = process.receive();
        if answer["id"] == "last" {
            break;
        }
        assert_eq!(answer["result"]["content"][0]["text"], "slept", "{answer}");
        assert!(answered.insert(answer["id"].as_i64()), "answered twice: {answer}");
    }
    assert_eq!(process.next_within(Duration::from_millis(200)), None);
    process.assert_healthy();
}
