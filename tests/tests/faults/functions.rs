//! Functions that never come to an end, or listen to nobody: others are answered in time; a call that was cancelled keeps its
//! place until it has ended, and what it says then is heard by nobody.

use std::time::{Duration, Instant};

use mcp_tests::gate::Gate;
use mcp_tests::http::{Request, Session};
use mcp_tests::process::{PATIENCE, Process, call};
use serde_json::{Value, json};

use super::machine::{FAULTY, alone, assert_serves, beside, named, over_http, warmed};

/// More threads than there are functions that hold one, on any machine.
const WORKERS: (&str, &str) = ("TOKIO_WORKER_THREADS", "4");
/// Longer than anything here takes: calls end when they are let go, and not because of the time.
const LONG: u64 = 600_000;
/// Functions that never answer, and hold a thread.
const HOLDING: [&str; 3] = ["spin", "deaf", "deadlock"];

fn cancelled(id: impl Into<Value>) -> String {
    let params = json!({ "requestId": id.into() });
    json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": params }).to_string()
}

#[test]
fn functions_that_spin_or_deadlock_hold_up_nobody() {
    let _alone = alone();
    let mut process = Process::start(FAULTY, &[WORKERS]);
    for tool in HOLDING.into_iter().chain(["deadlock_later"]) {
        process.begin(tool, tool, named(tool, tool, LONG));
        process.wait_for_error(&format!("{tool} "));
    }
    let mut slowest = Duration::ZERO;
    for id in 0..50 {
        let start = Instant::now();
        process.assert_healthy();
        // One that has to wait needs a thread of the runtime.
        process.begin(id, "nap", named("nap", "awake", 1));
        assert_eq!(process.receive()["result"]["content"][0]["text"], "awake");
        slowest = slowest.max(start.elapsed());
    }
    println!("beside functions that spin or deadlock a call waited {slowest:?} at most");
    assert!(slowest < PATIENCE, "{slowest:?}");
}

#[test]
fn a_function_that_spins_does_not_hold_up_those_that_sleep_already() {
    let _alone = alone();
    for _ in 0..3 {
        let mut process = Process::start(FAULTY, &[WORKERS]);
        process.assert_healthy();
        // All on their way before it begins: nothing that comes in later wakes a thread for them.
        for id in 0..20 {
            process.begin(id, "nap", named("nap", "awake", 300 + id));
        }
        process.begin("deaf", "deaf", named("deaf", "deaf", LONG));
        let start = Instant::now();
        for _ in 0..20 {
            assert_eq!(process.receive()["result"]["content"][0]["text"], "awake");
        }
        println!("those that slept beside one that spins were answered in {:?}", start.elapsed());
        assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());
    }
}

#[test]
fn functions_that_spin_or_deadlock_hold_up_nobody_over_http_while_there_are_threads() {
    let _alone = alone();
    let mut slowest = Duration::ZERO;
    // The order matters: each function takes a thread away that was waiting for the network.
    for tools in [["spin", "deadlock", "deaf"], ["deaf", "spin", "hold"], ["deadlock", "deadlock_later", "spin"]] {
        let (process, site) = over_http(&[WORKERS]);
        let mut wires = Vec::new();
        for tool in tools {
            let mut wire = site.connect();
            wire.write(Request::modern(&call(1, tool, named(tool, tool, LONG))).bytes());
            process.wait_for_error(&format!("{tool} "));
            wires.push(wire);
            slowest = (0..10).map(|_| assert_serves(&site)).max().into_iter().fold(slowest, Duration::max);
        }
    }
    // What is held up is so for as long as the functions take, which is for ever: how long a busy machine takes is no matter.
    println!("beside functions that spin or deadlock a call over HTTP waited {slowest:?} at most");
    assert!(slowest < PATIENCE, "{slowest:?}");
}

/// How often the threads of a process have gone to sleep.
fn slept(process: &Process) -> u64 {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", process.id())).unwrap();
    let status = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("status")).ok());
    let slept = status.filter_map(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
        line.trim().parse::<u64>().ok()
    });
    slept.sum()
}

#[test]
fn a_server_over_http_that_nobody_is_connected_to_hardly_wakes_up() {
    let _beside = beside();
    let (process, site) = over_http(&[]);
    let in_a_second = || {
        warmed(&process, &site);
        // Long enough for connections that are over to be gone.
        std::thread::sleep(Duration::from_millis(300));
        let before = slept(&process);
        std::thread::sleep(Duration::from_secs(1));
        slept(&process) - before
    };
    // The quietest of a few seconds: what a stalled machine puts off comes with the next one.
    let alone = (0..15).map(|_| in_a_second()).find(|slept| *slept <= 8);
    assert!(alone.is_some(), "more than 8 times awake in each of many seconds");
    // The control: with somebody there it looks now and then whether the network is waited for.
    let mut wire = site.connect();
    assert_eq!(wire.send(&mcp_tests::http::call("add", json!({ "a": 1, "b": 2 }))).said(), "3");
    let connected = (0..15).map(|_| in_a_second()).find(|slept| *slept > 10);
    assert!(connected.is_some(), "hardly awake in each of many seconds");
}

#[test]
fn a_call_that_ignores_its_cancellation_keeps_its_place_and_is_not_heard() {
    let _beside = beside();
    for tool in ["hold", "spin", "deaf"] {
        let gate = Gate::closed();
        let mut process = Process::start(FAULTY, &[("FAULTY_IN_FLIGHT", "2"), WORKERS, gate.variable()]);
        for id in 1..=2 {
            process.begin(id, tool, named(tool, &format!("call {id}"), LONG));
            process.wait_for_error(&format!("call {id} "));
        }
        for id in 1..=2 {
            process.send(cancelled(id));
        }
        // Both are still at it: as far as the bound goes, nothing has changed.
        process.begin(3, "add", json!({ "a": 1, "b": 1 }));
        let answer = process.receive();
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(3), &json!(-32603)), "{tool}: {answer}");
        assert!(!process.errors().contains(" ended"), "{tool}: it ended of its own");
        gate.open();
        for id in 1..=2 {
            process.wait_for_error(&format!("call {id} ended"));
        }
        // A moment later their places are free; nothing else comes.
        let start = Instant::now();
        loop {
            process.begin(4, "add", json!({ "a": 1, "b": 1 }));
            let answer = process.receive();
            assert_eq!(answer["id"], 4, "{tool}: {answer}");
            if answer["result"]["content"][0]["text"] == "2" {
                break;
            }
            assert!(start.elapsed() < PATIENCE, "{tool}: the places are never free");
        }
        assert_eq!(process.next_within(Duration::from_millis(300)), None, "{tool}");
    }
}

#[test]
fn an_id_that_is_used_again_is_not_answered_by_the_call_that_was_cancelled() {
    let _beside = beside();
    for tool in ["hold", "spin", "deaf"] {
        let gate = Gate::closed();
        let mut process = Process::start(FAULTY, &[WORKERS, gate.variable()]);
        process.begin(1, tool, named(tool, "first", LONG));
        process.wait_for_error("first ");
        process.send(cancelled(1));
        // Under the same id, and in the same state when the first one ends.
        process.begin(1, tool, named(tool, "second", LONG));
        process.wait_for_error("second ");
        assert!(!process.errors().contains("first ended"), "{tool}: it ended of its own");
        gate.open_for("first");
        process.wait_for_error("first ended");
        assert_eq!(process.next_within(Duration::from_millis(200)), None, "{tool}");
        gate.open_for("second");
        let answer = process.receive();
        assert_eq!(answer["result"]["content"][0]["text"], "second", "{tool}: {answer}");
        assert_eq!(process.next_within(Duration::from_millis(200)), None, "{tool}");
    }
}

#[test]
fn a_call_of_a_session_that_ignores_its_cancellation_is_not_heard() {
    let _beside = beside();
    let gate = Gate::closed();
    let (process, site) = over_http(&[("FAULTY_IN_FLIGHT", "1"), WORKERS, gate.variable()]);
    for tool in ["deaf", "spin"] {
        let session = Session::open(&site, "2025-11-25");
        let mut wire = site.connect();
        let message = json!({ "name": tool, "arguments": named(tool, tool, LONG) });
        wire.write(session.request(mcp_tests::connection::request(1, "tools/call", message).to_string()).bytes());
        process.wait_for_error(&format!("{tool} spins"));
        let cancelled: Value = serde_json::from_str(&cancelled(1)).unwrap();
        assert_eq!(session.post(&cancelled).status, 202);
        let refused = session.call("add", json!({ "a": 1, "b": 1 })).json();
        assert_eq!(refused["error"]["code"], -32603, "{tool}: {refused}");
        assert!(!process.errors().contains(&format!("{tool} ended")), "{tool}: it ended of its own");
        gate.open_for(tool);
        process.wait_for_error(&format!("{tool} ended"));
        let start = Instant::now();
        while session.call("add", json!({ "a": 1, "b": 1 })).json()["result"].is_null() {
            assert!(start.elapsed() < PATIENCE, "{tool}: its place is never free");
        }
        let answer = wire.answer();
        assert!(!answer.text().contains("result"), "{tool}: {answer}");
    }
}

#[test]
fn a_connection_is_counted_until_the_call_on_it_has_ended() {
    let _beside = beside();
    let gate = Gate::closed();
    let (process, site) = over_http(&[("FAULTY_CONNECTIONS", "1"), WORKERS, gate.variable()]);
    let mut wire = site.connect();
    wire.write(Request::modern(&call(1, "spin", named("spin", "it", LONG))).bytes());
    process.wait_for_error("it spins");
    drop(wire);
    let mut next = site.connect();
    next.write(mcp_tests::http::call("hold", named("hold", "next", 1)).bytes());
    assert!(next.is_silent(), "a connection was given to another before its call ended");
    gate.open();
    assert_eq!(next.answer().said(), "next");
    process.wait_for_error("next ended");
    // In the order in which the server wrote it: when it is read here is another matter.
    let said = process.errors();
    let place = |text: &str| said.find(text).unwrap_or(usize::MAX);
    assert!(
        place("it ended") < place("next holds"),
        "a connection was given to another before its call ended:\n{said}"
    );
}
