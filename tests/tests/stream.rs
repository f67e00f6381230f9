//! The transport over two byte streams, as embedders use it: how it ends, and what it leaves behind.

#![expect(clippy::needless_pass_by_value, reason = "arguments are written as `json!(…)` where they are needed")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mcp_runtime::{Context, Limits, Server, State, memory, server, tool};
use mcp_tests::connection::{Connection, modern};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout};

/// Counts the calls that are under way.
struct Alive(Arc<AtomicUsize>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Waits for ever.
#[tool]
async fn wait(alive: State<Arc<AtomicUsize>>) {
    alive.fetch_add(1, Ordering::SeqCst);
    let _alive = Alive(Arc::clone(&alive));
    std::future::pending::<()>().await;
}

/// Sleeps.
#[tool]
async fn sleep(millis: u64) -> &'static str {
    tokio::time::sleep(Duration::from_millis(millis)).await;
    "slept"
}

/// Says the same letter many times.
#[tool]
fn letters(count: usize) -> String {
    "x".repeat(count)
}

/// Sends much progress.
#[tool]
fn progress(cx: &Context) {
    for step in 0..10_000 {
        cx.progress(step).send();
    }
}

fn call(id: impl Into<Value>, tool: &str, arguments: Value) -> String {
    modern(id, "tools/call", json!({ "name": tool, "arguments": arguments })).to_string() + "\n"
}

fn waiting() -> (Server, Arc<AtomicUsize>) {
    let alive = Arc::new(AtomicUsize::new(0));
    (server![wait, sleep, letters, progress].state(Arc::clone(&alive)), alive)
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_mins(1), "{what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_future_that_serves_gives_up_its_calls_when_it_is_dropped() {
    let (server, alive) = waiting();
    let (stream, mut client) = memory(1 << 16);
    let serving = tokio::spawn(server.serve(stream));
    for id in 0..3 {
        client.write_all(call(id, "wait", json!({})).as_bytes()).await.unwrap();
    }
    until("the calls begin", || alive.load(Ordering::SeqCst) == 3).await;
    serving.abort();
    until("the calls are given up", || alive.load(Ordering::SeqCst) == 0).await;
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"", "nothing is answered any more, and the stream ends");
}

#[tokio::test(start_paused = true)]
async fn calls_in_flight_at_the_end_have_the_grace_period_and_no_more() {
    let (server, alive) = waiting();
    let mut connection = Connection::open(server.limits(Limits::default().grace(Duration::from_secs(3))));
    connection.send(call("waits", "wait", json!({})).trim()).await;
    connection.send(call("sleeps", "sleep", json!({ "millis": 2000 })).trim()).await;
    let start = Instant::now();
    let rest = connection.close().await;
    assert_eq!(rest.iter().map(|frame| &frame["id"]).collect::<Vec<_>>(), ["sleeps"]);
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    until("the call is given up", || alive.load(Ordering::SeqCst) == 0).await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_reads_does_not_keep_the_server_for_ever() {
    let (server, _) = waiting();
    let (stream, mut client) = memory(1024);
    let serving = tokio::spawn(server.serve(stream));
    for id in 0..3 {
        client.write_all(call(id, "letters", json!({ "count": 100_000 })).as_bytes()).await.unwrap();
    }
    client.shutdown().await.unwrap();
    let ended = timeout(Duration::from_mins(1), serving).await;
    assert!(ended.is_ok(), "the server waits for a client that does not read");
    drop(client);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_late_gets_every_answer_and_stops_the_server_meanwhile() {
    const CALLS: usize = 200;
    let (server, _) = waiting();
    let (stream, client) = memory(1024);
    let _serving = tokio::spawn(server.limits(Limits::default().outgoing(2048)).serve(stream));
    let (mut reader, mut writer) = tokio::io::split(client);
    let written = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&written);
    let writing = tokio::spawn(async move {
        for id in 0..CALLS {
            writer.write_all(call(id, "letters", json!({ "count": 10_000 })).as_bytes()).await.unwrap();
            count.fetch_add(1, Ordering::SeqCst);
        }
        writer
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(written.load(Ordering::SeqCst) < CALLS / 2, "the server reads on though nobody reads its answers");
    let mut text = String::new();
    let mut buffer = [0; 4096];
    while text.matches('\n').count() < CALLS {
        let read = timeout(Duration::from_mins(1), reader.read(&mut buffer)).await.unwrap().unwrap();
        text.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
    }
    let ids: Vec<Value> = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].clone()).collect();
    assert_eq!(ids, (0..CALLS).map(Value::from).collect::<Vec<_>>());
    drop(writing.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_message_longer_than_the_limit_is_refused_and_the_next_one_answered() {
    let (server, _) = waiting();
    let mut connection = Connection::open(server.limits(Limits::default().line(2000)));
    for length in [2001, 100_000] {
        connection.send(&"x".repeat(length)).await;
        let answer = connection.next().await;
        assert_eq!(answer["error"]["code"], -32600, "{answer}");
        assert!(answer["error"]["message"].as_str().unwrap().contains("2000 bytes"), "{answer}");
        connection.send(call(1, "letters", json!({ "count": 1 })).trim()).await;
        assert_eq!(connection.next().await["result"]["content"][0]["text"], "x");
    }
}

#[tokio::test(start_paused = true)]
async fn progress_is_dropped_rather_than_held_for_a_client_that_does_not_read() {
    let (server, _) = waiting();
    let (stream, mut client) = memory(1024);
    let _serving = tokio::spawn(server.limits(Limits::default().outgoing(2048)).serve(stream));
    let params = json!({ "name": "progress", "_meta": { "progressToken": 1 } });
    client.write_all((modern("last", "tools/call", params).to_string() + "\n").as_bytes()).await.unwrap();
    let mut text = String::new();
    let mut buffer = [0; 4096];
    while !text.contains("\"last\"") {
        let read = timeout(Duration::from_mins(1), client.read(&mut buffer)).await.unwrap().unwrap();
        text.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
    }
    let count = text.lines().count();
    assert!((2..100).contains(&count), "{count} frames");
}
