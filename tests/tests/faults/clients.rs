//! Clients that are gone in the middle of a call: killed, cut off, vanished.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use mcp_tests::http::Request;
use mcp_tests::process::{PATIENCE, Process, call};
use rustix::net::sockopt::set_socket_linger;
use serde_json::json;

use super::machine::{FAULTY, Held, alone, assert_serves, beside, named, over_http, wait_for_all, warmed};

/// Every way not to answer.
const SILENT: [&str; 6] = ["wait", "hold", "spin", "deaf", "deadlock", "deadlock_later"];

#[test]
fn a_client_that_is_killed_takes_its_server_with_it_whatever_its_calls_do() {
    let _beside = beside();
    let mut slowest = Duration::ZERO;
    for tool in SILENT {
        let (mut process, output) = Process::start_unread(FAULTY, &[("FAULTY_GRACE", "300")]);
        process.begin(1, tool, named(tool, "it", 600_000));
        process.wait_for_error("it ");
        drop(output);
        process.close();
        let (status, took) = process.wait();
        assert_eq!(status.code(), Some(0), "{tool}: {}", process.errors());
        slowest = slowest.max(took);
        if tool == "wait" {
            process.wait_for_error("it given up");
        }
    }
    println!("a client killed in a call: the server ended after {slowest:?} at most, with a grace period of 0.3 s");
}

#[test]
fn a_client_that_is_killed_while_its_server_writes_to_it_takes_it_along_too() {
    let _beside = beside();
    let (mut process, output) = Process::start_unread(FAULTY, &[("FAULTY_GRACE", "300")]);
    for id in 0..10 {
        process.begin(id, "letters", json!({ "count": 1 << 20 }));
    }
    process.begin(10, "wait", json!({ "name": "it" }));
    // Nobody reads: the server is in the middle of an answer.
    std::thread::sleep(Duration::from_millis(300));
    drop(output);
    process.close();
    assert_eq!(process.wait().0.code(), Some(0), "{}", process.errors());
}

#[test]
fn a_server_whose_standard_error_is_gone_too_ends_in_order() {
    let _beside = beside();
    for tool in ["wait", "hold", "panics_later"] {
        let mut command = Command::new(FAULTY);
        command.env_remove("MCP_TRANSPORT").env("FAULTY_GRACE", "300");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let arguments = if tool == "panics_later" { json!({}) } else { named(tool, "it", 600_000) };
        let mut input = child.stdin.take().unwrap();
        writeln!(input, "{}", call(1, tool, arguments)).unwrap();
        let mut error = BufReader::new(child.stderr.take().unwrap());
        error.read_line(&mut String::new()).unwrap();
        drop((input, error, child.stdout.take()));
        let start = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            assert!(start.elapsed() < PATIENCE, "{tool} keeps the process");
            std::thread::sleep(Duration::from_millis(5));
        };
        assert_eq!(status.code(), Some(0), "{tool}");
    }
}

#[test]
fn clients_over_http_that_are_cut_off_leave_nothing_behind() {
    const CLIENTS: usize = 100;
    let _alone = alone();
    let (process, site) = over_http(&[]);
    let before = warmed(&process, &site);
    for round in 0..5 {
        let name = |client: usize| format!("client {round}-{client}");
        let connections: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let mut stream = TcpStream::connect(site.address()).unwrap();
                let call = call(client, "wait", json!({ "name": name(client) }));
                stream.write_all(&Request::modern(&call).bytes()).unwrap();
                stream
            })
            .collect();
        wait_for_all(&process, " waits\n", CLIENTS * (round + 1));
        // The control: the measure sees them while they are there.
        assert!(Held::by(&process).files > before.files + CLIENTS / 2);
        for (client, stream) in connections.into_iter().enumerate() {
            // Every other one as a process is cut off whose socket had something unread: without a last word.
            if client % 2 == 0 {
                set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
            }
        }
        wait_for_all(&process, " given up\n", CLIENTS * (round + 1));
        assert_serves(&site);
    }
    let after = Held::until(&process, PATIENCE, |held| held.files <= before.files && held.threads <= before.threads);
    println!("500 clients cut off: before {before:?}, after {after:?}");
    assert!(after.memory < before.memory + 8 * 1024, "before {before:?}, after {after:?}");
}

/// A server and its client on a network of their own, which is taken down in the middle of a stream: the client says nothing
/// and acknowledges nothing any more, and neither end is told.
const VANISHING: &str = r#"
ip link set lo up || exit 99
"$FAULTY" --http 127.0.0.1:7000 &
server=$!
until exec 3<>/dev/tcp/127.0.0.1/7000; do sleep 0.05; done 2>/dev/null
printf '%s' "$REQUEST" >&3
head -c 300000 <&3 >/dev/null
echo vanishing >&2
ip link set lo down
echo vanished >&2
wait $server
"#;

#[test]
fn a_client_that_vanishes_without_a_word_is_given_up() {
    let _beside = beside();
    if !Command::new("unshare")
        .args(["-rnpf", "ip", "link", "set", "lo", "up"])
        .status()
        .is_ok_and(|done| done.success())
    {
        println!("left out: this machine gives no network of its own (`unshare -rnpf ip link set lo up`)");
        let may_not = std::env::var_os("MCP_TESTS_NOTHING_LEFT_OUT");
        assert!(may_not.is_none(), "a client that vanishes was left out, and nothing may be");
        return;
    }
    let mut chatter = call(1, "chatter", json!({ "name": "it" }));
    chatter["params"]["_meta"]["progressToken"] = 1.into();
    let request = String::from_utf8(Request::modern(&chatter).bytes()).unwrap();
    let environment = [("FAULTY", FAULTY), ("REQUEST", &request), ("FAULTY_WRITE_TIME", "1000")];
    let process = Process::start_with("unshare", &["-rnpf", "--kill-child", "bash", "-c", VANISHING], &environment);
    process.wait_for_error("vanished");
    let start = Instant::now();
    process.wait_for_error("it given up");
    // The control: it was there until then. In the order in which it was written: when it is read here is another matter.
    let said = process.errors();
    assert!(said.find("vanishing") < said.find("given up"), "{said}");
    println!("given up {:?} after the client vanished, with a bound of 1 s", start.elapsed());
}
