//! How an answer is put: whole, or as a stream when something precedes it; compressed where that is asked for and worth it;
//! and what becomes of a call of 2026-07-28 whose client is gone.

use std::io::Read;

use mcp_runtime::{Group, HttpOptions, Server, group, tool};
use mcp_tests::connection::{modern, request};
use mcp_tests::http::{Answer, Request, Session, Site, call, said};
use mcp_tests::site::{Log, server};
use serde_json::{Value, json};

fn site() -> Site {
    Site::open(server(&Log::default()))
}

/// A call that wants to hear how far it has come.
fn watched(tool: &str, arguments: Value) -> Request {
    let meta = json!({ "progressToken": "p" });
    Request::modern(&modern("call", "tools/call", json!({ "name": tool, "arguments": arguments, "_meta": meta })))
}

fn assert_is_stream(answer: &Answer) {
    assert_eq!(answer.status, 200, "{answer}");
    assert_eq!(answer.header("content-type"), Some("text/event-stream"), "{answer}");
    assert_eq!(answer.header("cache-control"), Some("no-cache"));
    assert_eq!(answer.header("x-accel-buffering"), Some("no"));
    assert_eq!((answer.header("content-encoding"), answer.header("content-length")), (None, None));
    assert_eq!(answer.header("mcp-session-id"), None);
}

#[test]
fn an_answer_alone_is_json_and_with_something_before_it_a_stream() {
    let site = site();
    let alone = site.call("report", json!({ "steps": 3, "text": "x" }));
    assert_eq!((alone.header("content-type"), alone.said().as_str()), (Some("application/json"), "x"));
    for steps in [1_usize, 3, 500] {
        let answer = site.send(&watched("report", json!({ "steps": steps, "text": "x" })));
        assert_is_stream(&answer);
        let events = answer.events();
        assert_eq!(events.len(), steps + 1);
        let (last, before) = events.split_last().unwrap();
        for (step, event) in before.iter().enumerate() {
            assert_eq!(event.method(), "notifications/progress");
            assert_eq!(event.json()["params"]["progress"], json!(step + 1));
        }
        assert_eq!((said(&last.json()).as_str(), &last.json()["id"]), ("x", &json!("call")));
        // This revision has no streams to take up again.
        assert!(events.iter().all(|event| event.id.is_none() && event.name.as_deref() == Some("message")));
    }
}

#[test]
fn a_stream_begins_as_soon_as_there_is_something_to_say() {
    let (site, log) = logged(|server| server);
    let (head, mut wire) = site.begin(&watched("doze", json!({ "name": "slow" })));
    assert_is_stream(&head);
    assert_eq!(wire.event().method(), "notifications/progress");
    // Only now it can go on to say the rest.
    assert!(wire.is_silent());
    log.note("wake slow");
    let rest = wire.rest();
    assert_eq!((rest[0].method().as_str(), said(&rest[1].json()).as_str()), ("notifications/progress", "slow dozed"));
    // The connection lives on.
    assert_eq!(wire.send(&call("add", json!({ "a": 1, "b": 2 }))).said(), "3");
}

#[test]
fn a_client_that_knows_no_chunks_reads_a_stream_to_its_end() {
    let site = site();
    let request = watched("report", json!({ "steps": 2, "text": "x" })).line("POST /mcp HTTP/1.0");
    let answer = site.send(&request);
    assert_is_stream(&answer);
    assert_eq!((answer.header("transfer-encoding"), answer.events().len()), (None, 3));
    let mut wire = site.connect();
    let closing = watched("report", json!({ "steps": 2, "text": "x" })).with("Connection", "close");
    assert_eq!(wire.send(&closing).events().len(), 3);
    wire.closed();
}

#[test]
fn any_text_survives_and_no_line_of_data_is_broken() {
    let site = site();
    for text in
        ["a\rb", "a\nb", "a\r\n\r\ndata: {}\n\n", "\0", "\u{2028}\u{2029}\u{85}", ": x\nevent: y", "\u{feff}", "😀\\\""]
    {
        let arguments = json!({ "steps": 2, "text": text });
        let answer = site.send(&watched("report", arguments.clone()));
        let events = answer.events();
        assert_eq!(events.len(), 3, "{text:?}: {answer}");
        assert_eq!(events[0].json()["params"]["message"], text);
        assert_eq!(said(&events[2].json()), text);
        assert_eq!(answer.text().matches("data: ").count(), 3 + 3 * text.matches("data: ").count());
        assert_eq!(site.call("report", arguments).said(), text);
    }
}

fn letters(count: usize, encoding: &str) -> Request {
    call("letters", json!({ "count": count })).with("Accept-Encoding", encoding)
}

fn plain(answer: &Answer) -> Value {
    let mut body = Vec::new();
    match answer.header("content-encoding") {
        None => body.clone_from(&answer.body),
        Some("gzip") => {
            flate2::read::GzDecoder::new(&*answer.body).read_to_end(&mut body).unwrap();
        }
        Some("br") => brotli::BrotliDecompress(&mut &*answer.body, &mut body).unwrap(),
        other => panic!("nobody asked for {other:?}"),
    }
    assert_eq!(answer.header("content-length"), Some(answer.body.len().to_string().as_str()));
    serde_json::from_slice(&body).unwrap()
}

#[test]
fn long_answers_are_compressed_for_whoever_asks() {
    let site = site();
    for (asked, coding) in [
        ("gzip", Some("gzip")),
        ("x-gzip", Some("gzip")),
        ("br", Some("br")),
        ("gzip, deflate, br", Some("br")),
        ("br;q=0.1, gzip", Some("gzip")),
        ("br;q=0, *", Some("gzip")),
        ("identity", None),
        ("gzip;q=0", None),
        ("gzip;q=0.5, identity", None),
        ("deflate, zstd", None),
        ("", None),
    ] {
        for count in [5000, 500_000] {
            let answer = site.send(&letters(count, asked));
            assert_eq!((answer.status, answer.header("content-encoding")), (200, coding), "{asked}");
            assert_eq!(said(&plain(&answer)).len(), count, "{asked}");
            if coding.is_some() {
                assert!(answer.body.len() < count / 10, "{asked}: {} bytes", answer.body.len());
                assert_eq!(answer.header("vary"), Some("accept-encoding"));
            }
        }
    }
    let unasked = site.call("letters", json!({ "count": 5000 }));
    assert_eq!((unasked.header("content-encoding"), unasked.said().len()), (None, 5000));
}

#[test]
fn a_list_is_the_same_however_often_and_however_it_comes() {
    /// What it does is told at length, so that the list of the tools is long.
    #[tool]
    fn told() {}

    let many = (0..100)
        .fold(server(&Log::default()), |server, number| server.with(group![told].prefix(format!("number_{number}_"))));
    let site = Site::open(many);
    let list = |id: u32| request(id, "tools/list", json!({}));
    let session = Session::open(&site, "2025-03-26");
    let first = session.post(&list(1));
    assert!(first.body.len() > 4096, "it is a long one");
    let shown = first.json()["result"].clone();
    assert!(shown["tools"].as_array().is_some_and(|tools| tools.len() > 10), "{shown}");
    let told = |message: &Value, id: u32| {
        assert_eq!((&message["jsonrpc"], &message["id"]), (&json!("2.0"), &json!(id)));
        assert_eq!(message["result"], shown, "{id}");
    };
    for (id, asked, coding) in [(2, "", None), (3, "gzip", Some("gzip")), (4, "br", Some("br")), (1_234_567, "", None)]
    {
        let answer = site.send(&session.request(list(id).to_string()).with("Accept-Encoding", asked));
        assert_eq!((answer.status, answer.header("content-encoding")), (200, coding));
        told(&plain(&answer), id);
    }
    // In a batch, where it stands among others.
    let batch = session.request(json!([list(5), request(6, "ping", json!({})), list(7)]).to_string());
    let answer = site.send(&batch).json();
    let answers = answer.as_array().unwrap();
    assert_eq!(answers.len(), 3);
    told(&answers[0], 5);
    told(&answers[2], 7);
    // What asks for another page is asked of the list, and of the list alone.
    let other = request(8, "tools/list", json!({ "cursor": "elsewhere" }));
    let message = session.post(&other).refused(200, -32602);
    assert!(message.contains("elsewhere"), "{message}");
    let modern = |id: &str| site.send(&Request::modern(&modern(id, "tools/list", json!({})))).json();
    let (first, again) = (modern("a"), modern("b"));
    assert_eq!((&first["result"], &again["id"]), (&again["result"], &json!("b")));
    assert_eq!(first["result"]["tools"].as_array().map(Vec::len), shown["tools"].as_array().map(Vec::len));
}

#[test]
fn small_answers_and_streams_are_not_compressed_nor_anything_where_it_is_turned_off() {
    let site = site();
    let small = site.send(&letters(100, "gzip, br"));
    assert_eq!((small.header("content-encoding"), small.said().len()), (None, 100));
    let stream = watched("report", json!({ "steps": 1, "text": "x".repeat(5000) })).with("Accept-Encoding", "gzip, br");
    let answer = site.send(&stream);
    assert_is_stream(&answer);
    assert_eq!(answer.events().len(), 2);
    assert_eq!(site.send(&letters(5000, "gzip")).header("content-encoding"), Some("gzip"));
    let plain = Site::open(server(&Log::default()).http(HttpOptions::default().compress(false)));
    let answer = plain.send(&letters(5000, "gzip"));
    assert_eq!((answer.header("content-encoding"), answer.said().len()), (None, 5000));
}

#[test]
fn a_notification_is_taken_without_a_word() {
    let site = site();
    for method in ["notifications/cancelled", "notifications/unknown"] {
        let message = json!({ "jsonrpc": "2.0", "method": method, "params": { "requestId": "call" } });
        let answer = site.send(&Request::modern(&message));
        assert_eq!((answer.status, answer.text().as_str()), (202, ""), "{answer}");
        assert_eq!(answer.header("content-type"), None);
        // Without a version it belongs to nobody, and with one that is not there neither.
        site.send(&Request::modern(&message).set("MCP-Protocol-Version", "v999")).refused(400, -32022);
        site.send(&Request::post(message.to_string())).refused(400, -32600);
    }
}

/// A server and what its tools live through.
fn logged(change: impl FnOnce(Server) -> Server) -> (Site, Log) {
    let log = Log::default();
    (Site::open(change(server(&log))), log)
}

#[test]
fn whoever_closes_the_connection_gives_the_call_up() {
    let (site, log) = logged(|server| server);
    // Before anything was answered.
    let mut wire = site.connect();
    wire.write(call("wait", json!({ "name": "silent" })).bytes());
    log.wait("silent waits");
    drop(wire);
    log.wait("silent given up");
    // In the middle of a stream.
    let (head, mut wire) = site.begin(&watched("wait", json!({ "name": "streaming" })));
    assert_is_stream(&head);
    assert_eq!(wire.event().method(), "notifications/progress");
    assert!(!log.has("streaming given up"));
    drop(wire);
    log.wait("streaming given up");
    // A call of somebody else goes on.
    let mut other = site.connect();
    other.write(call("nap", json!({ "name": "other", "millis": 300 })).bytes());
    log.wait("other naps");
    drop(site.begin(&watched("wait", json!({ "name": "third" }))));
    log.wait("third given up");
    assert_eq!(other.answer().said(), "other slept");
}

#[test]
fn calls_of_different_clients_may_have_the_same_id() {
    let (site, log) = logged(|server| server);
    let mut wires: Vec<_> = (0..20).map(|_| site.connect()).collect();
    for (index, wire) in wires.iter_mut().enumerate() {
        wire.write(call("nap", json!({ "name": index.to_string(), "millis": 100 })).bytes());
    }
    for (index, wire) in wires.iter_mut().enumerate() {
        assert_eq!(wire.answer().said(), format!("{index} slept"));
    }
    assert!(log.has("19 woke up"));
}

#[test]
fn changes_are_told_on_a_stream_of_their_own() {
    let (site, _) = logged(|server| server);
    let filter = json!({ "toolsListChanged": true, "resourceSubscriptions": ["site://watched", "site://other"] });
    let listen =
        |filter: Value| Request::modern(&modern(1_000_001, "subscriptions/listen", json!({ "notifications": filter })));
    let (head, mut wire) = site.begin(&listen(filter));
    assert_is_stream(&head);
    let (_, mut deaf) = site.begin(&listen(json!({ "promptsListChanged": true })));
    let acknowledged = wire.event();
    assert_eq!(acknowledged.method(), "notifications/subscriptions/acknowledged");
    assert_eq!(deaf.event().method(), "notifications/subscriptions/acknowledged");
    assert_eq!(site.call("touch", json!({})).status, 200);
    for method in ["notifications/tools/list_changed", "notifications/resources/updated"] {
        let event = wire.event();
        assert_eq!(event.method(), method);
        assert_eq!(event.json()["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], 1_000_001);
    }
    assert!(deaf.is_silent());
}

#[test]
fn a_log_is_sent_to_whoever_says_a_level() {
    let (site, _) = logged(|server| server);
    let speak = |level: &str| {
        let meta = json!({ "io.modelcontextprotocol/logLevel": level });
        site.send(&Request::modern(&modern("call", "tools/call", json!({ "name": "speak", "_meta": meta }))))
    };
    assert_eq!(speak("debug").events().len(), 3);
    assert_eq!(speak("warning").events().len(), 2);
    assert_eq!(speak("error").header("content-type"), Some("application/json"));
    assert_eq!(site.call("speak", json!({})).header("content-type"), Some("application/json"));
    site.send(&Request::modern(&modern(
        "call",
        "tools/call",
        json!({ "name": "speak", "_meta": { "io.modelcontextprotocol/logLevel": "loud" } }),
    )))
    .refused_call(400, -32602);
}
