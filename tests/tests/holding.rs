//! Functions that are not `async` and take their time: they hold the thread that runs them, and nobody else. Against the
//! real process, over its standard streams.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use mcp_tests::gate::Gate;
use mcp_tests::process::{PATIENCE, Process, call};
use serde_json::json;

const FIXTURE: &str = env!("CARGO_BIN_EXE_fixture");

/// The fixture with a session opened, so that the client's other messages need no `_meta`.
fn start(grace: &str) -> Process {
    let mut process = Process::start(FIXTURE, &[("FIXTURE_GRACE", grace)]);
    process.assert_healthy();
    process
}

fn hold(process: &mut Process, id: u64, millis: u64) {
    process.begin(id, "hold", json!({ "millis": millis }));
}

#[test]
fn a_call_that_holds_its_thread_delays_its_neighbours_by_milliseconds() {
    let mut process = start("5000");
    hold(&mut process, 1, 600_000);
    process.wait_for_error("holding");
    let mut soonest = Duration::MAX;
    for _ in 0..20 {
        let begun = Instant::now();
        process.assert_healthy();
        soonest = soonest.min(begun.elapsed());
    }
    // The soonest of them: others compute here too. Without another thread they would not be answered at all.
    assert!(soonest < Duration::from_secs(1), "{soonest:?}");
}

#[test]
fn many_calls_hold_their_threads_at_once_and_all_are_answered() {
    let gate = Gate::closed();
    let mut process = Process::start(FIXTURE, &[("FIXTURE_GRACE", "5000"), gate.variable()]);
    for id in 1..=8 {
        hold(&mut process, id, 600_000);
    }
    // All of them have begun before the first may end.
    let begun = Instant::now();
    while process.errors().matches("holding").count() < 8 {
        assert!(begun.elapsed() < PATIENCE, "one waits for the other: {}", process.errors());
        std::thread::sleep(Duration::from_millis(2));
    }
    gate.open();
    let mut answered: Vec<_> = (1..=8).filter_map(|_| process.receive()["id"].as_u64()).collect();
    answered.sort_unstable();
    assert_eq!(answered, (1..=8).collect::<Vec<_>>());
    process.assert_healthy();
}

#[test]
fn thousands_of_hand_overs_lose_no_call_and_answer_none_twice() {
    const CALLS: u64 = 3000;
    let mut process = start("5000");
    // About as long as it takes until the reading is handed on, so that a call ends just before, meanwhile or just after.
    let lines = (1..=CALLS).zip([1, 2, 0, 1, 3].into_iter().cycle());
    let lines = lines.map(|(id, millis)| format!("{}\n", call(id, "hold", json!({ "millis": millis }))));
    process.write(lines.collect::<String>().as_bytes());
    let mut answered = HashSet::new();
    for _ in 0..CALLS {
        let answer = process.receive();
        assert_eq!(answer["result"]["content"][0]["text"], "held", "{answer}");
        assert!(answered.insert(answer["id"].as_u64()), "{answer} is the second answer");
    }
    assert_eq!(process.next_within(Duration::from_millis(300)), None);
    process.assert_healthy();
}

#[test]
fn a_call_that_is_cancelled_while_it_holds_its_thread_does_not_answer() {
    let gate = Gate::closed();
    let mut process = Process::start(FIXTURE, &[("FIXTURE_GRACE", "5000"), gate.variable()]);
    hold(&mut process, 1, 600_000);
    process.wait_for_error("holding");
    process.send(
        json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 1 } }).to_string(),
    );
    // Whatever was sent before has been read when this is answered.
    process.assert_healthy();
    gate.open();
    assert_eq!(process.next_within(Duration::from_millis(500)), None);
    // The control: the same call answers when nobody cancels it.
    hold(&mut process, 2, 600_000);
    assert_eq!(process.receive()["id"], 2);
}

#[test]
fn the_end_of_input_is_seen_while_a_call_holds_its_thread() {
    let mut process = start("200");
    hold(&mut process, 1, 600_000);
    process.wait_for_error("holding");
    process.close();
    assert_eq!(process.wait().0.code(), Some(0));
}

#[test]
fn a_call_that_ends_within_the_grace_period_is_answered_after_the_end_of_input() {
    let gate = Gate::closed();
    let mut process = Process::start(FIXTURE, &[("FIXTURE_GRACE", "600000"), gate.variable()]);
    hold(&mut process, 1, 600_000);
    process.wait_for_error("holding");
    process.close();
    assert_eq!(process.next_within(Duration::from_millis(300)), None);
    gate.open();
    assert_eq!(process.receive()["id"], 1);
    let (status, _) = process.wait();
    assert_eq!(status.code(), Some(0));
}

#[cfg(unix)]
#[test]
fn a_signal_waits_for_a_call_that_holds_its_thread() {
    let gate = Gate::closed();
    let mut process = Process::start(FIXTURE, &[("FIXTURE_GRACE", "600000"), gate.variable()]);
    hold(&mut process, 1, 600_000);
    process.wait_for_error("holding");
    process.signal(rustix::process::Signal::TERM);
    assert_eq!(process.next_within(Duration::from_millis(300)), None);
    gate.open();
    assert_eq!(process.receive()["id"], 1);
    let (status, _) = process.wait();
    assert_eq!(status.code(), Some(0));
}
