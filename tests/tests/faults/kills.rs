//! The server is killed under load: whoever waits is told, soon and in words, over either transport, and by whichever client.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use mcp_runtime::Client;
use mcp_runtime::client::{Error, Retry};
use mcp_tests::http::Request;
use mcp_tests::process::{PATIENCE, Process, call};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::machine::{FAULTY, alone, named, over_http, wait_for_all};

const CALLS: usize = 500;

fn kill(process: &str) {
    kill_process(Pid::from_raw(process.parse().unwrap()).unwrap(), Signal::KILL).unwrap();
}

#[test]
fn a_pipe_ends_when_the_server_is_killed_and_what_was_answered_is_whole() {
    let _alone = alone();
    let mut process = Process::start(FAULTY, &[]);
    for id in 0..CALLS {
        process.begin(id, "letters", json!({ "count": 10_000 }));
        process.begin(CALLS + id, "nap", named("nap", "it", 600_000));
    }
    // Every line parses, and none is a call that is asleep. What a process that is killed has not written yet is lost: they are
    // awaited before.
    for _ in 0..CALLS {
        let answer = process.receive();
        assert!(answer["id"].as_u64().unwrap() < CALLS as u64, "{answer}");
        assert_eq!(answer["result"]["content"][0]["text"].as_str().map(str::len), Some(10_000));
    }
    wait_for_all(&process, " naps\n", CALLS);
    process.signal(Signal::KILL);
    let start = Instant::now();
    let next = process.next_within(PATIENCE);
    assert!(next.is_none() && start.elapsed() < PATIENCE, "{next:?} after {:?}", start.elapsed());
    assert_eq!(process.wait().0.code(), None, "a signal has no code");
}

#[test]
fn connections_end_when_the_server_is_killed() {
    let _alone = alone();
    let (process, site) = over_http(&[]);
    let mut wires: Vec<_> = (0..CALLS).map(|_| site.connect()).collect();
    for (id, wire) in wires.iter_mut().enumerate() {
        wire.write(Request::modern(&call(id, "nap", named("nap", "it", 600_000))).bytes());
    }
    wait_for_all(&process, " naps\n", CALLS);
    process.signal(Signal::KILL);
    let start = Instant::now();
    for wire in &mut wires {
        assert!(wire.try_head().is_none());
    }
    println!("{CALLS} connections to a server that was killed: ended after {:?}", start.elapsed());
    assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());
}

/// Calls that must not be repeated, until all of them have begun; then the end of the server. What each is told.
async fn killed(client: &Client, mut begun: impl AsyncFnMut(), kill: impl FnOnce()) -> Vec<Error> {
    let mut calls = JoinSet::new();
    for _ in 0..CALLS {
        let client = client.clone();
        calls.spawn(async move { client.call("nap", named("nap", "it", 600_000)).await });
    }
    begun().await;
    kill();
    let start = Instant::now();
    let ended = timeout(PATIENCE, calls.join_all()).await.expect("a call hangs");
    println!("{CALLS} calls of a client: ended {:?} after the server was killed", start.elapsed());
    ended.into_iter().map(|ended| ended.expect_err("the server is gone")).collect()
}

#[test]
fn every_call_of_a_client_over_a_pipe_ends_with_an_error_and_the_next_one_starts_the_server_again() {
    let _alone = alone();
    Runtime::new().unwrap().block_on(async {
        let (teller, mut told) = mpsc::unbounded_channel();
        let client = Client::command("sh")
            .args(["-c", &format!("echo pid $$ >&2; exec {FAULTY}")])
            .env_remove("MCP_TRANSPORT")
            .on_stderr(move |line| drop(teller.send(line)))
            .connect()
            .await
            .unwrap();
        let first = told.recv().await.unwrap();
        let mut naps = 0;
        let begun = async || {
            while naps < CALLS {
                let line = timeout(PATIENCE, told.recv()).await.expect("not all calls begin").unwrap();
                naps += usize::from(line.ends_with(" naps"));
            }
        };
        let errors = killed(&client, begun, || kill(first.strip_prefix("pid ").unwrap())).await;
        for error in errors {
            assert!(matches!(&error, Error::Closed { .. }), "{error:?}");
            let text = error.to_string();
            assert!(text.contains("the server `sh`"), "{text}");
        }
        let sum = timeout(PATIENCE, client.call("add", json!({ "a": 1, "b": 2 })).typed::<i64>()).await;
        assert_eq!(sum.expect("it is started again").unwrap(), 3);
        // The control: it is another one.
        let next = timeout(PATIENCE, told.recv()).await.unwrap().unwrap();
        assert!(next.starts_with("pid ") && next != first, "{next}");
        client.close().await;
    });
}

#[test]
fn every_call_of_a_client_over_http_ends_with_an_error_and_the_next_one_finds_the_server_again() {
    let _alone = alone();
    let (process, site) = over_http(&[]);
    Runtime::new().unwrap().block_on(async {
        let url = format!("http://{}/mcp", site.address());
        let client = Client::http(&url).connections(CALLS).retry(Retry::never()).connect().await.unwrap();
        let begun = async || {
            tokio::task::block_in_place(|| wait_for_all(&process, " naps\n", CALLS));
        };
        let errors = killed(&client, begun, || process.signal(Signal::KILL)).await;
        for error in errors {
            assert!(matches!(&error, Error::Closed { .. } | Error::Http { .. }), "{error:?}");
            let text = error.to_string();
            assert!(text.contains(&site.address().to_string()), "{text}");
        }
        // Nobody listens now, and that is told too.
        let error = client.call("add", json!({ "a": 1, "b": 2 })).await.unwrap_err();
        println!("where nobody listens: {error}");
        let mut again = Command::new(FAULTY)
            .args(["--http", &site.address().to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let start = Instant::now();
        while client.call("add", json!({ "a": 1, "b": 2 })).typed::<i64>().await.ok() != Some(3) {
            assert!(start.elapsed() < PATIENCE, "it does not get on");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        client.close().await;
        again.kill().unwrap();
        again.wait().unwrap();
    });
}
