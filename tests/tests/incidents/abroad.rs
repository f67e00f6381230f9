//! A client among servers that mean harm.

use std::process::Command;
use std::thread;
use std::time::Duration;

use mcp_runtime::client::{OAuth, Retry};
use tokio::net::TcpListener;
use tokio::time::timeout;

use super::fake::{Fake, modern, text};
use super::world::Driver;

const SECRET: &str = "hunter2";

/// Whether whoever is redirected to sees the secret.
async fn carried(origin: &Fake, stranger: &Fake, status: u16, ask: impl Future<Output = ()> + Send + 'static) -> bool {
    let mut asking = tokio::spawn(ask);
    let hit = origin.next().await;
    assert_eq!(hit.header("x-api-key"), Some(SECRET), "it goes to the server itself");
    hit.answer(status, &format!("Location: {}\r\n", stranger.url()), "").await;
    // Who follows is not done before it was answered there; who is done without has not followed.
    let hit = tokio::select! {
        hit = stranger.next() => hit,
        done = &mut asking => {
            done.unwrap();
            stranger.expect_silence().await;
            return false;
        }
    };
    let carried = hit.headers.values().any(|value| value.contains(SECRET));
    hit.answer(200, "", "").await;
    timeout(Duration::from_mins(1), asking).await.expect("it ends").unwrap();
    carried
}

#[tokio::test]
async fn credentials_following_a_redirect() {
    for status in [301, 302, 303, 307, 308] {
        let stranger = Fake::open().await;
        let (client, origin) =
            modern(|builder| builder.header("X-Api-Key", SECRET).bearer(SECRET).retry(Retry::never())).await;
        let call = client.call("t", ()).into_future();
        let asking = async move {
            call.await.unwrap_err();
        };
        assert!(!carried(&origin, &stranger, status, asking).await, "{status}");
    }
    // The control: a client of HTTP as it comes.
    let (origin, stranger) = (Fake::open().await, Fake::open().await);
    let asking = reqwest::Client::builder().no_proxy().build().unwrap().post(origin.url()).header("x-api-key", SECRET);
    let asking = async move {
        asking.body("{}").send().await.unwrap();
    };
    assert!(carried(&origin, &stranger, 307, asking).await);
}

/// Whether a server at `url` can make its client knock at this door.
async fn knocks(url: &str, door: &TcpListener) -> bool {
    let port = door.local_addr().unwrap().port();
    for place in [
        format!("http://127.0.0.1:{port}/"),
        format!("https://127.0.0.1:{port}/.well-known/oauth-protected-resource"),
        format!("https://localhost:{port}/"),
        format!("https://[::ffff:7f00:1]:{port}/"),
        format!("https://2130706433:{port}/"),
        format!("https://0.0.0.0:{port}/"),
    ] {
        let client = Driver::new(OAuth::new().timeout(Duration::from_mins(1)), "");
        let challenge = format!("Bearer resource_metadata=\"{place}\"");
        // Who knocks waits for an answer: it has been seen before it gives up.
        let mut refused = std::pin::pin!(client.refused(url, &challenge));
        tokio::select! {
            visit = door.accept() => {
                drop(visit.unwrap());
                assert!(refused.await.is_err(), "{place}");
                return true;
            }
            refused = &mut refused => assert!(refused.is_err(), "{place}"),
        }
        if timeout(Duration::from_millis(100), door.accept()).await.is_ok() {
            return true;
        }
    }
    false
}

#[tokio::test]
async fn ssrf_through_resource_metadata() {
    let door = TcpListener::bind("127.0.0.1:0").await.unwrap();
    assert!(!knocks("https://mcp.example.com/mcp", &door).await);
    // The control: a server of this machine may name this machine.
    assert!(knocks("http://localhost:1/mcp", &door).await);
}

/// How small a stack the events are read with.
const STACK: usize = 256 * 1024;
/// Events that say nothing, as many as would fill that stack with returns alone.
const EVENTS: usize = 200_000;
/// Set for a process in which the control fails.
const RECURSIVE: &str = "INCIDENTS_RECURSIVE";

/// Reads on behind each event that says nothing by calling itself: what the incident was.
fn recursive(events: &[u8]) -> usize {
    match events {
        [b'\n', rest @ ..] => 1 + std::hint::black_box(recursive(std::hint::black_box(rest))),
        _ => 0,
    }
}

#[test]
fn recursion_on_empty_sse_events() {
    let reads =
        |read: Box<dyn FnOnce() + Send>| thread::Builder::new().stack_size(STACK).spawn(read).unwrap().join().unwrap();
    if std::env::var_os(RECURSIVE).is_some() {
        return reads(Box::new(|| assert_eq!(recursive(&b"\n".repeat(EVENTS * 10)), EVENTS * 10)));
    }
    reads(Box::new(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (client, fake) = modern(|builder| builder).await;
            let call = tokio::spawn(client.call("t", ()).timeout(Duration::from_mins(1)).into_future());
            let mut hit = fake.expect("tools/call").await;
            hit.stream().await;
            for events in ["\n", "\n\n", "data\n\n", "data:\n\n", ":\n\n", "event: x\n\n", "id\n\n", "retry: 1\n\n"] {
                assert!(hit.write(events.repeat(EVENTS)).await);
            }
            let done = hit.done(&text("done"));
            hit.event(&done).await;
            assert_eq!(call.await.unwrap().unwrap().content.len(), 1);
        });
    }));
    let mut child = Command::new(std::env::current_exe().unwrap());
    let name = thread::current().name().unwrap().to_owned();
    let output = child.args(["--exact", &name, "--nocapture"]).env(RECURSIVE, "1").output().unwrap();
    assert!(!output.status.success(), "the control: a stack that is too small for that ends the process");
    assert!(String::from_utf8_lossy(&output.stderr).contains("overflowed its stack"), "{output:?}");
}
