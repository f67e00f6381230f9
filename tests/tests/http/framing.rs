//! Where one request ends and the next begins: what could be read in two ways is refused and the connection closed.

use std::time::{Duration, Instant};

use mcp_runtime::HttpOptions;
use mcp_tests::http::{Request, Site, call};
use mcp_tests::site::{Log, server};
use serde_json::json;

fn add(a: u32) -> Request {
    call("add", json!({ "a": a, "b": 0 }))
}

fn chunked(body: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", body.len()).as_bytes(), body, b"\r\n0\r\n\r\n"].concat()
}

#[test]
fn a_smuggled_request_is_not_served() {
    let log = Log::default();
    let site = Site::open(server(&log));
    let smuggled = call("nap", json!({ "name": "smuggler", "millis": 0 })).bytes();
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" }).to_string();
    for (first, second) in [
        (("Transfer-Encoding", "chunked"), ("Content-Length", "LENGTH")),
        (("Content-Length", "LENGTH"), ("Transfer-Encoding", "chunked")),
        (("Content-Length", "LENGTH"), ("Content-Length", "0")),
        (("Content-Length", "LENGTH"), ("Content-Length", "LENGTH")),
        (("content-length", "LENGTH"), ("TRANSFER-ENCODING", "Chunked")),
        (("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "chunked")),
        (("Transfer-Encoding", "identity"), ("Content-Length", "LENGTH")),
        (("Transfer-Encoding", "gzip, chunked"), ("X", "y")),
        (("Content-Length", "+LENGTH"), ("X", "y")),
        (("Content-Length", "LENGTH, LENGTH"), ("X", "y")),
    ] {
        let chunks = chunked(body.as_bytes());
        let length = (chunks.len() + smuggled.len()).to_string();
        let request = [first, second]
            .into_iter()
            .fold(add(1), |request, (name, value)| request.with(name, &value.replace("LENGTH", &length)));
        let mut wire = site.connect();
        wire.write([request.head(), chunks, smuggled.clone()].concat());
        let answer = wire.answer();
        if answer.body.is_empty() {
            // `hyper` refuses some by itself, without a word.
            assert_eq!((answer.status, answer.header("connection")), (400, Some("close")), "{first:?} {answer}");
        } else {
            let message = answer.refused(400, -32600);
            assert!(message.contains("two ways") && message.contains('`'), "{message}");
            assert_eq!(answer.header("connection"), Some("close"));
        }
        wire.closed();
    }
    assert!(!log.has("smuggler naps"));
    // Either framing alone is sound, and then the second request is no smuggler.
    let mut wire = site.connect();
    let (head, message) = (add(7).with("Transfer-Encoding", "chunked").head(), modern_add(7));
    wire.write([head, chunked(&message), smuggled].concat());
    assert_eq!(wire.answer().said(), "7");
    assert_eq!(wire.answer().said(), "smuggler slept");
}

/// The body of a good call.
fn modern_add(a: u32) -> Vec<u8> {
    let bytes = add(a).bytes();
    let at = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    bytes[at + 4..].to_vec()
}

#[test]
fn lines_that_readers_disagree_on_close_the_connection() {
    let site = Site::open(server(&Log::default()));
    for line in ["X: a\r\n b", "X : a", "X: a\rY: b", "no colon", ": empty", "X: a\0b", "Content-Length : 0"] {
        let mut wire = site.connect();
        let good = String::from_utf8(add(1).bytes()).unwrap();
        wire.write(good.replacen("\r\n", &format!("\r\n{line}\r\n"), 1));
        let answer = wire.answer();
        assert_eq!(answer.status, 400, "{line:?}: {answer}");
        wire.closed();
    }
    assert_eq!(site.send(&add(5)).said(), "5");
}

#[test]
fn requests_in_a_row_are_answered_in_their_order() {
    let site = Site::open(server(&Log::default()));
    let slow = call("nap", json!({ "name": "first", "millis": 100 })).bytes();
    let rest = (1..=5).flat_map(|a| add(a).bytes());
    let mut wire = site.connect();
    wire.write(slow.into_iter().chain(rest).collect::<Vec<_>>());
    assert_eq!(wire.answer().said(), "first slept");
    for a in 1..=5 {
        assert_eq!(wire.answer().said(), a.to_string());
    }
    // A refusal in between keeps its place, and a request after it is served.
    wire.write([add(1).set("Host", "evil.example").bytes(), add(2).bytes()].concat());
    wire.answer().refused(403, -32600);
}

#[test]
fn a_body_in_small_pieces_is_one_body() {
    let site = Site::open(server(&Log::default()));
    let mut wire = site.connect();
    wire.write(add(3).with("Transfer-Encoding", "chunked").head());
    for piece in modern_add(3).chunks(40) {
        wire.write([format!("{:x};x=y\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat());
    }
    wire.write("0\r\nTrailer: ignored\r\n\r\n");
    assert_eq!(wire.answer().said(), "3");
    assert_eq!(wire.send(&add(4)).said(), "4");
    // A chunk that is no chunk ends it.
    wire.write([add(3).with("Transfer-Encoding", "chunked").head(), b"zz\r\n".to_vec()].concat());
    wire.answer().refused(400, -32600);
    wire.closed();
}

#[test]
fn a_client_that_waits_to_be_asked_for_its_body_is_asked() {
    let site = Site::open(server(&Log::default()));
    let body = modern_add(6);
    let expecting = add(6).with("Expect", "100-continue").with("Content-Length", &body.len().to_string());
    let mut wire = site.connect();
    wire.write(expecting.head());
    assert_eq!(wire.head().status, 100);
    wire.write(&body);
    assert_eq!(wire.answer().said(), "6");
    // It is not asked for what is refused anyway.
    for (request, status) in [
        (expecting.clone().set("Content-Type", "text/plain"), 415),
        (expecting.clone().set("Host", "evil.example"), 403),
        (expecting.set("Content-Length", "99999999"), 413),
    ] {
        let mut wire = site.connect();
        wire.write(request.head());
        wire.answer().refused(status, -32600);
    }
}

#[test]
fn a_client_that_leaves_in_the_middle_of_a_body_harms_nobody() {
    let log = Log::default();
    let site = Site::open(server(&log).http(HttpOptions::default().connections(1)));
    let body = call("nap", json!({ "name": "half", "millis": 0 })).bytes();
    let mut wire = site.connect();
    wire.write(&body[..body.len() - 1]);
    drop(wire);
    // The only place is free again at once.
    let start = Instant::now();
    assert_eq!(site.send(&add(1)).said(), "1");
    assert!(start.elapsed() < Duration::from_secs(5));
    assert!(!log.has("half naps"));
    let mut wire = site.connect();
    wire.write(&body);
    assert_eq!(wire.answer().said(), "half slept");
}
