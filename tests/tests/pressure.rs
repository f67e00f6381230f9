//! What a client can do to a server's memory: not read, write without end, send what is too long.

#![cfg(target_os = "linux")]

use std::io::Write;
use std::process::ChildStdout;
use std::thread;
use std::time::{Duration, Instant};

use mcp_tests::process::{PATIENCE, Process, call};
use serde_json::json;

const FIXTURE: &str = env!("CARGO_BIN_EXE_fixture");
const MIB: u64 = 1024;

/// The most memory that the process has had, in KiB.
fn peak(process: &Process) -> u64 {
    process.measured("status", "VmHWM")
}

/// Waits until the process has used no processor time for a while: it waits for somebody.
fn wait_until_idle(process: &Process) {
    let time = || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.id())).unwrap();
        // The name in parentheses may hold blanks; user and system time are the 12th and 13th fields after it.
        let fields = stat.rsplit_once(')').unwrap().1.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        (fields[11].clone(), fields[12].clone())
    };
    let start = Instant::now();
    let mut before = time();
    let mut quiet = 0;
    while quiet < 5 {
        assert!(start.elapsed() < PATIENCE, "the process never waits");
        thread::sleep(Duration::from_millis(50));
        let now = time();
        quiet = if now == before { quiet + 1 } else { 0 };
        before = now;
    }
}

/// A server whose output nobody reads, once it has begun to read: what it holds before counts for nothing. Its first answer is
/// to `"ready"`.
fn start_unread() -> (Process, ChildStdout) {
    let (mut process, output) = Process::start_unread(FIXTURE, &[("FIXTURE_OUTGOING", "65536")]);
    process.begin("ready", "print", json!({ "text": "ready" }));
    process.wait_for_error("write ready");
    (process, output)
}

/// Sends `count` calls to a server whose output nobody reads, then reads all the answers.
fn flood(letters: usize, count: i64) -> u64 {
    let (mut process, output) = start_unread();
    let mut input = process.take_input();
    let before = process.measured("status", "VmRSS");
    let writing = thread::spawn(move || {
        for id in 0..count {
            let line = format!("{}\n", call(id, "letters", json!({ "count": letters })));
            input.write_all(line.as_bytes()).unwrap();
        }
        input
    });
    wait_until_idle(&process);
    let grown = peak(&process).saturating_sub(before);
    let mut process = process.reading(output);
    assert_eq!(process.receive()["id"], "ready");
    let mut answered = vec![false; usize::try_from(count).unwrap()];
    for _ in 0..count {
        let answer = process.receive();
        assert_eq!(answer["result"]["content"][0]["text"].as_str().map(str::len), Some(letters), "{}", answer["id"]);
        let id = usize::try_from(answer["id"].as_i64().unwrap()).unwrap();
        assert!(!std::mem::replace(&mut answered[id], true), "{id} was answered twice");
    }
    drop(writing.join().unwrap());
    assert!(process.wait().0.success());
    grown
}

#[test]
fn a_client_that_does_not_read_is_not_read_from_and_gets_every_answer_later() {
    // 50 MiB of answers.
    let grown = flood(100 * 1024, 500);
    assert!(grown < 32 * MIB, "memory grew by {} MiB", grown / MIB);
}

#[test]
fn long_answers_to_what_was_read_at_once_do_not_pile_up() {
    // 80 MiB of answers to less than one buffer of requests.
    let grown = flood(1 << 20, 80);
    assert!(grown < 32 * MIB, "memory grew by {} MiB", grown / MIB);
}

#[test]
fn a_client_that_does_not_read_gets_small_answers_later_too() {
    let grown = flood(10, 20_000);
    assert!(grown < 32 * MIB, "memory grew by {} MiB", grown / MIB);
}

#[test]
fn a_line_that_is_too_long_is_answered_and_skipped_without_being_held() {
    let mut process = Process::start(FIXTURE, &[]);
    process.assert_healthy();
    let before = peak(&process);
    // A line of 5 MiB first, then one of 100 MiB that begins like a call.
    for size in [5, 100] {
        let mut piece = call(1, "add", json!({ "a": 1, "b": 1 })).to_string().into_bytes();
        piece.pop();
        piece.resize(1 << 20, b' ');
        for _ in 0..size {
            process.write(&piece);
            piece.fill(b'x');
        }
        process.write(b"\n");
        let answer = process.receive();
        assert_eq!(answer["error"]["code"], -32600, "{answer}");
        assert!(answer.get("id").is_none_or(serde_json::Value::is_null), "{answer}");
        process.assert_healthy();
    }
    let grown = peak(&process) - before;
    assert!(grown < 24 * MIB, "memory grew by {} MiB", grown / MIB);
}

#[test]
fn a_line_of_exactly_the_limit_is_a_message() {
    const LIMIT: usize = 4 << 20;
    let mut process = Process::start(FIXTURE, &[]);
    let empty = call(1, "echo", json!({ "text": "" })).to_string().len();
    for (length, code) in [(LIMIT, None), (LIMIT + 1, Some(-32600))] {
        let line = call(1, "echo", json!({ "text": "x".repeat(length - empty) })).to_string();
        assert_eq!(line.len(), length);
        process.send(line);
        assert_eq!(process.receive()["error"]["code"].as_i64(), code, "{length}");
        process.assert_healthy();
    }
}

#[test]
fn progress_that_nobody_reads_is_dropped_instead_of_kept() {
    let (mut process, output) = start_unread();
    let before = process.measured("status", "VmRSS");
    let params = json!({ "name": "progress", "arguments": { "steps": 300_000 }, "_meta": { "progressToken": 1 } });
    process.send(mcp_tests::connection::modern(1, "tools/call", params).to_string());
    wait_until_idle(&process);
    let grown = peak(&process).saturating_sub(before);
    assert!(grown < 24 * MIB, "memory grew by {} MiB", grown / MIB);
    let mut process = process.reading(output);
    assert_eq!(process.receive()["id"], "ready");
    let mut last = 0;
    loop {
        let frame = process.receive();
        if frame["id"] == 1 {
            break;
        }
        let progress = frame["params"]["progress"].as_u64().unwrap();
        assert!(progress > last, "progress fell from {last} to {progress}");
        last = progress;
    }
    process.assert_healthy();
}

#[test]
fn deep_and_wide_messages_cost_no_more_memory_than_their_text() {
    let mut process = Process::start(FIXTURE, &[]);
    process.assert_healthy();
    let before = peak(&process);
    let wide = format!("[{}0]", "{\"a\":0},".repeat(400_000));
    let line = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"echo","arguments":{{"text":{wide}}}}}}}"#
    );
    let line = line.replacen(
        r#""params":{"#,
        &format!(r#""params":{{"_meta":{},"#, call(1, "", json!({}))["params"]["_meta"]),
        1,
    );
    process.send(line);
    let answer = process.receive();
    assert_eq!(answer["result"]["isError"], true, "{answer}");
    process.assert_healthy();
    let grown = peak(&process) - before;
    assert!(grown < 32 * MIB, "memory grew by {} MiB", grown / MIB);
}
