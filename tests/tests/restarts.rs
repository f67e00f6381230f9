//! A server that is killed and started again 100 times under load: every call is answered or fails with an error that says
//! why, none hangs, and in the end nothing is left over. One test, because it counts what its process holds.

#![cfg(target_os = "linux")]

use std::fs;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use mcp_runtime::client::{Error, Retry, Usage};
use mcp_runtime::{Client, Revision};
use serde_json::json;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

const SITE: &str = env!("CARGO_BIN_EXE_site");
const TASKS: usize = 8;
/// No call may take longer, whatever happens to the server.
const HANG: Duration = Duration::from_mins(1);

/// What became of the calls.
#[derive(Debug, Default)]
struct Count {
    answered: AtomicUsize,
    failed: AtomicUsize,
}

/// Calls without pause until it is told to stop.
fn load(client: &Client, stop: &Arc<AtomicBool>, count: &Arc<Count>) -> Vec<JoinHandle<()>> {
    let call = |n: usize| {
        let (client, stop, count) = (client.clone(), Arc::clone(stop), Arc::clone(count));
        tokio::spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                let call = client.call("add", json!({ "a": n, "b": 1 }));
                match timeout(HANG, call.typed::<usize>()).await.expect("a call hangs") {
                    Ok(sum) => {
                        assert_eq!(sum, n + 1);
                        count.answered.fetch_add(1, Ordering::Relaxed);
                    }
                    Err(Error::Closed { .. } | Error::Http { .. } | Error::Expired { .. } | Error::Status { .. }) => {
                        count.failed.fetch_add(1, Ordering::Relaxed);
                        sleep(Duration::from_millis(2)).await;
                    }
                    Err(other) => panic!("{other:?}"),
                }
            }
        })
    };
    (0..TASKS).map(call).collect()
}

/// What the process holds: open files, tasks, and memory in KiB.
#[derive(Debug)]
struct Held {
    files: usize,
    tasks: usize,
    memory: usize,
}

impl Held {
    fn now() -> Self {
        let files = fs::read_dir("/proc/self/fd").unwrap().count();
        let tasks = Handle::current().metrics().num_alive_tasks();
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        let memory = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        Self { files, tasks, memory }
    }

    /// Once nothing changes any more: what was given up is gone a moment later.
    async fn at_rest() -> Self {
        let (mut held, mut same) = (Self::now(), 0);
        while same < 5 {
            sleep(Duration::from_millis(200)).await;
            let now = Self::now();
            same = if (now.files, now.tasks) == (held.files, held.tasks) { same + 1 } else { 0 };
            held = now;
        }
        held
    }

    /// Once it is no more than before, or when that has not come in the time in which it would come on any machine.
    async fn no_more_than(before: &Self) -> Self {
        let start = Instant::now();
        loop {
            let held = Self::now();
            if held.files <= before.files && held.tasks <= before.tasks || start.elapsed() > HANG {
                return held;
            }
            sleep(Duration::from_millis(100)).await;
        }
    }
}

fn patient() -> Retry {
    Retry::default().times(8).pause(Duration::from_millis(5), Duration::from_millis(200)).budget(10_000)
}

fn serve(port: u16) -> Child {
    Command::new(SITE)
        .args(["--http", &format!("127.0.0.1:{port}")])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

async fn listens(port: u16) {
    let listening = async {
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(Duration::from_mins(1), listening).await.expect("the server does not listen");
}

async fn over_http(revision: Revision, times: usize) -> Arc<Count> {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut server = serve(port);
    listens(port).await;
    let builder = Client::http(format!("http://127.0.0.1:{port}/mcp")).protocol(revision).retry(patient());
    let client = builder.grace(Duration::from_millis(500)).connect().await.unwrap();
    client.list_tools().await.unwrap();
    let (stop, count) = (Arc::new(AtomicBool::new(false)), Arc::new(Count::default()));
    let tasks = load(&client, &stop, &count);
    for _ in 0..times {
        sleep(Duration::from_millis(15)).await;
        server.kill().unwrap();
        server.wait().unwrap();
        server = serve(port);
        listens(port).await;
    }
    // It is there again, and used again.
    let answered = count.answered.load(Ordering::Relaxed);
    let goes_on = async {
        while count.answered.load(Ordering::Relaxed) < answered + 50 {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(HANG, goes_on).await.expect("calls are not answered any more");
    stop.store(true, Ordering::Relaxed);
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(client.usage(), Usage::default(), "a client that goes on keeps something of what was lost");
    client.close().await;
    server.kill().unwrap();
    server.wait().unwrap();
    count
}

async fn over_stdio(times: usize) -> Arc<Count> {
    let (teller, mut pids) = mpsc::unbounded_channel();
    let client = Client::command("sh")
        .args(["-c", &format!("echo $$ >&2; exec {SITE}")])
        .env_remove("MCP_TRANSPORT")
        .on_stderr(move |line| drop(teller.send(line)))
        .retry(patient())
        .connect()
        .await
        .unwrap();
    client.list_tools().await.unwrap();
    let (stop, count) = (Arc::new(AtomicBool::new(false)), Arc::new(Count::default()));
    let tasks = load(&client, &stop, &count);
    for _ in 0..times {
        let pid = timeout(HANG, pids.recv()).await.expect("it is not started again").unwrap();
        sleep(Duration::from_millis(15)).await;
        let killed = Command::new("kill").args(["-9", &pid]).status().unwrap();
        assert!(killed.success());
    }
    let answered = count.answered.load(Ordering::Relaxed);
    let goes_on = async {
        while count.answered.load(Ordering::Relaxed) < answered + 50 {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(HANG, goes_on).await.expect("calls are not answered any more");
    stop.store(true, Ordering::Relaxed);
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(client.usage(), Usage::default(), "a client that goes on keeps something of what was lost");
    client.close().await;
    count
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_again_and_again_is_survived() {
    // Whatever is made once is made before anything is counted.
    over_stdio(2).await;
    over_http(Revision::LATEST, 2).await;
    let before = Held::at_rest().await;
    let counts =
        [over_stdio(100).await, over_http(Revision::LATEST, 100).await, over_http(Revision::V2025_11_25, 100).await];
    let after = Held::no_more_than(&before).await;
    println!("{counts:?}, before {before:?}, after {after:?}");
    for count in &counts {
        assert!(count.answered.load(Ordering::Relaxed) > 50, "{count:?}");
    }
    assert!(after.files <= before.files, "files are left open: {before:?}, then {after:?}");
    assert!(after.tasks <= before.tasks, "tasks are left: {before:?}, then {after:?}");
    assert!(after.memory < before.memory + 32 * 1024, "memory is left: {before:?}, then {after:?}");
}
