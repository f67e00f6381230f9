//! Many at once: thousands of calls over a thousand connections, and thousands of clients that send next to nothing.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mcp_tests::http::Request;
use mcp_tests::process::call;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::machine::{Held, alone, assert_serves, files, named, over_http, span, warmed};

/// How many connections are made at once.
static DOOR: Semaphore = Semaphore::const_new(200);

async fn connect(address: SocketAddr) -> TcpStream {
    let _door = DOOR.acquire().await.unwrap();
    TcpStream::connect(address).await.unwrap()
}

/// The next answer: its status and its body. `None` if the connection ends before.
async fn answer(stream: &mut BufReader<TcpStream>) -> Option<(u16, Value)> {
    let (mut line, mut status, mut length) = (String::new(), 0, 0);
    while stream.read_line(&mut line).await.ok()? > 2 {
        if let Some(rest) = line.strip_prefix("HTTP/1.1 ") {
            status = rest[..3].parse().unwrap();
        } else if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        line.clear();
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    (status > 0).then(|| (status, serde_json::from_slice(&body).unwrap_or_default()))
}

/// All calls of one connection, sent at once: the ids that are answered, each with its own name.
async fn converse(address: SocketAddr, ids: std::ops::Range<usize>) -> Vec<usize> {
    let mut stream = BufReader::new(connect(address).await);
    let calls = ids.clone().map(|id| Request::modern(&call(id, "nap", named("nap", &id.to_string(), 200))).bytes());
    stream.write_all(&calls.collect::<Vec<_>>().concat()).await.unwrap();
    let mut answered = Vec::new();
    for _ in ids {
        let (status, answer) = answer(&mut stream).await.expect("every call is answered");
        let id = &answer["id"];
        assert_eq!((status, &answer["result"]["content"][0]["text"]), (200, &json!(id.to_string())), "{answer}");
        answered.push(usize::try_from(id.as_u64().unwrap()).unwrap());
    }
    answered
}

#[test]
fn ten_thousand_calls_over_a_thousand_connections_are_answered_each_once() {
    const CONNECTIONS: usize = 1000;
    const EACH: usize = 10;
    let _alone = alone();
    files();
    let (process, site) = over_http(&[]);
    let (before, start) = (warmed(&process, &site), Instant::now());
    let (address, runtime) = (site.address(), Runtime::new().unwrap());
    let answered = runtime.block_on(async move {
        let mut connections = JoinSet::new();
        for first in (0..CONNECTIONS * EACH).step_by(EACH) {
            connections.spawn(converse(address, first..first + EACH));
        }
        timeout(Duration::from_mins(1), connections.join_all()).await.expect("a call hangs")
    });
    let took = start.elapsed();
    let mut ids = BTreeSet::new();
    for id in answered.into_iter().flatten() {
        assert!(ids.insert(id), "{id} was answered twice");
    }
    assert_eq!(ids.len(), CONNECTIONS * EACH);
    // The control: they slept, those of one connection one after the other.
    assert!(took >= Duration::from_secs(2), "{took:?}");
    let after = Held::until(&process, Duration::from_secs(10), |held| held.files <= before.files);
    println!("{} calls over {CONNECTIONS} connections in {took:?}: before {before:?}, after {after:?}", ids.len());
    assert_serves(&site);
}

/// What a slow client sends before it becomes slow, and what it gets in the end.
#[derive(Clone, Copy)]
enum Slow {
    Header,
    Body,
}

/// Sends a byte now and then until it is turned away; says after how long that was.
async fn dawdle(address: SocketAddr, slow: Slow, most: Duration) -> Duration {
    let stream = connect(address).await;
    let start = Instant::now();
    let begin = match slow {
        Slow::Header => "POST /mcp HTTP/1.1\r\nHost: localhost\r\nX-Slow: ".to_owned(),
        Slow::Body => {
            let head = mcp_tests::http::call("add", json!({})).with("Content-Length", "1000").head();
            format!("{}{{", String::from_utf8(head).unwrap())
        }
    };
    let (mut reader, mut writer) = stream.into_split();
    let dribbling = async move {
        // Whoever is turned away may be told so by an error here.
        let _ = writer.write_all(begin.as_bytes()).await;
        loop {
            sleep(Duration::from_millis(500)).await;
            if writer.write_all(b" ").await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    let ended = async {
        let mut said = Vec::new();
        let _ = reader.read_to_end(&mut said).await;
        let said = String::from_utf8_lossy(&said);
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 408 "), "{said}");
    };
    tokio::select! {
        () = dribbling => {}
        ended = timeout(most, ended) => ended.expect("a slow client is never turned away"),
    }
    start.elapsed()
}

#[test]
fn thousands_of_slow_clients_hold_up_nobody_and_are_turned_away() {
    let _alone = alone();
    // As many as the server lets in, but for those that it is to serve meanwhile.
    let clients = 9_900.min(files().saturating_sub(200));
    let bound = span(Duration::from_secs(10), Duration::from_secs(30));
    let millis = bound.as_millis().to_string();
    let (process, site) = over_http(&[("FAULTY_HEADER_TIME", &millis), ("FAULTY_BODY_TIME", &millis)]);
    let before = warmed(&process, &site);
    let (address, runtime) = (site.address(), Runtime::new().unwrap());
    let mut slow = JoinSet::new();
    for client in 0..clients {
        let kind = if client % 2 == 0 { Slow::Header } else { Slow::Body };
        // For as long as the bound, and what a machine takes that has ten thousand of them to deal with.
        slow.spawn_on(dawdle(address, kind, bound + Duration::from_secs(30)), runtime.handle());
    }
    // Of those that come first, a busy machine turns many away while it still lets the others in.
    let full = Held::until(&process, Duration::from_secs(40), |held| held.files >= before.files + clients / 5);
    let slowest = (0..20).map(|_| assert_serves(&site)).max().unwrap();
    let times = runtime.block_on(slow.join_all());
    // The control: they were let in, and held for as long as they may take.
    let early = times.iter().filter(|time| **time < bound * 9 / 10).count();
    assert!(early < clients / 20, "{early} of {clients} were turned away before their time");
    let last = times.iter().max().unwrap();
    let after = Held::until(&process, Duration::from_secs(10), |held| held.files <= before.files);
    println!(
        "{clients} slow clients, turned away after {last:?} at most with a bound of {bound:?}; others waited {slowest:?} at \
         most; before {before:?}, with them {full:?}, after {after:?}"
    );
    assert_serves(&site);
}
