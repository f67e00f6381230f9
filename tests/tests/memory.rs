//! A thousand clients that each send 4 MiB of what takes the most memory, to a server that may have 512 MiB: they are refused,
//! and the server lives. One test after the other, because each measures a process.

#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mcp_tests::process::{PATIENCE, Process};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// What the server may have.
const LIMIT: usize = 512 << 20;
/// How long each body is.
const LENGTH: usize = 4 << 20;
/// How long a client waits for its answer.
const HANG: Duration = Duration::from_mins(2);

/// A server that the system lets have no more than the limit.
struct Confined {
    child: Child,
    address: SocketAddr,
    group: Option<std::path::PathBuf>,
}

impl Confined {
    fn start() -> Self {
        let group = group();
        let confine = match &group {
            Some(group) => format!("echo $$ > {}/cgroup.procs", group.display()),
            // An arena for each thread would take address space that nobody uses.
            None => format!("export MALLOC_ARENA_MAX=1; ulimit -v {}", LIMIT >> 10),
        };
        println!("confined by {}", if group.is_some() { "a control group" } else { "`ulimit -v`" });
        let mut child = Command::new("sh")
            .args(["-c", &format!("{confine}; exec \"$0\" --http 127.0.0.1:0"), env!("CARGO_BIN_EXE_hoard")])
            .env("RUST_BACKTRACE", "0")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = std::io::BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        std::io::BufRead::read_line(&mut said, &mut line).unwrap();
        let address = line.trim().strip_prefix("listening at http://").and_then(|rest| rest.strip_suffix("/mcp"));
        let address = address.unwrap_or_else(|| panic!("it does not listen: {line}")).parse().unwrap();
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::stderr()));
        Self { child, address, group }
    }

    /// The most memory that it has had, in bytes.
    fn peak(&self) -> usize {
        peak(self.child.id())
    }
}

fn peak(process: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("it was killed");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("it was killed");
    line.split_whitespace().next().unwrap().parse::<usize>().unwrap() << 10
}

impl Drop for Confined {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(group) = &self.group {
            let _ = std::fs::remove_dir(group);
        }
    }
}

/// A control group with the limit, where this user may make one and `MCP_TESTS_CONFINED_BY=ulimit` does not say otherwise.
fn group() -> Option<std::path::PathBuf> {
    if std::env::var("MCP_TESTS_CONFINED_BY").is_ok_and(|by| by == "ulimit") {
        return None;
    }
    let name = format!("mcp-tests-{}", std::process::id());
    [("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")].into_iter().find_map(
        |(root, limit)| {
            let group = std::path::Path::new(root).join(&name);
            std::fs::create_dir(&group).ok()?;
            let is_limited = std::fs::write(group.join(limit), LIMIT.to_string()).is_ok();
            if !is_limited {
                let _ = std::fs::remove_dir(&group);
            }
            is_limited.then_some(group)
        },
    )
}

/// A request of 2026-07-28 that calls a tool.
fn request(tool: &str, arguments: &str) -> Vec<u8> {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { "name": "t", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let body = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"_meta":{meta},"name":"{tool}","arguments":{arguments}}}}}"#
    );
    let head = format!(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nAccept: application/json, \
         text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: {tool}\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.into_bytes(), body.into_bytes()].concat()
}

/// As much of `unit` as fits, in brackets.
fn filled(unit: &str) -> String {
    let count = (LENGTH - 2048) / (unit.len() + 1);
    let mut text = String::with_capacity(LENGTH);
    text.push('[');
    for index in 0..count {
        text.push_str(if index == 0 { "" } else { "," });
        text.push_str(unit);
    }
    text.push(']');
    text
}

/// What takes the most memory for its length, each in its own way.
fn worst() -> Vec<(&'static str, Vec<u8>)> {
    let deep = |open: &str, close: &str, inner: &str, times| {
        [open.repeat(times), inner.to_owned(), close.repeat(times)].concat()
    };
    let kept = |value: String| request("keep", &format!(r#"{{"ms":500,"value":{value}}}"#));
    vec![
        ("numbers", kept(filled("0"))),
        ("lists", kept(filled("[0]"))),
        ("deep lists", kept(filled(&deep("[", "]", "", 100)))),
        ("objects", kept(filled(r#"{"":0}"#))),
        ("deep objects", kept(filled(&deep(r#"{"":"#, "}", "0", 100)))),
        ("texts", kept(filled(r#""a""#))),
        ("points", request("draw", &format!(r#"{{"ms":500,"points":{}}}"#, filled(r#"{"x":0,"y":1}"#)))),
        ("one text", request("echo", &format!(r#"{{"ms":500,"text":"{}"}}"#, "x".repeat(LENGTH - 2048)))),
    ]
}

/// Sends a request and says how it was answered.
async fn ask(address: SocketAddr, request: &[u8]) -> String {
    let asking = async {
        let mut stream = TcpStream::connect(address).await?;
        let (mut reader, mut writer) = stream.split();
        let mut answer = String::new();
        // A server that refuses does not read on: what it says is read meanwhile.
        let (_, read) = tokio::join!(writer.write_all(request), reader.read_to_string(&mut answer));
        let status = answer.split(' ').nth(1).unwrap_or("nothing").to_owned();
        Ok::<_, std::io::Error>(match read {
            _ if answer.contains("send less at a time") => format!("{status}, too much for good"),
            _ if answer.contains("send this one again later") => format!("{status}, later"),
            Ok(_) => status,
            // What was said is lost when it crosses what is still being sent.
            Err(_) => "cut off".to_owned(),
        })
    };
    match timeout(HANG, asking).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(error)) => error.to_string(),
        Err(_) => "hangs".to_owned(),
    }
}

/// The result of a small call, which is answered whatever the others do.
async fn small(address: SocketAddr, tool: &str, arguments: &str) -> Value {
    let asking = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(&request(tool, arguments)).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer}"));
        serde_json::from_str::<Value>(body).unwrap_or_else(|error| panic!("{error}: {answer}"))
    };
    timeout(HANG, asking).await.expect("a small call is answered")
}

/// Waits until nothing is held but by whoever asks.
async fn empty(address: SocketAddr) {
    until(address, |held| held["bytes"] == 0 && held["calls"] == 0 && held["connections"] == 1).await;
}

/// Waits until as much is held as there should be.
async fn until(address: SocketAddr, is_so: impl Fn(&Value) -> bool) {
    let began = Instant::now();
    loop {
        let held = small(address, "held", "{}").await["result"]["structuredContent"].clone();
        if is_so(&held) {
            return;
        }
        assert!(began.elapsed() < 4 * PATIENCE, "something else should be held: {held}");
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_clients_that_send_the_worst_are_refused_and_nobody_is_killed() {
    let server = Confined::start();
    let address = server.address;
    let began = Instant::now();
    let requests: Arc<[(&str, Vec<u8>)]> = worst().into();
    let mut clients = JoinSet::new();
    for number in 0..1000 {
        let requests = Arc::clone(&requests);
        clients.spawn(async move {
            let (_, request) = &requests[number % requests.len()];
            match number % 10 {
                // Sends all but the end, and waits.
                8 => {
                    let Ok(mut stream) = TcpStream::connect(address).await else { return "unreached".to_owned() };
                    let _ = timeout(PATIENCE, stream.write_all(&request[..request.len() - 1])).await;
                    sleep(Duration::from_secs(2)).await;
                    "given up".to_owned()
                }
                // Asks for a long answer, and never reads it.
                9 => {
                    let Ok(mut stream) = TcpStream::connect(address).await else { return "unreached".to_owned() };
                    let (_, echo) = &requests[requests.len() - 1];
                    let _ = timeout(PATIENCE, stream.write_all(echo)).await;
                    sleep(Duration::from_secs(5)).await;
                    "not read".to_owned()
                }
                _ => ask(address, request).await,
            }
        });
    }
    let mut healthy = 0;
    let mut slowest = Duration::ZERO;
    let mut outcomes = BTreeMap::<String, usize>::new();
    while !clients.is_empty() {
        let asked = Instant::now();
        assert_eq!(small(address, "add", r#"{"a":1,"b":2}"#).await["result"]["content"][0]["text"], "3");
        slowest = slowest.max(asked.elapsed());
        healthy += 1;
        while let Some(outcome) = clients.try_join_next() {
            *outcomes.entry(outcome.unwrap()).or_default() += 1;
        }
        sleep(Duration::from_millis(20)).await;
    }
    let peak = server.peak();
    println!(
        "{outcomes:?} in {:?}; peak {} MiB; {healthy} small calls meanwhile, the slowest in {slowest:?}",
        began.elapsed(),
        peak >> 20
    );
    assert!(!outcomes.contains_key("hangs") && !outcomes.contains_key("unreached"), "{outcomes:?}");
    assert!(outcomes.contains_key("503, later"), "nobody was refused: {outcomes:?}");
    assert!(peak < LIMIT, "{} MiB", peak >> 20);
    empty(address).await;
    // Each of them by itself is taken, or told that it never will be.
    for (what, request) in requests.iter() {
        let status = ask(address, request).await;
        println!("{what}: {status}");
        assert!(matches!(&*status, "200" | "200, too much for good"), "{what}: {status}");
        assert!(*what != "points" || status == "200", "types that say what they are made of are not too much");
    }
    empty(address).await;
    assert!(server.peak() < LIMIT, "{} MiB", server.peak() >> 20);
}

#[tokio::test]
async fn a_body_counts_as_long_as_it_says_once_half_of_it_is_there() {
    let server = Confined::start();
    let request = request("echo", &format!(r#"{{"ms":0,"text":"{}"}}"#, "x".repeat(LENGTH / 2)));
    let head = request.windows(4).position(|end| end == b"\r\n\r\n").unwrap() + 4;
    let length = request.len() - head;
    let address = server.address;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let (but_one, rest) = request.split_at(head + length.div_ceil(2) - 1);
    stream.write_all(but_one).await.unwrap();
    until(address, |held| held["bytes"] == but_one.len() - head).await;
    stream.write_all(&rest[..1]).await.unwrap();
    until(address, |held| held["bytes"] == length).await;
    stream.write_all(&rest[1..rest.len() - 1]).await.unwrap();
    sleep(Duration::from_millis(200)).await;
    until(address, |held| held["bytes"] == length).await;
    drop(stream);
    empty(address).await;
}

#[test]
fn a_client_that_pipelines_long_calls_is_refused_too() {
    let mut server = Process::start(env!("CARGO_BIN_EXE_hoard"), &[]);
    let process = server.id();
    let value = filled("0");
    let mut input = server.take_input();
    let count = 20;
    let sending = std::thread::spawn(move || {
        for id in 0..count {
            let meta = r#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}"#;
            let line = format!(
                "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"tools/call\",\"params\":{{\"_meta\":{meta},\"name\":\"keep\",\
                 \"arguments\":{{\"ms\":20000,\"value\":{value}}}}}}}\n"
            );
            std::io::Write::write_all(&mut input, line.as_bytes()).expect("the server reads");
        }
        input
    });
    let (mut kept, mut refused) = (0, 0);
    for _ in 0..count {
        let answer = server.next_within(HANG).unwrap_or_else(|| panic!("no answer: {}", server.errors()));
        match answer["error"]["message"].as_str() {
            None => kept += 1,
            Some(message) => {
                assert!(message.contains("send this one again later"), "{message}");
                refused += 1;
            }
        }
    }
    let input = sending.join().unwrap();
    let peak = peak(process);
    println!("{kept} kept, {refused} refused; peak {} MiB", peak >> 20);
    assert!(kept > 0 && refused > 0, "{kept} kept, {refused} refused");
    assert!(peak < LIMIT, "{} MiB", peak >> 20);
    drop(input);
}
