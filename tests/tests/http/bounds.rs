//! What a client can make the server keep: heads and bodies are bounded in length and in time, connections in number.

use std::time::{Duration, Instant};

use mcp_runtime::{HttpOptions, Limits};
use mcp_tests::http::{Request, Site, call};
use mcp_tests::site::{Log, server};
use serde_json::json;

/// Short, and yet longer than a busy machine keeps a test from writing what it has begun.
const SHORT: Duration = Duration::from_secs(1);

fn add() -> Request {
    call("add", json!({ "a": 1, "b": 2 }))
}

#[test]
fn a_head_is_bounded() {
    let site = Site::open(server(&Log::default()));
    assert_eq!(site.send(&add().with("X", &"x".repeat(30_000))).said(), "3");
    let mut wire = site.connect();
    wire.write(add().with("X", &"x".repeat(100_000)).head());
    assert_eq!(wire.answer().status, 431);
    wire.closed();
    let mut wire = site.connect();
    wire.write((0..1000).fold(add(), |request, index| request.with(&format!("X-{index}"), "x")).head());
    assert_eq!(wire.answer().status, 431);
    wire.closed();
    // One that does not end is cut off too, and so are blank lines without end.
    for endless in [b"X: y\r\n".repeat(20_000), b"\r\n".repeat(100_000)] {
        let mut wire = site.connect();
        if endless.starts_with(b"X") {
            wire.write(b"POST /mcp HTTP/1.1\r\n");
        }
        wire.write(&endless);
        assert!(wire.try_head().is_none_or(|answer| answer.status >= 400));
        wire.closed();
    }
}

#[test]
fn a_body_is_bounded_whether_its_length_is_announced_or_not() {
    let site = Site::open(server(&Log::default()).limits(Limits::default().line(2000)));
    let padded = |length: usize| {
        let text = "x".repeat(length);
        call("echo", json!({ "text": text }))
    };
    assert_eq!(site.send(&padded(1000)).said().len(), 1000);
    let message = site.send(&padded(2000)).refused(413, -32600);
    assert!(message.contains("2000 bytes"), "{message}");
    for length in ["2001", "4294967296", "9223372036854775807"] {
        let mut wire = site.connect();
        wire.write(add().with("Content-Length", length).head());
        wire.answer().refused(413, -32600);
        wire.closed();
    }
    let mut wire = site.connect();
    wire.write(add().with("Transfer-Encoding", "chunked").head());
    for _ in 0..3 {
        wire.write(format!("3e8\r\n{}\r\n", " ".repeat(1000)));
    }
    wire.answer().refused(413, -32600);
    wire.closed();
    // A chunk that announces too much is not waited for in full either.
    let mut wire = site.connect();
    wire.write(add().with("Transfer-Encoding", "chunked").head());
    wire.write(format!("ffffffff\r\n{}", " ".repeat(2001)));
    wire.answer().refused(413, -32600);
    wire.closed();
}

#[test]
fn a_body_that_does_not_come_is_not_waited_for() {
    let site = Site::open(server(&Log::default()).http(HttpOptions::default().body_time(SHORT)));
    assert_eq!(site.send(&add()).said(), "3");
    for framing in [("Content-Length", "100"), ("Transfer-Encoding", "chunked")] {
        let mut wire = site.connect();
        wire.write(add().with(framing.0, framing.1).head());
        wire.write(if framing.1 == "chunked" { "5\r\n{" } else { "{" });
        let message = wire.answer().refused(408, -32600);
        assert!(message.contains("1 s"), "{message}");
        wire.closed();
    }
    // Bytes that come one by one gain no time.
    let mut wire = site.connect();
    wire.write(add().with("Content-Length", "1000").head());
    for _ in 0..6 {
        wire.write(" ");
        std::thread::sleep(SHORT / 4);
    }
    wire.answer().refused(408, -32600);
}

#[test]
fn a_head_that_does_not_come_is_not_waited_for() {
    let site = Site::open(server(&Log::default()).http(HttpOptions::default().header_time(SHORT)));
    let bytes = add().bytes();
    let mut wire = site.connect();
    for byte in &bytes[..6] {
        wire.write([*byte]);
        std::thread::sleep(SHORT / 4);
    }
    let _ = wire.try_head().is_none_or(|answer| answer.status == 408);
    wire.closed();
    // Neither is a first request, nor a next one.
    site.connect().closed();
    let mut wire = site.connect();
    let start = Instant::now();
    assert_eq!(wire.send(&add()).said(), "3");
    wire.closed();
    assert!(start.elapsed() > SHORT / 2, "{:?}", start.elapsed());
    // A call that takes longer is none of that.
    assert_eq!(site.call("nap", json!({ "name": "long", "millis": 2500 })).said(), "long slept");
}

#[test]
fn connections_beyond_the_most_wait() {
    let site = Site::open(server(&Log::default()).http(HttpOptions::default().connections(2)));
    let (mut first, mut second) = (site.connect(), site.connect());
    assert_eq!(first.send(&add()).said(), "3");
    assert_eq!(second.send(&add()).said(), "3");
    let mut third = site.connect();
    third.write(add().bytes());
    assert!(third.is_silent(), "there are two already");
    assert_eq!(first.send(&add()).said(), "3");
    drop(second);
    assert_eq!(third.answer().said(), "3");
}
