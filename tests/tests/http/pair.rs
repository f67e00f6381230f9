//! The pair of endpoints of 2024-11-05: only where it is asked for; everything is answered on the stream.

use mcp_runtime::{HttpOptions, Limits};
use mcp_tests::connection::{initialize, request};
use mcp_tests::http::{Answer, Request, Site, Wire, call, said};
use mcp_tests::site::{Log, server};
use serde_json::{Value, json};

fn logged() -> (Site, Log) {
    let log = Log::default();
    (Site::open(server(&log).http(HttpOptions::default().http_sse(true).sessions(3))), log)
}

struct Pair<'a> {
    site: &'a Site,
    wire: Wire,
    messages: String,
}

impl<'a> Pair<'a> {
    fn open(site: &'a Site) -> Self {
        let (head, mut wire) = site.begin(&Request::new("GET", "/sse").with("Accept", "text/event-stream"));
        assert_eq!((head.status, head.header("content-type")), (200, Some("text/event-stream")), "{head}");
        assert_eq!(head.header("x-accel-buffering"), Some("no"));
        let endpoint = wire.event();
        assert_eq!((endpoint.name.as_deref(), endpoint.data.len()), (Some("endpoint"), 1), "{endpoint:?}");
        Self { site, wire, messages: endpoint.data[0].clone() }
    }

    fn post_to(&self, target: &str, message: &Value) -> Answer {
        let post = Request::new("POST", target).with("Content-Type", "application/json");
        self.site.send(&post.body(message.to_string()))
    }

    fn post(&self, message: &Value) {
        let answer = self.post_to(&self.messages, message);
        assert_eq!((answer.status, answer.text().as_str()), (202, ""), "{answer}");
    }

    fn next(&mut self) -> Value {
        let event = self.wire.event();
        assert_eq!((event.name.as_deref(), &event.id), (Some("message"), &None));
        event.json()
    }

    fn initialize(&mut self) {
        self.post(&serde_json::from_str(&initialize("2024-11-05")).unwrap());
        assert_eq!(self.next()["result"]["protocolVersion"], "2024-11-05");
        self.post(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
    }
}

fn tool(id: u32, name: &str, arguments: Value) -> Value {
    request(id, "tools/call", json!({ "name": name, "arguments": arguments, "_meta": { "progressToken": id } }))
}

#[test]
fn the_pair_is_not_there_unless_it_is_asked_for() {
    let site = Site::open(server(&Log::default()));
    site.send(&Request::new("GET", "/sse")).refused(404, -32600);
    let post = Request::new("POST", "/messages?sessionId=x").with("Content-Type", "application/json");
    site.send(&post.body("{}")).refused(404, -32600);
    let (site, _) = logged();
    drop(Pair::open(&site));
    // The endpoint of the newer revisions is there all the same.
    assert_eq!(site.call("add", json!({ "a": 1, "b": 2 })).said(), "3");
}

#[test]
fn messages_are_answered_on_the_stream() {
    let (site, _) = logged();
    let (mut pair, mut other) = (Pair::open(&site), Pair::open(&site));
    assert_ne!(pair.messages, other.messages);
    pair.initialize();
    other.initialize();
    pair.post(&tool(1, "add", json!({ "a": 1, "b": 2 })));
    assert_eq!(said(&pair.next()), "3");
    pair.post(&tool(2, "report", json!({ "steps": 2, "text": "x\r\ny\u{2028}" })));
    assert_eq!(pair.next()["method"], "notifications/progress");
    assert_eq!(pair.next()["method"], "notifications/progress");
    assert_eq!(said(&pair.next()), "x\r\ny\u{2028}");
    pair.post(&tool(3, "unknown", json!({})));
    assert_eq!(pair.next()["error"]["code"], -32602);
    pair.post(&json!({ "jsonrpc": "2.0", "id": 4 }));
    assert_eq!(pair.next()["error"]["code"], -32600);
    pair.post(&tool(5, "touch", json!({})));
    let both = [pair.next(), pair.next()];
    assert!(both.iter().any(|message| message["method"] == "notifications/tools/list_changed"), "{both:?}");
    assert_eq!(other.next()["method"], "notifications/tools/list_changed");
    assert!(other.wire.is_silent());
}

#[test]
fn a_message_for_a_stream_that_is_not_there_is_refused() {
    let (site, _) = logged();
    let mut pair = Pair::open(&site);
    pair.initialize();
    let add = tool(1, "add", json!({ "a": 1, "b": 2 }));
    for target in ["/messages", "/messages?sessionId=", "/messages?sessionId=x", "/messages?session=x", "/messages?x"] {
        let message = pair.post_to(target, &add).refused(404, -32600);
        assert!(message.contains("GET"), "{message}");
    }
    let uppercase = pair.messages.replace("/messages?sessionId=", "").to_uppercase();
    pair.post_to(&format!("/messages?sessionId={uppercase}"), &add).refused(404, -32600);
    let gone = Pair::open(&site).messages;
    let is_gone = (0..3000).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(10));
        pair.post_to(&gone, &add).status == 404
    });
    assert!(is_gone, "a stream whose client is gone is forgotten");
    pair.post(&add);
    assert_eq!(said(&pair.next()), "3");
}

#[test]
fn the_pair_is_guarded_and_bounded_like_the_endpoint() {
    let log = Log::default();
    let options = HttpOptions::default().http_sse(true).sessions(3);
    let site = Site::open(server(&log).http(options).limits(Limits::default().line(2000)));
    let mut pair = Pair::open(&site);
    pair.initialize();
    site.send(&Request::new("GET", "/sse").set("Host", "evil.example")).refused(403, -32600);
    site.send(&Request::new("GET", "/sse").with("Origin", "https://evil.example")).refused(403, -32600);
    let post = Request::new("POST", &pair.messages).body(tool(1, "add", json!({ "a": 1, "b": 2 })).to_string());
    site.send(&post.clone().with("Content-Type", "text/plain")).refused(415, -32600);
    let post = post.with("Content-Type", "application/json");
    site.send(&post.clone().with("Origin", "null")).refused(403, -32600);
    site.send(&post.clone().body(" ".repeat(3000))).refused(413, -32600);
    site.send(&post.line(&format!("PUT {} HTTP/1.1", pair.messages))).refused(405, -32600);
    assert!(pair.wire.is_silent());
    let others = [Pair::open(&site), Pair::open(&site)];
    site.send(&Request::new("GET", "/sse")).refused(503, -32600);
    drop(others);
}

#[test]
fn the_stream_is_no_endpoint_of_the_newer_revisions() {
    let (site, _) = logged();
    let add = call("add", json!({ "a": 1, "b": 2 }));
    // A client that tries the newer way first learns from this that it has to begin with GET.
    let answer = site.send(&add.clone().line("POST /sse HTTP/1.1"));
    answer.refused(405, -32600);
    assert_eq!(answer.header("allow"), Some("GET"));
    assert_eq!(site.send(&add).said(), "3");
}

#[test]
fn whoever_closes_the_stream_gives_its_calls_up() {
    let (site, log) = logged();
    let mut pair = Pair::open(&site);
    pair.initialize();
    pair.post(&tool(1, "wait", json!({ "name": "left" })));
    assert_eq!(pair.next()["method"], "notifications/progress");
    let mut other = Pair::open(&site);
    other.initialize();
    other.post(&tool(1, "nap", json!({ "name": "other", "millis": 300 })));
    assert!(!log.has("left given up"));
    drop(pair);
    log.wait("left given up");
    assert_eq!(other.next()["method"], "notifications/progress");
    assert_eq!(other.next()["method"], "notifications/progress");
    assert_eq!(said(&other.next()), "other slept");
}
