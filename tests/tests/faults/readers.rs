//! Clients that do not read, or hardly: a server keeps little for them, waits for them without working, serves others
//! meanwhile, and over HTTP lets them go at last.

use std::io::{Cursor, Read, Write};
use std::net::TcpStream;
use std::process::ChildStdout;
use std::thread;
use std::time::{Duration, Instant};

use mcp_tests::connection::request;
use mcp_tests::http::{Request, Session};
use mcp_tests::process::{PATIENCE, Process, call};
use serde_json::json;

use super::machine::{FAULTY, Held, MIB, alone, assert_serves, beside, named, over_http, span, warmed, worked};

const MINUTE: Duration = Duration::from_mins(1);

/// A client that sends all the time, and reads so many bytes a second, for a while; then it reads everything.
fn neglect(rate: usize, time: Duration) {
    const CALLS: usize = 2000;
    let (mut process, mut output) = Process::start_unread(FAULTY, &[("FAULTY_OUTGOING", "65536")]);
    let before = process.measured("status", "VmRSS");
    let mut input = process.take_input();
    let writing = thread::spawn(move || {
        for id in 0..CALLS {
            let (tool, arguments) = if id % 2 == 0 {
                ("letters", json!({ "count": 32 * 1024 }))
            } else {
                ("nap", named("nap", &"x".repeat(16 * 1024), 1))
            };
            writeln!(input, "{}", call(id, tool, arguments)).unwrap();
        }
        input
    });
    // Once all that can be taken in is, a second passes with hardly any work.
    let (mut early, began) = (Vec::new(), Instant::now());
    loop {
        let before = worked(&process);
        early.extend(trickle(&mut output, rate, Duration::from_secs(1)));
        if worked(&process) - before < 10 {
            break;
        }
        assert!(began.elapsed() < 2 * PATIENCE, "the server never comes to rest");
    }
    let (start, settled) = (Instant::now(), worked(&process));
    early.extend(trickle(&mut output, rate, time));
    let spent = worked(&process) - settled;
    let (took, grown) = (start.elapsed(), process.measured("status", "VmHWM").saturating_sub(before));
    println!(
        "{rate} bytes a second for {took:?}: {grown} KiB more memory, {spent}0 ms of work, {} bytes read",
        early.len()
    );
    // 48 MiB of answers are on their way.
    assert!(grown < 24 * MIB, "memory grew by {} MiB", grown / MIB);
    assert!(u128::from(spent) * 10 < took.as_millis() / 10, "the server works while it waits: {spent}0 ms");
    assert!(!writing.is_finished(), "a client that does not read is not read from either");
    let mut process = process.reading(Cursor::new(early).chain(output));
    let mut answered = vec![false; CALLS];
    for _ in 0..CALLS {
        let answer = process.receive();
        let id = usize::try_from(answer["id"].as_u64().unwrap()).unwrap();
        let length = if id % 2 == 0 { 32 * 1024 } else { 16 * 1024 };
        assert_eq!(answer["result"]["content"][0]["text"].as_str().map(str::len), Some(length), "{id}");
        assert!(!std::mem::replace(&mut answered[id], true), "{id} was answered twice");
    }
    drop(writing.join().unwrap());
    assert_eq!(process.wait().0.code(), Some(0));
}

/// Reads so many bytes a second.
fn trickle(output: &mut ChildStdout, rate: usize, time: Duration) -> Vec<u8> {
    let (mut read, start) = (Vec::new(), Instant::now());
    while start.elapsed() < time {
        thread::sleep(time.min(Duration::from_secs(1)));
        let mut piece = vec![0; rate];
        output.read_exact(&mut piece).unwrap();
        read.extend(piece);
    }
    read
}

#[test]
fn an_output_that_is_blocked_costs_little_and_loses_nothing() {
    let _beside = beside();
    neglect(0, span(Duration::from_secs(4), MINUTE));
}

#[test]
fn a_reader_of_a_byte_a_second_costs_little_and_loses_nothing() {
    let _beside = beside();
    neglect(1, span(Duration::from_secs(4), MINUTE));
}

/// How long a client may take nothing.
fn write_time() -> Duration {
    span(Duration::from_secs(2), Duration::from_secs(30))
}

fn impatient() -> (Process, mcp_tests::http::Site) {
    impatient_after(write_time())
}

fn impatient_after(time: Duration) -> (Process, mcp_tests::http::Site) {
    // Long answers take the debug build seconds to make: more threads than there are of them.
    over_http(&[("FAULTY_WRITE_TIME", &time.as_millis().to_string()), ("TOKIO_WORKER_THREADS", "8")])
}

#[test]
fn clients_over_http_that_never_read_their_answers_hold_up_nobody_and_are_let_go() {
    const CLIENTS: usize = 4;
    let _alone = alone();
    let (process, site) = impatient();
    let before = warmed(&process, &site);
    // More than the buffers of a socket hold.
    let long = Request::modern(&call(1, "letters", json!({ "count": 8 << 20 }))).bytes();
    let start = Instant::now();
    let silent: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let mut stream = TcpStream::connect(site.address()).unwrap();
            stream.write_all(&long).unwrap();
            stream
        })
        .collect();
    // The control: the measure sees them while they are there.
    Held::until(&process, PATIENCE, |held| held.files >= before.files + CLIENTS);
    let slowest = (0..10).map(|_| assert_serves(&site)).max().unwrap();
    let after = Held::until(&process, write_time() + 2 * PATIENCE, |held| held.files <= before.files);
    println!(
        "{CLIENTS} clients that read nothing of 8 MiB: gone after {:?}, others waited {slowest:?}",
        start.elapsed()
    );
    assert!(start.elapsed() > write_time());
    assert!(after.memory < before.memory + 48 * MIB, "before {before:?}, after {after:?}");
    drop(silent);
    assert_serves(&site);
}

#[test]
fn a_client_over_http_that_reads_slowly_gets_all_of_its_answer() {
    let _beside = beside();
    // Long enough for a busy machine to read in time what it means to.
    let bound = write_time() * 3;
    let (_process, site) = impatient_after(bound);
    let count = 16 << 20;
    let mut stream = TcpStream::connect(site.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let call = Request::modern(&call(1, "letters", json!({ "count": count }))).with("Connection", "close");
    stream.write_all(&call.bytes()).unwrap();
    let (start, mut read, mut piece) = (Instant::now(), 0, vec![0; 512 * 1024]);
    loop {
        // 16 pauses, each well below the bound, and in all well above.
        thread::sleep(bound / 12);
        let mut filled = 0;
        while filled < piece.len() * 2 {
            match stream.read(&mut piece).unwrap() {
                0 => break,
                more => filled += more,
            }
        }
        read += filled;
        if filled < piece.len() * 2 {
            break;
        }
    }
    assert!(read > count, "{read} bytes of {count}");
    assert!(start.elapsed() > bound, "{:?}", start.elapsed());
}

#[test]
fn a_stream_that_nobody_reads_ends_and_its_call_with_it() {
    let _beside = beside();
    let (process, site) = impatient();
    let chatter = |name: &str| {
        let arguments = json!({ "name": name });
        json!({ "name": "chatter", "arguments": arguments, "_meta": { "progressToken": name } })
    };
    let modern = |name| Request::modern(&mcp_tests::connection::modern(1, "tools/call", chatter(name)));
    let (_, mut read) = site.begin(&modern("read"));
    let reading = thread::spawn(move || {
        let (start, mut events) = (Instant::now(), 0);
        while start.elapsed() < write_time() * 2 {
            read.event();
            events += 1;
        }
        events
    });
    let start = Instant::now();
    let (_, _unread) = site.begin(&modern("unread"));
    process.wait_for_error("unread chatters");
    let waiting = write_time() + PATIENCE;
    while !process.errors().contains("unread given up") {
        assert!(start.elapsed() < waiting, "it is not given up");
        thread::sleep(Duration::from_millis(20));
    }
    println!("a stream that nobody reads: given up after {:?}", start.elapsed());
    assert!(start.elapsed() > write_time());
    // The control: the same stream to somebody who reads it.
    assert!(reading.join().unwrap() > 10);
    process.wait_for_error("\nread given up");
    // In a session the connection is let go, and the call goes on: its client may come back for the rest.
    let session = Session::open(&site, "2025-11-25");
    let before = Held::at_rest(&process);
    let message = request("call", "tools/call", chatter("older")).to_string();
    let (_, unread) = site.begin(&session.request(message));
    assert!(Held::by(&process).files > before.files);
    Held::until(&process, waiting, |held| held.files <= before.files);
    assert!(!process.errors().contains("older given up"));
    assert_eq!(session.delete().status, 204);
    process.wait_for_error("older given up");
    drop(unread);
}
