//! The client against our own server, in every revision.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mcp_runtime::client::{Direction, Error};
use mcp_runtime::model::{ContentBlock, Implementation, LoggingLevel};
use mcp_runtime::{Client, Context, Revision, Server, group, server, testing, tool};
use serde_json::{Value, json};

/// Says which revision is spoken.
#[tool]
fn revision(cx: &Context) -> &'static str {
    cx.revision().as_str()
}

/// Adds two numbers.
#[tool]
fn add(a: i64, b: i64) -> i64 {
    a + b
}

/// Reports what it does.
#[tool]
async fn report(cx: &Context) {
    cx.debug("looking");
    cx.warning("found");
    for step in 1..=3 {
        cx.progress(step).of(3).send();
        tokio::task::yield_now().await;
    }
}

/// Does not end.
#[tool]
async fn hang() {
    std::future::pending::<()>().await;
}

fn all() -> Server {
    server![revision, add, report, hang].info(Implementation::new("own", "3"))
}

/// Two tools of one name, which only the start of the server can see.
fn misbuilt() -> Server {
    server![add].with(group![add])
}

#[tokio::test(start_paused = true)]
async fn the_newest_revision_is_found_and_every_other_can_be_demanded() {
    for demanded in Revision::ALL.map(Some).into_iter().chain([None]) {
        let builder = Client::memory(all().page_size(3));
        let builder = match demanded {
            Some(revision) => builder.protocol(revision),
            None => builder,
        };
        let client = builder.connect().await.unwrap();
        let revision = demanded.unwrap_or(Revision::LATEST);
        assert_eq!(client.revision(), revision);
        assert_eq!(client.server_info(), Some(&Implementation::new("own", "3")));
        assert_eq!(client.list_tools().await.unwrap().len(), 4);
        assert_eq!(client.call("revision", ()).await.unwrap().content, [ContentBlock::text(revision.as_str())]);
        client.ping().await.unwrap();
        client.set_level(LoggingLevel::Error).await.unwrap();
        assert_eq!(client.call("z", ()).await.unwrap_err().protocol().unwrap().code(), -32602);
        assert!(client.list_prompts().await.unwrap().is_empty());
        assert_eq!(client.clone().close().await, None);
        assert!(matches!(client.call("revision", ()).await, Err(Error::Closed { .. })));
    }
}

#[tokio::test(start_paused = true)]
async fn progress_and_log_messages_come_in_every_revision() {
    for revision in Revision::ALL {
        let (teller, mut listener) = tokio::sync::mpsc::unbounded_channel();
        let client = Client::memory(all())
            .protocol(revision)
            .on_log(move |message| teller.send(message.data).unwrap())
            .connect()
            .await
            .unwrap();
        let mut steps = Vec::new();
        client.call("report", ()).on_progress(|progress| steps.push(progress.progress.as_u64())).await.unwrap();
        assert_eq!(steps, [Some(1), Some(2), Some(3)], "{revision}");
        assert_eq!(listener.try_recv().unwrap(), "found", "{revision}");
        assert!(listener.try_recv().is_err(), "`info` is the level unless another is asked for");
    }
}

#[tokio::test(start_paused = true)]
async fn an_observer_sees_every_frame_both_ways() {
    for revision in Revision::ALL {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&seen);
        let builder = Client::memory(all()).protocol(revision).on_frame(move |direction, frame| {
            let frame: Value = serde_json::from_slice(frame).unwrap();
            let is_report = frame["params"]["name"] == "report";
            noted.lock().unwrap().push((direction, frame));
            assert!(!is_report, "this panic is part of the test");
        });
        let client = builder.connect().await.unwrap();
        client.call("report", ()).on_progress(drop).await.unwrap();
        client.close().await;
        let seen = seen.lock().unwrap();
        let first = if revision.has_handshake() { "initialize" } else { "server/discover" };
        assert_eq!((seen[0].0, &seen[0].1["method"]), (Direction::Sent, &json!(first)), "{revision}");
        let call = &seen.iter().find(|(_, frame)| frame["method"] == "tools/call").unwrap().1;
        let received = seen.iter().filter(|(direction, _)| *direction == Direction::Received);
        let received: Vec<_> = received.map(|(_, frame)| frame).collect();
        assert_eq!(received.iter().filter(|frame| frame["id"] == call["id"]).count(), 1, "{revision}");
        assert_eq!(received.iter().filter(|frame| frame["method"] == "notifications/progress").count(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_hangs_does_not_keep_others_or_the_end() {
    let client = testing::client(all()).await;
    let error = client.call("hang", ()).timeout(Duration::from_secs(1)).await.unwrap_err();
    assert!(matches!(error, Error::Timeout { .. }), "{error}");
    client.call("revision", ()).await.unwrap();
    let hanging = tokio::spawn(client.call("hang", ()).into_future());
    tokio::task::yield_now().await;
    client.close().await;
    assert!(matches!(hanging.await.unwrap(), Err(Error::Closed { .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_tasks_share_a_client() {
    let client = testing::client(all()).await;
    let tasks: Vec<_> = (0..64)
        .map(|n| {
            let client = client.clone();
            let sum = [ContentBlock::text((n + 1).to_string())];
            tokio::spawn(async move {
                for _ in 0..50 {
                    assert_eq!(client.call("add", json!({ "a": n, "b": 1 })).await.unwrap().content, sum);
                    client.call("report", ()).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

#[tokio::test]
async fn a_server_that_cannot_be_built_says_why() {
    let error = Client::memory(misbuilt()).connect().await.unwrap_err();
    assert_eq!(error.to_string(), "the server `mcp-tests` cannot be started");
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("two tools are named `add`"));
}

#[tokio::test]
#[should_panic(expected = "own.rs")]
async fn the_client_for_tests_names_the_line_of_the_test() {
    testing::client(misbuilt()).await;
}

#[test]
#[should_panic(expected = "two tools are named `add`")]
fn the_surface_of_a_server_that_cannot_be_built_is_a_panic_that_says_why() {
    testing::surface(misbuilt());
}

#[test]
fn the_surface_shows_everything_but_the_version() {
    let kind = || server![add].instructions("Be kind.");
    let surface = testing::surface(kind());
    assert_eq!(surface["tools"][0]["name"], "add");
    assert_eq!(surface["instructions"], "Be kind.");
    assert!(surface["capabilities"]["tools"].is_object());
    assert_eq!(testing::surface(kind().info(Implementation::new("own", "4"))), surface);
    assert_ne!(testing::surface(kind().with(group![hang])), surface);
}
