//! The end of the input and signals, with many calls in flight: all are answered within the grace period, and then the process
//! ends.

use std::collections::BTreeSet;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use mcp_tests::gate::Gate;
use mcp_tests::http::{Request, Session, Wire};
use mcp_tests::process::{PATIENCE, Process, call};
use rustix::process::Signal;

use super::machine::{FAULTY, alone, beside, named, over_http, wait_for_all};

const CALLS: usize = 1000;
/// Calls that hold a thread.
const HOLDING: usize = 16;
/// Longer than anything here takes: calls end when they are let go, and not because of the time.
const LONG: u64 = 600_000;
const GRACE: (&str, &str) = ("FAULTY_GRACE", "600000");

/// Calls in flight, and then the end: how long it takes until all are answered and the process has ended.
fn ended(end: impl FnOnce(&mut Process)) -> Duration {
    let gate = Gate::closed();
    let mut process = Process::start(FAULTY, &[gate.variable(), GRACE]);
    process.assert_healthy();
    for id in 0..CALLS {
        process.begin(id, "nap", named("nap", &id.to_string(), LONG));
    }
    for id in CALLS..CALLS + HOLDING {
        process.begin(id, "hold", named("hold", &id.to_string(), LONG));
    }
    wait_for_all(&process, " naps\n", CALLS);
    wait_for_all(&process, " holds\n", HOLDING);
    // The control: so far nothing was answered, so that all are in flight.
    assert_eq!(process.next_within(Duration::from_millis(1)), None);
    let start = Instant::now();
    end(&mut process);
    // It is taken note of while they are all in flight.
    assert_eq!(process.next_within(Duration::from_millis(300)), None);
    gate.open();
    let mut left: BTreeSet<_> = (0..CALLS + HOLDING).collect();
    while !left.is_empty() {
        let answer = process.receive();
        let id = usize::try_from(answer["id"].as_u64().unwrap()).unwrap();
        assert_eq!(answer["result"]["content"][0]["text"], id.to_string(), "{answer}");
        assert!(left.remove(&id), "{id} was answered twice");
    }
    let (status, _) = process.wait();
    assert_eq!(status.code(), Some(0), "{}", process.errors());
    assert_eq!(process.next_within(PATIENCE), None);
    start.elapsed()
}

#[test]
fn a_thousand_calls_in_flight_at_the_end_of_the_input_are_answered() {
    let _alone = alone();
    let took = ended(Process::close);
    println!("{} calls in flight at the end of the input: answered and ended in {took:?}", CALLS + HOLDING);
}

#[test]
fn a_thousand_calls_in_flight_at_a_signal_are_answered() {
    let _alone = alone();
    let took = ended(|process| process.signal(Signal::TERM));
    println!("{} calls in flight at SIGTERM: answered and ended in {took:?}", CALLS + HOLDING);
}

#[test]
fn calls_of_many_connections_in_flight_at_a_signal_are_answered() {
    const CONNECTIONS: usize = 200;
    let _alone = alone();
    let gate = Gate::closed();
    let (mut process, site) = over_http(&[gate.variable(), GRACE]);
    let session = Session::open(&site, "2025-11-25");
    let mut wires: Vec<Wire> = (0..CONNECTIONS).map(|_| site.connect()).collect();
    for (id, wire) in wires.iter_mut().enumerate() {
        let message = call(id, "nap", named("nap", &id.to_string(), LONG));
        // Half of them in a session, each on a connection of its own too.
        let request = if id % 2 == 0 { Request::modern(&message) } else { session.request(older(&message)) };
        wire.write(request.bytes());
    }
    wait_for_all(&process, " naps\n", CONNECTIONS);
    process.signal(Signal::TERM);
    let start = Instant::now();
    // Nobody listens any more, while all are in flight.
    while TcpStream::connect(site.address()).is_ok() {
        assert!(start.elapsed() < PATIENCE, "it goes on to listen");
        std::thread::sleep(Duration::from_millis(5));
    }
    gate.open();
    for (id, wire) in wires.iter_mut().enumerate() {
        assert_eq!(wire.answer().said(), id.to_string());
    }
    let (status, _) = process.wait();
    let took = start.elapsed();
    println!("{CONNECTIONS} calls in flight over HTTP at SIGTERM: answered and ended in {took:?}");
    assert_eq!(status.code(), Some(0), "{}", process.errors());
}

#[test]
fn functions_that_never_end_do_not_keep_a_server_over_http_after_a_signal() {
    let _beside = beside();
    let mut slowest = Duration::ZERO;
    for tool in ["hold", "spin", "deaf", "deadlock", "deadlock_later", "wait"] {
        let (mut process, site) = over_http(&[("FAULTY_GRACE", "300"), ("TOKIO_WORKER_THREADS", "4")]);
        let session = Session::open(&site, "2025-11-25");
        let mut wires = [site.connect(), site.connect()];
        let message = call(1, tool, named(tool, "modern", LONG));
        wires[0].write(Request::modern(&message).bytes());
        let message = call(1, tool, named(tool, "older", LONG));
        wires[1].write(session.request(older(&message)).bytes());
        process.wait_for_error("modern ");
        process.wait_for_error("older ");
        process.signal(Signal::TERM);
        let (status, took) = process.wait();
        assert_eq!(status.code(), Some(0), "{tool}: {}", process.errors());
        slowest = slowest.max(took);
    }
    println!("SIGTERM in calls that never end: ended after {slowest:?} at most, with a grace period of 0.3 s");
}

/// The same call as a session has it.
fn older(message: &serde_json::Value) -> String {
    let mut message = message.clone();
    message["params"].as_object_mut().unwrap().remove("_meta");
    message.to_string()
}
