//! How streams of changes end, and subscribers that do not read.

use std::time::Duration;

use mcp_runtime::{Entry, Limits, Revision, group};
use mcp_tests::client::Client;
use mcp_tests::connection::Connection;
use serde_json::{Value, json};

use crate::{LATEST, STREAM, all_lists, changing, client, level_at, listed, listen, news, stream_of, tide};

const CANCELLED: &str = "notifications/cancelled";

#[tokio::test(start_paused = true)]
async fn a_stream_that_ends_with_the_input_is_answered_under_its_id() {
    for id in [json!(7), json!("seven")] {
        let (server, handle) = changing();
        let mut client = client(server, LATEST).await;
        listen(&mut client, id.clone(), all_lists()).await;
        // What has changed until then is told first.
        handle.add(group![tide]).unwrap();
        let frames = client.close().await;
        assert_eq!(news(&frames[..1]), ["tools"], "{id}");
        assert_eq!((&frames[1]["id"], &frames[1]["result"]["resultType"]), (&id, &json!("complete")), "{id}");
        assert_eq!(frames[1]["result"]["_meta"][STREAM], id);
        // The specification wants the end told in these words too ("Cancellation").
        assert_eq!((&frames[2]["method"], &frames[2]["params"]["requestId"]), (&json!(CANCELLED), &id), "{id}");
        assert_eq!(frames.len(), 3, "{id}: {frames:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_cancelled_ends_without_a_word() {
    let (server, handle) = changing();
    let mut client = client(server, LATEST).await;
    for id in [json!(7), json!("7")] {
        listen(&mut client, id, all_lists()).await;
    }
    client.notify("notifications/cancelled", Some(json!({ "requestId": 7 }))).await;
    handle.tools_changed();
    let frames = client.rest().await;
    assert_eq!((news(&frames), stream_of(&frames[0])), (vec!["tools"], Some(&json!("7"))));
    client.notify("notifications/cancelled", Some(json!({ "requestId": "7" }))).await;
    handle.tools_changed();
    assert_eq!(client.rest().await, Vec::<Value>::new());
    // Its id is free again.
    listen(&mut client, 7, all_lists()).await;
    let frames = client.close().await;
    assert_eq!((frames.len(), &frames[0]["id"], &frames[1]["method"]), (2, &json!(7), &json!(CANCELLED)), "{frames:?}");
}

#[tokio::test(start_paused = true)]
async fn an_id_that_a_stream_has_is_taken() {
    let (server, _handle) = changing();
    let mut client = client(server, LATEST).await;
    listen(&mut client, 7, all_lists()).await;
    let message = client.message(7, "tools/list", json!({}));
    let error = client.exchange(&message).await;
    assert_eq!(error["code"], -32600, "{error}");
}

/// A client of a server that holds back what was not read; it is not read from until something is expected.
async fn slow(revision: Revision) -> (Client, mcp_runtime::Handle) {
    let (server, handle) = changing();
    handle.add(group![level_at]).unwrap();
    let connection = Connection::narrow(server.limits(Limits::default().outgoing(1024)), 64);
    (Client::over("slow", connection, revision, json!({})).await, handle)
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_that_does_not_read_holds_up_nobody_and_hears_of_the_last_change() {
    for revision in [Revision::V2025_06_18, LATEST] {
        let (mut client, handle) = slow(revision).await;
        let uris: Vec<String> = (0..100).map(|number| format!("sea://{number:02}/level")).collect();
        if revision.has_handshake() {
            for uri in &uris {
                client.request("resources/subscribe", json!({ "uri": uri })).await;
            }
        } else {
            let filter = json!({ "toolsListChanged": true, "resourceSubscriptions": uris });
            listen(&mut client, "slow", filter).await;
        }
        // As many changes as would fill it a thousand times over, with time in between to tell them.
        for round in 0..1000 {
            handle.tools_changed();
            for uri in &uris {
                handle.resource_updated(uri);
            }
            if round % 100 == 0 {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
        handle.add(group![tide]).unwrap();
        let frames = client.rest().await;
        let told = news(&frames);
        // Everything is told at least once, and of a thousand times that it changed a few.
        for expected in uris.iter().map(String::as_str).chain(["tools"]) {
            let times = told.iter().filter(|told| **told == expected).count();
            assert!((1..=5).contains(&times), "{revision}: {expected} was told {times} times");
        }
        assert_eq!(listed(&mut client, "tools/list").await, ["constant", "tide"], "{revision}");
        // What changes now is told as ever.
        handle.hide(Entry::Tool("tide"));
        assert_eq!(news(&client.rest().await), ["tools"], "{revision}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_that_does_not_read_ends_with_its_input() {
    let (mut client, handle) = slow(LATEST).await;
    let uris: Vec<String> = (0..100).map(|number| format!("sea://{number:02}/level")).collect();
    listen(&mut client, "slow", json!({ "resourceSubscriptions": uris })).await;
    for uri in &uris {
        handle.resource_updated(uri);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    // `close` reads what comes: all of it, and the answer behind it.
    let frames = client.close().await;
    assert_eq!(frames[100]["id"], "slow", "{:?}", &frames[100..]);
    assert!(frames[..100].iter().all(|frame| frame["method"] == "notifications/resources/updated"));
}

#[cfg(unix)]
mod processes {
    use mcp_tests::connection::modern;
    use mcp_tests::process::Process;
    use rustix::process::Signal;
    use serde_json::json;

    use super::STREAM;

    #[test]
    fn a_stream_is_answered_when_the_process_is_told_to_stop() {
        for signal in [Signal::TERM, Signal::INT] {
            let mut process = Process::start(env!("CARGO_BIN_EXE_fixture"), &[]);
            let acknowledged = process.ask(&modern("s", "subscriptions/listen", json!({ "notifications": {} })));
            assert_eq!(acknowledged["params"]["_meta"][STREAM], "s", "{acknowledged}");
            process.assert_healthy();
            process.signal(signal);
            let answer = process.receive();
            assert_eq!((&answer["id"], &answer["result"]["_meta"][STREAM]), (&json!("s"), &json!("s")), "{answer}");
            assert_eq!(process.wait().0.code(), Some(0), "{signal:?}");
        }
    }
}
