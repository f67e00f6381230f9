//! The stdio transport as a client sees it: real processes, real pipes, real signals.

use std::collections::BTreeSet;
use std::io::Write;
use std::time::{Duration, Instant};

use mcp_tests::connection::modern;
use mcp_tests::gate::Gate;
use mcp_tests::process::{PATIENCE, Process, call};
use serde_json::{Value, json};

const FIXTURE: &str = env!("CARGO_BIN_EXE_fixture");

/// A grace period that nobody here waits for the end of: what ends sooner did not wait it out, on however busy a machine.
const GRACE: (&str, &str) = ("FIXTURE_GRACE", "600000");
/// For how long a call sleeps that is let go before.
const LONG: u64 = 600_000;

fn start() -> Process {
    Process::start(FIXTURE, &[GRACE])
}

/// The same, and what holds its calls back.
fn start_held() -> (Process, Gate) {
    let gate = Gate::closed();
    (Process::start(FIXTURE, &[GRACE, gate.variable()]), gate)
}

#[test]
fn what_a_tool_prints_lands_on_standard_error_and_never_in_the_stream() {
    let mut process = start();
    for round in 0..20 {
        let text = format!("text {round}");
        let result = process.call("print", json!({ "text": text }));
        assert_eq!(result["content"], json!([]), "{result}");
        for said in [format!("println {text}\n"), format!("print {text}\r\n"), format!("write {text}\n")] {
            process.wait_for_error(&said);
        }
    }
    process.assert_healthy();
}

#[cfg(unix)]
#[test]
fn what_a_child_of_a_tool_prints_lands_on_standard_error_and_it_reads_nothing() {
    let mut process = start();
    let result = process.call("spawn", json!({ "text": "says hello" }));
    assert_eq!(result["content"][0]["text"], "exit status: 0", "{result}");
    process.wait_for_error("child says hello\n");
    process.assert_healthy();
}

#[test]
fn a_tool_that_reads_standard_input_finds_it_empty() {
    let mut process = start();
    // The next message is on its way already, and must not be what the tool reads.
    let mut bytes = format!("{}\n", call("read", "read_input", json!({}))).into_bytes();
    bytes.extend(format!("{}\n", call("add", "add", json!({ "a": 1, "b": 2 }))).into_bytes());
    process.write(&bytes);
    let (one, other) = (process.receive(), process.receive());
    let (read, add) = if one["id"] == "read" { (one, other) } else { (other, one) };
    assert_eq!((&read["id"], &read["result"]["content"][0]["text"]), (&json!("read"), &json!("read \"\"")));
    assert_eq!(add["id"], "add");
}

#[test]
fn all_requests_of_one_write_are_answered() {
    let mut process = start();
    let mut bytes = Vec::new();
    for id in 0..500 {
        bytes.extend(format!("{}\n", call(id, "add", json!({ "a": id, "b": 1 }))).into_bytes());
    }
    process.write(&bytes);
    // Each once, in whatever order: on a busy machine a call may overtake another.
    let mut answered = std::collections::BTreeSet::new();
    for _ in 0..500 {
        let answer = process.receive();
        let id = answer["id"].as_i64().expect("an id");
        assert_eq!(answer["result"]["content"][0]["text"], (id + 1).to_string());
        assert!(answered.insert(id), "{id} was answered twice");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_answers_to_one_write_leave_in_few_writes() {
    let mut process = start();
    process.assert_healthy();
    let writes = |process: &Process| process.measured("io", "syscw");
    let before = writes(&process);
    process.assert_healthy();
    let one = writes(&process) - before;
    assert_eq!(one, 1, "a call is answered with one write");
    // Fits into the pipe as a whole, so that the process finds it as a whole.
    let bytes = (0..200).map(|id| format!("{}\n", call(id, "add", json!({ "a": 1, "b": 1 }))));
    let bytes = bytes.collect::<Vec<_>>().concat();
    assert!(bytes.len() < 64 * 1024, "{} bytes", bytes.len());
    // The best of a few rounds: threads that a busy machine stops in the middle write less at once.
    let mut rounds = (0..20).map(|_| {
        let before = writes(&process);
        process.write(bytes.as_bytes());
        // Each once, in whatever order: on a busy machine a call may overtake another.
        let mut ids: Vec<_> = (0..200).filter_map(|_| process.receive()["id"].as_u64()).collect();
        ids.sort_unstable();
        assert_eq!(ids, (0..200).collect::<Vec<_>>());
        writes(&process) - before
    });
    assert!(rounds.any(|many| many <= 10), "200 answers take more than 10 writes in every round");
}

#[test]
fn a_message_may_come_in_pieces_and_end_with_the_input() {
    let mut process = start();
    let line = call("pieces", "echo", json!({ "text": "ä\u{1d11e}" })).to_string();
    for byte in line.as_bytes() {
        process.write(&[*byte]);
    }
    process.write(b"\r\n\r\n\n   \n");
    assert_eq!(process.receive()["result"]["content"][0]["text"], "ä\u{1d11e}");
    process.write(call("last", "add", json!({ "a": 1, "b": 1 })).to_string().as_bytes());
    process.close();
    // A line of blanks is no message; it is told or passed over, but does not harm.
    let frames: Vec<_> = std::iter::from_fn(|| process.next_within(PATIENCE)).collect();
    let (blank, last): (Vec<_>, Vec<_>) = frames.iter().partition(|frame| frame["id"].is_null());
    assert!(blank.iter().all(|frame| frame["error"].is_object()), "{blank:?}");
    assert_eq!(
        last.iter().map(|frame| &frame["id"]).collect::<Vec<_>>(),
        ["last"],
        "the last line needs no line break"
    );
    assert!(process.wait().0.success());
}

#[test]
fn the_process_ends_at_once_when_its_input_ends() {
    let mut process = start();
    process.assert_healthy();
    process.close();
    assert_eq!(process.wait().0.code(), Some(0), "{}", process.errors());
}

#[test]
fn a_call_in_flight_at_the_end_of_the_input_is_still_answered() {
    let (mut process, gate) = start_held();
    process.begin(1, "sleep", json!({ "millis": LONG }));
    process.wait_for_error("sleeping");
    process.close();
    assert_eq!(process.next_within(Duration::from_millis(300)), None);
    gate.open();
    assert_eq!(process.receive()["result"]["content"][0]["text"], "slept");
    // The grace period is not waited out when nothing is in flight.
    assert_eq!(process.wait().0.code(), Some(0));
}

#[test]
fn a_call_that_outlasts_the_grace_period_does_not_keep_the_process() {
    for tool in ["sleep", "compute", "block"] {
        let mut process = Process::start(FIXTURE, &[("FIXTURE_GRACE", "200")]);
        process.begin(1, tool, json!({ "millis": LONG }));
        process.wait_for_error(match tool {
            "sleep" => "sleeping",
            "compute" => "computing",
            _ => "blocking",
        });
        process.close();
        assert_eq!(process.wait().0.code(), Some(0), "{tool}");
        assert_eq!(process.next_within(PATIENCE), None, "{tool} was given up and must not answer");
    }
}

#[cfg(unix)]
mod signals {
    use rustix::process::Signal;

    use super::*;

    #[test]
    fn a_signal_ends_the_process_when_the_calls_in_flight_have_been_answered() {
        for signal in [Signal::TERM, Signal::INT] {
            let (mut process, gate) = start_held();
            process.assert_healthy();
            process.begin(1, "sleep", json!({ "millis": LONG }));
            process.wait_for_error("sleeping");
            process.signal(signal);
            assert_eq!(process.next_within(Duration::from_millis(300)), None, "{signal:?}");
            gate.open();
            assert_eq!(process.receive()["result"]["content"][0]["text"], "slept", "{signal:?}");
            assert_eq!(process.wait().0.code(), Some(0), "{signal:?}");
        }
    }

    #[test]
    fn an_idle_process_ends_at_once_on_a_signal() {
        for signal in [Signal::TERM, Signal::INT] {
            let mut process = start();
            process.assert_healthy();
            process.signal(signal);
            assert_eq!(process.wait().0.code(), Some(0), "{signal:?}");
        }
    }

    #[test]
    fn a_call_that_outlasts_the_grace_period_after_a_signal_does_not_keep_the_process() {
        let mut process = Process::start(FIXTURE, &[("FIXTURE_GRACE", "200")]);
        process.begin(1, "wait", json!({}));
        process.wait_for_error("waiting");
        process.signal(Signal::TERM);
        assert_eq!(process.wait().0.code(), Some(0));
    }

    #[test]
    fn a_second_signal_ends_the_process_at_once() {
        let mut process = start();
        process.begin(1, "wait", json!({}));
        process.wait_for_error("waiting");
        process.signal(Signal::TERM);
        // The control: one signal alone waits for the call.
        std::thread::sleep(Duration::from_millis(300));
        assert_eq!(process.ended(), None);
        process.signal(Signal::INT);
        process.wait();
    }

    #[test]
    fn a_second_signal_ends_the_process_at_once_even_if_nobody_reads_its_output() {
        let (mut process, output) = Process::start_unread(FIXTURE, &[GRACE]);
        process.begin(1, "letters_later", json!({ "count": 1_000_000, "millis": 1 }));
        process.begin(2, "wait", json!({}));
        process.wait_for_error("waiting");
        process.signal(Signal::TERM);
        std::thread::sleep(Duration::from_millis(300));
        assert_eq!(process.ended(), None);
        process.signal_until_it_ends(Signal::TERM);
        drop(output);
    }
}

#[test]
fn a_client_that_closes_its_end_of_the_output_ends_the_process_too() {
    let (mut process, output) = Process::start_unread(FIXTURE, &[GRACE]);
    drop(output);
    process.begin(1, "add", json!({ "a": 1, "b": 1 }));
    process.close();
    process.wait();
}

#[test]
fn ten_thousand_calls_sleep_at_once_and_all_are_answered() {
    const CALLS: i64 = 10_000;
    let mut process = start();
    let mut input = process.take_input();
    let writing = std::thread::spawn(move || {
        let lines = (0..CALLS).map(|id| format!("{}\n", call(id, "nap", json!({ "millis": 500 }))));
        input.write_all(lines.collect::<Vec<_>>().concat().as_bytes()).unwrap();
        input
    });
    let mut answered = BTreeSet::new();
    for _ in 0..CALLS {
        let answer = process.receive();
        assert_eq!(answer["result"]["content"][0]["text"], "slept", "{answer}");
        assert!(answered.insert(answer["id"].as_i64().unwrap()), "{} was answered twice", answer["id"]);
    }
    assert_eq!(answered.len(), usize::try_from(CALLS).unwrap());
    drop(writing.join().unwrap());
    assert!(process.wait().0.success());
}

#[test]
fn a_call_beyond_the_limit_in_flight_is_answered_with_an_error() {
    let mut process = Process::start(FIXTURE, &[("FIXTURE_IN_FLIGHT", "2")]);
    for id in 1..=2 {
        process.begin(id, "wait", json!({}));
    }
    process.begin(3, "wait", json!({}));
    let answer = process.receive();
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(3), &json!(-32603)), "{answer}");
    // One that is given up makes room as soon as it has ended.
    process.send(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#);
    let start = Instant::now();
    while process.call("add", json!({ "a": 1, "b": 2 }))["content"][0]["text"] != "3" {
        assert!(start.elapsed() < PATIENCE, "it never makes room");
    }
    process.begin(4, "sleep", json!({ "millis": 1 }));
    assert_eq!(process.receive()["result"]["content"][0]["text"], "slept");
}

#[test]
fn an_id_that_is_in_flight_is_refused_and_the_call_goes_on() {
    let (mut process, gate) = start_held();
    process.begin("a", "sleep", json!({ "millis": LONG }));
    process.wait_for_error("sleeping");
    process.begin("a", "add", json!({ "a": 1, "b": 1 }));
    let answer = process.receive();
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!("a"), &json!(-32600)), "{answer}");
    gate.open();
    assert_eq!(process.receive()["result"]["content"][0]["text"], "slept");
    process.begin("a", "add", json!({ "a": 1, "b": 1 }));
    assert_eq!(process.receive()["result"]["content"][0]["text"], "2", "the id is free again");
}

#[test]
fn progress_and_logs_end_with_the_call() {
    let mut process = start();
    let params = json!({
        "name": "progress_afterwards", "arguments": {},
        "_meta": { "progressToken": 1, "io.modelcontextprotocol/logLevel": "debug" }
    });
    let answer = process.ask(&modern(1, "tools/call", params));
    assert_eq!(answer["result"]["content"][0]["text"], "done");
    process.wait_for_error("progress was sent afterwards");
    process.assert_healthy();
    // The same token while a call lasts: what it sends comes, and in order.
    let params = json!({ "name": "progress", "arguments": { "steps": 100 }, "_meta": { "progressToken": "t" } });
    process.send(modern(2, "tools/call", params).to_string());
    for step in 1..=100 {
        let frame = process.receive();
        let expected = json!({ "progressToken": "t", "progress": step, "total": 100 });
        assert_eq!((&frame["method"], &frame["params"]), (&json!("notifications/progress"), &expected));
    }
    assert_eq!(process.receive()["id"], 2);
}

#[test]
fn both_eras_share_one_pipe() {
    let mut process = start();
    let initialize: Value = serde_json::from_str(&mcp_tests::connection::initialize("2025-06-18")).unwrap();
    assert_eq!(process.ask(&initialize)["result"]["protocolVersion"], "2025-06-18");
    process.assert_healthy();
    let old = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
    assert_eq!(process.ask(&old)["result"], json!({}));
    assert_eq!(process.ask(&modern(2, "ping", json!({})))["error"]["code"], -32601);
}
