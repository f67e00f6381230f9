//! A server as a real process: where it says that it listens, how it ends when it is told to, and how soon it answers.

use std::time::{Duration, Instant};

use mcp_tests::connection::modern;
use mcp_tests::http::{Request, Session, Site, call, said};
use mcp_tests::process::{PATIENCE, Process};
use rustix::process::Signal;
use serde_json::json;

const SITE: &str = env!("CARGO_BIN_EXE_site");

fn listening(arguments: &[&str], environment: &[(&str, &str)]) -> (Process, Site) {
    let process = Process::start_with(SITE, arguments, environment);
    process.wait_for_error("listening at http://");
    let errors = process.errors();
    let rest = errors.split_once("listening at http://").unwrap().1;
    let address = rest.lines().next().unwrap().strip_suffix("/mcp").expect("it says where the endpoint is");
    let site = Site::at(address.parse().unwrap());
    (process, site)
}

/// A grace period that nobody here waits for the end of: what ends sooner did not wait it out, on however busy a machine.
const LONG: &str = "600000";

fn serving(grace: &str) -> (Process, Site) {
    listening(&["--http", "127.0.0.1:0"], &[("SITE_GRACE", grace)])
}

#[test]
fn it_says_where_it_listens() {
    for (arguments, environment) in [
        (&["--http", "127.0.0.1:0"][..], &[][..]),
        (&["--http=localhost:0"], &[("MCP_TRANSPORT", "stdio")]),
        (&["--http", "[::1]:0"], &[]),
    ] {
        let (_process, site) = listening(arguments, environment);
        assert_ne!(site.address().port(), 0);
        assert_eq!(site.call("add", json!({ "a": 1, "b": 2 })).said(), "3");
    }
    let (_process, site) = listening(&["--http", "127.0.0.1:0", "--allow-host", "mcp.example"], &[]);
    let add = call("add", json!({ "a": 1, "b": 2 }));
    assert_eq!(site.send(&add.clone().set("Host", "mcp.example")).said(), "3");
    site.send(&add.set("Host", "other.example")).refused(403, -32600);
}

#[test]
fn an_address_that_is_taken_is_an_error_that_names_it() {
    let (_process, site) = serving("5000");
    let address = site.address().to_string();
    for wrong in [address.as_str(), "nowhere", "127.0.0.1:99999"] {
        let mut second = Process::start_with(SITE, &["--http", wrong], &[]);
        let (status, _) = second.wait();
        assert_eq!(status.code(), Some(1));
        second.wait_for_error(&format!("cannot listen at {wrong}"));
    }
    assert_eq!(site.call("add", json!({ "a": 1, "b": 2 })).said(), "3");
}

#[test]
fn calls_in_flight_are_answered_before_the_end() {
    for signal in [Signal::TERM, Signal::INT] {
        let (mut process, site) = serving(LONG);
        let session = Session::open(&site, "2025-11-25");
        let (mut modern, mut idle) = (site.connect(), site.connect());
        assert_eq!(idle.send(&call("add", json!({ "a": 1, "b": 2 }))).said(), "3");
        modern.write(call("nap", json!({ "name": "modern", "millis": 400 })).bytes());
        let mut older = session.begin("nap", json!({ "name": "older", "millis": 400 }));
        let mut own = session.listen(None);
        process.wait_for_error("modern naps");
        process.wait_for_error("older naps");
        process.signal(signal);
        idle.closed();
        assert_eq!(modern.answer().said(), "modern slept");
        modern.closed();
        assert_eq!(said(&older.rest().last().unwrap().json()), "older slept");
        assert!(own.rest().is_empty());
        assert_eq!(process.wait().0.code(), Some(0), "{}", process.errors());
    }
}

#[test]
fn nobody_is_let_in_any_more() {
    let (mut process, site) = serving("5000");
    let mut wire = site.connect();
    wire.write(call("nap", json!({ "name": "last", "millis": 500 })).bytes());
    process.wait_for_error("last naps");
    process.signal(Signal::TERM);
    let start = Instant::now();
    while std::net::TcpStream::connect(site.address()).is_ok() {
        assert!(start.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(wire.answer().said(), "last slept");
    assert_eq!(process.wait().0.code(), Some(0));
}

#[test]
fn a_call_that_takes_longer_than_the_grace_is_given_up() {
    let (mut process, site) = serving("300");
    let session = Session::open(&site, "2025-11-25");
    let mut modern = site.connect();
    modern.write(call("wait", json!({ "name": "modern" })).bytes());
    let mut older = session.begin("wait", json!({ "name": "older" }));
    process.wait_for_error("modern waits");
    process.wait_for_error("older waits");
    let start = Instant::now();
    process.signal(Signal::TERM);
    assert_eq!(process.wait().0.code(), Some(0), "{}", process.errors());
    assert!(start.elapsed() > Duration::from_millis(250), "{:?}", start.elapsed());
    process.wait_for_error("modern given up");
    process.wait_for_error("older given up");
    modern.closed();
    assert_eq!(older.event().data, [""]);
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let (mut process, site) = serving(LONG);
    let mut wire = site.connect();
    wire.write(call("wait", json!({ "name": "stubborn" })).bytes());
    process.wait_for_error("stubborn waits");
    process.signal(Signal::TERM);
    // The control: one signal alone waits for the call.
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(process.ended(), None);
    let status = process.signal_until_it_ends(Signal::TERM);
    assert_eq!(status.code(), Some(0), "{}", process.errors());
}

#[test]
fn streams_end_in_order() {
    let (mut process, site) = serving(LONG);
    let listen = modern("stream", "subscriptions/listen", json!({ "notifications": { "toolsListChanged": true } }));
    let (_, mut listening) = site.begin(&Request::modern(&listen));
    assert_eq!(listening.event().method(), "notifications/subscriptions/acknowledged");
    let (_, mut pair) = site.begin(&Request::new("GET", "/sse"));
    assert_eq!(pair.event().name.as_deref(), Some("endpoint"));
    process.signal(Signal::TERM);
    let rest = listening.rest();
    assert_eq!(rest.len(), 1, "{rest:?}");
    let answer = rest[0].json();
    assert_eq!((&answer["id"], answer["result"].is_object()), (&json!("stream"), true), "{answer}");
    assert!(pair.rest().is_empty());
    // A stream that is open holds up nothing.
    assert_eq!(process.wait().0.code(), Some(0));
}

#[test]
fn small_answers_come_at_once() {
    let (_process, site) = serving("5000");
    let mut wire = site.connect();
    let report = json!({ "name": "report", "arguments": { "steps": 1, "text": "x" }, "_meta": { "progressToken": 1 } });
    let requests = [call("add", json!({ "a": 1, "b": 2 })), Request::modern(&modern("call", "tools/call", report))];
    for request in requests {
        assert_eq!(wire.send(&request).status, 200);
        let mut median = || {
            let mut times: Vec<Duration> = (0..20)
                .map(|_| {
                    let start = Instant::now();
                    assert_eq!(wire.send(&request).status, 200);
                    start.elapsed()
                })
                .collect();
            times.sort();
            times[10]
        };
        // Without TCP_NODELAY nearly all would take 40 ms, in every round. Some rounds may fall to a machine that does
        // something else.
        let soon = (0..50).map(|_| median()).find(|time| *time < Duration::from_millis(30));
        assert!(soon.is_some(), "every round takes 30 ms and more a call");
    }
}
