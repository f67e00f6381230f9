//! Sessions of the revisions that have them: how they begin and end, whom they belong to, what stays in them.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use mcp_runtime::HttpOptions;
use mcp_runtime::store::MemoryStore;
use mcp_tests::connection::request;
use mcp_tests::http::{Request, Session, Site};
use mcp_tests::site::{Log, server};
use serde_json::{Value, json};

const REVISIONS: [&str; 3] = ["2025-03-26", "2025-06-18", "2025-11-25"];

/// How long a session lives that nobody uses: longer than a busy machine keeps a test from using it.
const TTL: Duration = Duration::from_secs(3);

fn site() -> Site {
    Site::open(server(&Log::default()))
}

fn add() -> Value {
    request("call", "tools/call", json!({ "name": "add", "arguments": { "a": 1, "b": 2 } }))
}

#[test]
fn an_id_is_long_visible_and_never_the_same() {
    let site = site();
    let ids: HashSet<String> = (0..50).map(|_| Session::open(&site, "2025-11-25").id).collect();
    assert_eq!(ids.len(), 50);
    for id in &ids {
        assert!(id.bytes().all(|byte| byte.is_ascii_graphic()), "{id}");
        let letters: HashSet<char> = id.chars().collect();
        // Even if each letter were only a hexadecimal digit, these are 128 bits.
        assert!(id.len() >= 32 && letters.len() > 8, "{id}");
    }
    let mut differences = [0; 32];
    for id in &ids {
        for (index, letter) in id.bytes().take(32).enumerate() {
            differences[index] |= 1_u128 << letter;
        }
    }
    assert!(differences.iter().all(|seen: &u128| seen.count_ones() > 4), "no place is always the same");
}

#[test]
fn a_request_names_its_session() {
    let site = site();
    for revision in REVISIONS {
        let session = Session::open(&site, revision);
        let answer = session.post(&add());
        assert_eq!((answer.status, answer.said().as_str()), (200, "3"));
        assert_eq!(answer.header("mcp-session-id"), None);
        let good = session.request(add().to_string());
        let message = site.send(&good.clone().without("Mcp-Session-Id")).refused(400, -32600);
        assert!(message.contains("initialize") && message.contains("Mcp-Session-Id"), "{message}");
        for wrong in ["x", "", &session.id.to_uppercase(), &format!("{}0", session.id), &"0".repeat(64), "\u{e9}"] {
            let message = site.send(&good.clone().set("Mcp-Session-Id", wrong)).refused(404, -32600);
            assert!(message.contains("initialize"), "{message}");
        }
        // The same for what is no request, and for the other verbs.
        let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }).to_string();
        site.send(&session.request(&initialized).without("Mcp-Session-Id")).refused(400, -32600);
        site.send(&session.request(&initialized).set("Mcp-Session-Id", "x")).refused(404, -32600);
        site.send(&session.listening(None).set("Mcp-Session-Id", "x")).refused(404, -32600);
        site.send(&session.listening(None).without("Mcp-Session-Id")).refused(405, -32600);
        assert_eq!(session.post(&add()).status, 200);
    }
}

#[test]
fn a_request_has_one_session() {
    let site = site();
    let (one, other) = (Session::open(&site, "2025-11-25"), Session::open(&site, "2025-11-25"));
    let request = one.request(add().to_string());
    assert_eq!(site.send(&request).said(), "3");
    for id in [&other.id, &one.id] {
        for request in [&request, &one.listening(None)] {
            let message = site.send(&request.clone().with("Mcp-Session-Id", id)).refused(400, -32600);
            assert!(message.contains("more than one `mcp-session-id` header"), "{message}");
        }
    }
}

#[test]
fn a_version_that_no_session_has_is_refused() {
    let site = site();
    let session = Session::open(&site, "2025-06-18");
    let good = session.request(add().to_string());
    // The session knows its revision: the header may be missing, and names what was agreed on at best.
    for said in ["2025-06-18", "2025-03-26"] {
        assert_eq!(site.send(&good.clone().set("MCP-Protocol-Version", said)).said(), "3");
    }
    assert_eq!(site.send(&good.clone().without("MCP-Protocol-Version")).said(), "3");
    for unknown in ["1.0", "2025-06-19", "", "v999"] {
        let answer = site.send(&good.clone().set("MCP-Protocol-Version", unknown));
        assert_eq!(answer.status, 400, "{unknown}: {answer}");
        assert_eq!(answer.json()["error"]["code"], -32022, "{unknown}: {answer}");
        let listening = session.listening(None).set("MCP-Protocol-Version", unknown);
        site.send(&listening).refused(400, -32022);
        let notification = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }).to_string();
        let answer = site.send(&session.request(notification).set("MCP-Protocol-Version", unknown));
        answer.refused(400, -32022);
    }
    assert_eq!(site.send(&good).said(), "3");
}

#[test]
fn a_session_that_was_ended_is_over() {
    let site = site();
    for revision in REVISIONS {
        let (session, other) = (Session::open(&site, revision), Session::open(&site, revision));
        let mut wire = session.listen(None);
        let answer = session.delete();
        assert_eq!((answer.status, answer.text().as_str()), (204, ""), "{answer}");
        assert!(wire.rest().is_empty(), "its stream ends");
        session.post(&add()).refused(404, -32600);
        session.delete().refused(404, -32600);
        site.send(&session.listening(None)).refused(404, -32600);
        assert_eq!(other.post(&add()).said(), "3");
    }
}

#[test]
fn ending_a_session_gives_up_its_calls() {
    let log = Log::default();
    let site = Site::open(server(&log));
    let session = Session::open(&site, "2025-11-25");
    let mut wire = session.begin("wait", json!({ "name": "call" }));
    log.wait("call waits");
    assert_eq!(session.delete().status, 204);
    log.wait("call given up");
    assert!(wire.rest().iter().all(|event| event.data[0].is_empty() || event.method() == "notifications/progress"));
}

#[test]
fn a_session_that_nobody_uses_expires() {
    let site = Site::open(server(&Log::default()).http(HttpOptions::default().session_ttl(TTL)));
    let (used, unused, listening) =
        (Session::open(&site, "2025-11-25"), Session::open(&site, "2025-11-25"), Session::open(&site, "2025-11-25"));
    let mut wire = listening.listen(None);
    let start = Instant::now();
    while start.elapsed() < TTL * 2 {
        std::thread::sleep(Duration::from_millis(250));
        assert_eq!(used.post(&add()).said(), "3");
    }
    unused.post(&add()).refused(404, -32600);
    // Whoever listens is there.
    assert_eq!(listening.post(&add()).said(), "3");
    assert!(wire.is_silent());
}

#[test]
fn a_session_that_was_left_in_the_middle_of_a_call_expires() {
    let log = Log::default();
    let site = Site::open(server(&log).http(HttpOptions::default().session_ttl(TTL)));
    let session = Session::open(&site, "2025-11-25");
    let wire = session.begin("wait", json!({ "name": "left" }));
    log.wait("left waits");
    std::thread::sleep(TTL * 2);
    // Whoever reads its stream is there.
    assert!(!log.has("left given up"));
    drop(wire);
    log.wait("left given up");
    session.post(&add()).refused(404, -32600);
}

#[test]
fn a_call_that_takes_longer_than_a_session_lives_is_answered() {
    let site = Site::open(server(&Log::default()).http(HttpOptions::default().session_ttl(TTL)));
    let session = Session::open(&site, "2025-11-25");
    let answer = session.call("nap", json!({ "name": "long", "millis": 6000 }));
    assert_eq!((answer.status, answer.said().as_str()), (200, "long slept"));
    assert_eq!(session.post(&add()).status, 200);
}

#[test]
fn there_are_only_so_many_sessions() {
    let site = Site::open(server(&Log::default()).http(HttpOptions::default().sessions(2)));
    let (first, second) = (Session::open(&site, "2025-11-25"), Session::open(&site, "2025-03-26"));
    let initialize = Request::post(Session::initialize("2025-11-25").to_string());
    let answer = site.send(&initialize);
    let message = answer.refused(503, -32600);
    assert!(message.contains("2 sessions"), "{message}");
    assert_eq!(answer.header("mcp-session-id"), None);
    assert_eq!(first.post(&add()).said(), "3");
    assert_eq!(second.delete().status, 204);
    assert_eq!(site.send(&initialize).status, 200);
}

#[test]
fn an_initialize_that_fails_opens_nothing() {
    let site = Site::open(server(&Log::default()).http(HttpOptions::default().sessions(1)));
    for params in [json!({}), json!({ "protocolVersion": 7 }), json!({ "protocolVersion": "2025-06-18" })] {
        let answer = site.send(&Request::post(request(1, "initialize", params).to_string()));
        assert_eq!((&answer.json()["error"]["code"], &answer.json()["id"]), (&json!(-32602), &json!(1)), "{answer}");
        assert_eq!(answer.header("mcp-session-id"), None);
    }
    let session = Session::open(&site, "2025-06-18");
    // A second handshake changes nothing.
    let again = session.post(&Session::initialize("2025-06-18"));
    assert_eq!(again.json()["error"]["code"], -32600, "{again}");
    assert_eq!(session.post(&add()).said(), "3");
    // A version of another world is answered with one that there is.
    let other = self::site().send(&Request::post(Session::initialize("1999-01-01").to_string()));
    assert_eq!(other.json()["result"]["protocolVersion"], "2025-11-25");
}

fn heard(session: &Session<'_>) -> usize {
    let answer = session.call("speak", json!({}));
    let is_stream = answer.header("content-type") == Some("text/event-stream");
    if is_stream {
        answer.events().iter().filter(|event| event.data[0].contains("notifications/message")).count()
    } else {
        0
    }
}

#[test]
fn a_level_of_the_log_stays_with_its_session() {
    let site = site();
    let (session, other) = (Session::open(&site, "2025-11-25"), Session::open(&site, "2025-11-25"));
    assert_eq!((heard(&session), heard(&other)), (1, 1));
    for (level, lines) in [("debug", 2), ("error", 0), ("warning", 1)] {
        let answer = session.post(&request("call", "logging/setLevel", json!({ "level": level })));
        assert_eq!((answer.status, &answer.json()["result"]), (200, &json!({})), "{answer}");
        assert_eq!((heard(&session), heard(&other)), (lines, 1), "{level}");
    }
    let answer = session.post(&request("call", "logging/setLevel", json!({ "level": "loud" })));
    assert_eq!(answer.json()["error"]["code"], -32602, "{answer}");
}

#[test]
fn a_session_is_known_wherever_its_store_is() {
    let store = MemoryStore::default();
    let shared = || Site::open(server(&Log::default()).store(store.clone()));
    let (here, there, elsewhere) = (shared(), shared(), site());
    let session = Session::open(&here, "2025-06-18");
    assert_eq!(session.post(&request(1, "logging/setLevel", json!({ "level": "debug" }))).status, 200);
    let subscribe = request(2, "resources/subscribe", json!({ "uri": "site://watched" }));
    assert_eq!(session.post(&subscribe).json()["result"], json!({}));
    let moved = session.at(&there);
    assert_eq!(moved.post(&add()).said(), "3");
    assert_eq!(heard(&moved), 2, "the level came along");
    let mut wire = moved.listen(None);
    assert_eq!(moved.call("touch", json!({})).status, 200);
    assert_eq!(wire.event().method(), "notifications/tools/list_changed");
    assert_eq!(wire.event().method(), "notifications/resources/updated");
    session.at(&elsewhere).post(&add()).refused(404, -32600);
    // What ends at one ends at the other.
    assert_eq!(moved.delete().status, 204);
    session.post(&add()).refused(404, -32600);
}

#[test]
fn only_one_revision_knows_batches() {
    let site = site();
    let batch = json!([
        add(),
        { "jsonrpc": "2.0", "method": "notifications/initialized" },
        request(2, "unknown", json!({})),
        request(3, "ping", json!({})),
        7
    ]);
    let session = Session::open(&site, "2025-03-26");
    let answer = session.post(&batch);
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")), "{answer}");
    let answers = answer.json();
    assert_eq!(answers.as_array().map(Vec::len), Some(4), "{answer}");
    let of = |id: Value| answers.as_array().unwrap().iter().find(|answer| answer["id"] == id).unwrap().clone();
    assert_eq!(of(json!("call"))["result"]["content"][0]["text"], "3");
    assert_eq!(of(json!(2))["error"]["code"], -32601);
    assert_eq!(of(json!(3))["result"], json!({}));
    assert_eq!(of(Value::Null)["error"]["code"], -32600);
    let silent = json!([{ "jsonrpc": "2.0", "method": "notifications/initialized" }]);
    let answer = session.post(&silent);
    assert_eq!((answer.status, answer.text().as_str()), (202, ""), "{answer}");
    session.post(&json!([])).refused(400, -32600);
    let many: Vec<Value> = (0..1000).map(|id| request(id, "ping", json!({}))).collect();
    session.post(&json!(many)).refused(400, -32600);
    for revision in ["2025-06-18", "2025-11-25"] {
        let session = Session::open(&site, revision);
        for batch in [&batch, &silent] {
            let message = session.post(batch).refused(400, -32600);
            assert!(message.contains("2025-03-26"), "{message}");
        }
        assert_eq!(session.post(&add()).said(), "3");
    }
    site.send(&session.request(batch.to_string()).without("Mcp-Session-Id")).refused(400, -32600);
}
