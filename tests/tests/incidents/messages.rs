//! Messages that one reader takes for something else than another does, that take a reader longer than they are long, or that
//! end it.

use std::time::{Duration, Instant};

use mcp_runtime::{HttpOptions, Server, resource, server, tool};
use mcp_tests::connection::{initialize, request};
use mcp_tests::http::{Request, Session, Site};
use mcp_tests::process::call;
use mcp_tests::raw::Raw;
use mcp_tests::{site, typed};
use serde_json::{Map, Value, json};

use super::careless;

const TYPED: &str = env!("CARGO_BIN_EXE_typed");

/// What asks a server, and what it answers; nothing if it has gone.
type Ask<'a> = &'a mut dyn FnMut(&[u8]) -> Option<Value>;

/// The frames that were taken for a call of `add`, by the way in which a key is written.
fn taken(ask: Ask<'_>) -> Vec<String> {
    let good = call(1, "add", json!({ "a": 1, "b": 2 })).to_string();
    let mut frames = Vec::new();
    for key in ["jsonrpc", "method", "params", "name", "arguments", "a"] {
        let upper = key[..1].to_uppercase() + &key[1..];
        let mut writings =
            vec![upper, key.to_uppercase(), format!("{key}\\u0000"), format!("\\u0000{key}"), format!("{key} ")];
        if key.contains('s') {
            // Letters beyond ASCII that become these when case is folded.
            writings.push(key.replace('s', "\u{17f}"));
        }
        for written in writings {
            frames.push(good.replacen(&format!("\"{key}\":"), &format!("\"{written}\":"), 1));
        }
        // Twice: what the one reader takes first the other one takes last.
        let doubled = format!("\"{key}\":null,\"{key}\":");
        frames.push(good.replacen(&format!("\"{key}\":"), &doubled, 1));
    }
    frames.push(good.replacen("\"id\":", "\"id\":2,\"id\":", 1));
    frames.push(good.replacen("\"a\":1", "\"a\":1,\"\\u0061\":1", 1));
    frames.push(good.replacen("\"method\":", "\"m\\u0065thod\":\"ping\",\"method\":", 1));
    let mut taken = Vec::new();
    for frame in frames {
        assert_ne!(frame, good);
        let answer = ask(frame.as_bytes()).unwrap_or_default();
        if answer["result"]["content"][0]["text"] == "3" {
            taken.push(frame);
        }
    }
    taken
}

/// Every key in lower case and without what follows a NUL, the last of equal ones counts: what the readers of some languages do.
fn folded(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let fold = |key: String| key.trim_matches(['\0', ' ']).replace('\u{17f}', "s").to_lowercase();
            Value::Object(members.into_iter().map(|(key, value)| (fold(key), folded(value))).collect::<Map<_, _>>())
        }
        other => other,
    }
}

#[test]
fn cve_2026_27896_keys_in_another_case_cut_by_nul_or_doubled() {
    for mut raw in Raw::all(TYPED, typed::server) {
        assert_eq!(taken(&mut |frame| Some(raw.ask(frame))), Vec::<String>::new(), "{}", raw.name());
        raw.is_healthy().unwrap();
    }
    let careless = taken(&mut |frame| Some(careless::sum(&folded(serde_json::from_slice(frame).ok()?))));
    assert!(careless.len() > 40, "{}", careless.len());
}

/// Templates with several variables, as they are taken apart by a regular expression elsewhere.
#[resource("deep://{one}/{two}/{three}/{four}/{last}.{kind}")]
fn deep(one: String, two: String, three: String, four: String, last: String, kind: String) -> String {
    [one, two, three, four, last, kind].join(" ")
}

#[resource("dots://{one}.{two}.{three}.{four}.{five}.{last}")]
fn dots(one: String, two: String, three: String, four: String, five: String, last: String) -> String {
    [one, two, three, four, five, last].join(" ")
}

#[resource("rest://{+path}/x/{last}{?q,r}")]
fn rest(path: String, last: String, q: Option<String>, r: Option<String>) -> String {
    format!("{path} {last} {q:?} {r:?}")
}

#[tool]
fn add(a: i64, b: i64) -> i64 {
    a + b
}

fn templates() -> Server {
    server![deep, dots, rest, add]
}

/// What is so in one of a few rounds: another may fall to a machine that does something else.
fn once(read: &mut dyn FnMut(&str), is_so: impl Fn(f64) -> bool) -> Result<(), Vec<f64>> {
    let mut seen = Vec::new();
    for _ in 0..8 {
        let grown = growth(read);
        if is_so(grown) {
            return Ok(());
        }
        seen.push(grown);
    }
    Err(seen)
}

/// How much longer it takes to read URIs that are four times as long: in a linear reader four times, in a quadratic one 16.
fn growth(read: &mut dyn FnMut(&str)) -> f64 {
    let time = |read: &mut dyn FnMut(&str), length: usize| {
        let uris = [
            format!("deep://{}", "a/".repeat(length)),
            format!("deep://{}", "/".repeat(length)),
            format!("dots://{}", ".".repeat(length)),
            format!("dots://{}!", "a.".repeat(length)),
            format!("rest://{}", "/x/".repeat(length)),
            format!("rest://{}?{}", "/x".repeat(length), "q=&".repeat(length)),
            format!("rest://a/x/b?{}", "z=%".repeat(length)),
        ];
        // The shorter one of two: others compute here too.
        let times = (0..2).map(|_| {
            let start = Instant::now();
            for uri in &uris {
                read(uri);
            }
            start.elapsed()
        });
        times.min().unwrap_or_default()
    };
    let short = time(read, 32 * 1024).max(Duration::from_micros(100));
    time(read, 128 * 1024).as_secs_f64() / short.as_secs_f64()
}

#[test]
fn cve_2026_0621_quadratic_matching_of_uri_templates() {
    let read = |uri: &str| request(1, "resources/read", json!({ "uri": uri }));
    let check = |what: &str, ask: &mut dyn FnMut(Value) -> Value| {
        let mut ask = |uri: &str| {
            let answer = ask(read(uri));
            assert!(answer.get("error").is_some() || answer.get("result").is_some());
        };
        once(&mut ask, |grown| grown < 10.0).unwrap_or_else(|grown| panic!("{what}: {grown:?}"));
    };
    let mut raw = Raw::memory(templates());
    raw.ask(initialize("2025-11-25"));
    check("memory", &mut |message| raw.ask(message.to_string()));
    let site = Site::open(templates());
    let session = Session::open(&site, "2025-11-25");
    check("http", &mut |message| session.post(&message).json());
    raw.is_healthy().unwrap();
    // The control: one that looks for what follows a segment from many places on.
    let mut careless = |uri: &str| assert!((0..uri.len()).step_by(256).all(|start| !uri[start..].contains('#')));
    once(&mut careless, |grown| grown > 10.0).unwrap_or_else(|grown| panic!("{grown:?}"));
}

/// Tries a term with each branch of its type for as long as there are steps left.
fn naive(term: &Value, left: &mut usize) {
    for _ in 0..6 {
        if *left == 0 {
            return;
        }
        *left -= 1;
        if let Some(inner) = term.get("of") {
            naive(inner, left);
        }
    }
}

/// What takes exponential time where each branch of a type that is within itself is tried anew at every level.
#[test]
fn a_value_that_fits_no_branch_of_a_recursive_type_is_refused_in_time() {
    for mut raw in Raw::all(TYPED, typed::server) {
        let mut term = json!({ "op": "number", "value": "x" });
        for _ in 0..50 {
            term = json!({ "op": "negate", "of": term });
        }
        let wide = (0..9).fold(json!({ "op": "none" }), |term, _| json!({ "op": "add", "left": term, "right": term }));
        for term in [term, wide] {
            let start = Instant::now();
            let result = raw.call("recursive", json!({ "term": term }));
            assert_eq!(result["isError"], true, "{result}");
            assert!(result["content"][0]["text"].as_str().is_some_and(|text| text.contains("`term")), "{result}");
            // Far less, where nothing else runs; without an end it would be for ever.
            assert!(start.elapsed() < Duration::from_secs(20), "{}: {:?}", raw.name(), start.elapsed());
        }
        assert_eq!(raw.call("entered", json!({}))["content"][0]["text"], "0");
        let good = json!({ "op": "negate", "of": { "op": "number", "value": 1 } });
        assert_eq!(raw.call("recursive", json!({ "term": good }))["content"][0]["text"], "1 None");
    }
    // The control: every branch at every level needs more steps than any clock allows.
    let mut left = 10_000_000;
    naive(&(0..50).fold(json!({}), |term, _| json!({ "of": term })), &mut left);
    assert_eq!(left, 0);
}

/// First requests, each to a server of its own.
fn firsts() -> Vec<Vec<u8>> {
    let mut firsts: Vec<Vec<u8>> = [
        "{}",
        "[]",
        "7",
        "null",
        "\"\"",
        "{",
        "{\"jsonrpc\":\"2.0\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":1}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":7}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":[]}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":7}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"2025-06-18\",\"capabilities\":7,\"clientInfo\":null}}",
        "{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"tools/call\",\"params\":{}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":{}}}",
        "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"ping\"}",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into();
    firsts.push(b"\xff\xfe\x00".to_vec());
    firsts.push(b"GET / HTTP/1.1\r".to_vec());
    firsts.push([b"[".repeat(10_000), b"]".repeat(10_000)].concat());
    firsts
}

/// A server of its own, and what asks it.
type Started = Box<dyn FnMut(&[u8]) -> Option<Value>>;

/// What the server was no longer there after.
fn killed_by(start: &mut dyn FnMut() -> Started) -> Vec<String> {
    let mut killed_by = Vec::new();
    for first in firsts() {
        let mut ask = start();
        let refused = ask(&first).is_some_and(|answer| answer["error"]["code"].is_i64());
        let good = ask(call(1, "add", json!({ "a": 1, "b": 2 })).to_string().as_bytes());
        if !refused || good.is_none_or(|answer| answer["result"]["content"][0]["text"] != "3") {
            killed_by.push(String::from_utf8_lossy(&first[..first.len().min(100)]).into_owned());
        }
    }
    killed_by
}

#[test]
fn cve_2025_53366_malformed_first_request() {
    let transports: [fn() -> Raw; 3] =
        [|| Raw::memory(typed::server()), || Raw::stdio(TYPED), || Raw::http(typed::server())];
    for start in transports {
        let killed_by = killed_by(&mut || {
            let mut raw = start();
            Box::new(move |frame| Some(raw.ask(frame)))
        });
        assert_eq!(killed_by, Vec::<String>::new());
    }
    // The control: one that ends with the first message that it cannot read.
    let careless = killed_by(&mut || {
        let mut is_over = false;
        Box::new(move |frame| {
            let message = serde_json::from_slice::<Value>(frame).ok().filter(|message| message["method"].is_string());
            is_over |= message.is_none();
            message.filter(|_| !is_over).map(|message| careless::sum(&message))
        })
    });
    assert_eq!(careless.len(), firsts().len());
}

/// The pair of endpoints of 2024-11-05 opens a stream first, and what is posted beside it may be anything.
#[test]
fn cve_2025_53366_malformed_first_request_beside_a_stream() {
    let site = Site::open(site::server(&site::Log::default()).http(HttpOptions::default().http_sse(true)));
    for first in firsts() {
        let (_, mut wire) = site.begin(&Request::new("GET", "/sse").with("Accept", "text/event-stream"));
        let messages = wire.event().data[0].clone();
        let post = |body: &[u8]| {
            site.send(&Request::new("POST", &messages).with("Content-Type", "application/json").body(body)).status
        };
        post(&first);
        let initialize = initialize("2024-11-05");
        assert_eq!(post(initialize.as_bytes()), 202);
        let answer = std::iter::from_fn(|| wire.try_event()).map(|event| event.json());
        let mut answer = answer.skip_while(|answer| answer["id"] != "initialize");
        assert_eq!(answer.next().unwrap()["result"]["protocolVersion"], "2024-11-05");
    }
}
