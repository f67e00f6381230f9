//! Every revision against a server of this project.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mcp_runtime::client::{Change, Connect, Direction, Http, Retry};
use mcp_runtime::model::{
    CompleteReference, ContentBlock, CreateMessageResult, ElicitResult, LoggingLevel, ResourceTemplateReference, Root,
    SubscriptionFilter,
};
use mcp_runtime::{Client, HttpOptions, Revision};
use mcp_tests::http::Site;
use mcp_tests::site::{Log, server};
use serde_json::json;
use tokio::time::{sleep, timeout};

use crate::fake::{modern, text};

fn said(result: &mcp_runtime::model::CallToolResult) -> String {
    match result.content.as_slice() {
        [ContentBlock::Text(text)] => text.text.clone(),
        other => panic!("{other:?}"),
    }
}

fn site() -> Site {
    Site::open(server(&Log::default()).http(HttpOptions::default().http_sse(true)))
}

fn client(site: &Site, revision: Revision) -> Connect<Http> {
    Client::http(format!("http://{}/mcp", site.address())).protocol(revision)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_revision_with_streamable_http_calls_reads_and_gets() {
    let site = site();
    for revision in Revision::ALL.into_iter().filter(|revision| *revision > Revision::V2024_11_05) {
        let client = client(&site, revision).connect().await.unwrap();
        assert_eq!(client.revision(), revision);
        assert!(client.list_tools().await.unwrap().iter().any(|tool| tool.name == "add"), "{revision}");
        assert_eq!(said(&client.call("add", json!({ "a": 1, "b": 2 })).await.unwrap()), "3");
        assert_eq!(client.call_as::<i64>("add", json!({ "a": 1, "b": 2 })).await.unwrap(), 3);
        client.read("site://watched").await.unwrap();
        client.get("greet", [("name", "Ada")]).await.unwrap();
        let mut steps = Vec::new();
        let report = client.call("report", json!({ "steps": 3, "text": "t" }));
        report.on_progress(|progress| steps.push(progress.progress.as_f64())).await.unwrap();
        assert_eq!(steps.len(), 3, "{revision}");
        client.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_are_shown_without_the_headers_around_them() {
    let site = site();
    for revision in Revision::ALL {
        let path = if revision == Revision::V2024_11_05 { "sse" } else { "mcp" };
        let seen = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&seen);
        let builder = Client::http(format!("http://{}/{path}", site.address())).protocol(revision);
        let builder = builder.header("x-secret", "s3cret").on_frame(move |direction, frame| {
            noted.lock().unwrap().push((direction, String::from_utf8_lossy(frame).into_owned()));
        });
        let client = builder.connect().await.unwrap();
        client.call("add", json!({ "a": 20, "b": 22 })).await.unwrap();
        client.close().await;
        let seen = seen.lock().unwrap();
        let count = |wanted: Direction, what: &str| {
            seen.iter().filter(|(direction, frame)| *direction == wanted && frame.contains(what)).count()
        };
        assert_eq!((count(Direction::Sent, "tools/call"), count(Direction::Received, "\"42\"")), (1, 1), "{seen:?}");
        assert_eq!((count(Direction::Sent, "s3cret"), count(Direction::Received, "s3cret")), (0, 0), "{seen:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn values_are_completed_in_every_revision() {
    let site = Site::open(mcp_tests::sample::server().http(HttpOptions::default().http_sse(true)));
    for revision in Revision::ALL {
        let path = if revision == Revision::V2024_11_05 { "sse" } else { "mcp" };
        let builder = Client::http(format!("http://{}/{path}", site.address())).protocol(revision);
        let client = builder.connect().await.unwrap();
        assert_eq!(client.revision(), revision);
        let template = || ResourceTemplateReference { uri: "note://{id}".to_owned() };
        for (begun, expected) in [("1", vec!["1", "12"]), ("12", vec!["12"]), ("3", vec![])] {
            let reference = CompleteReference::Resource(template());
            let result = client.complete(reference, "id", begun).await.unwrap();
            assert_eq!(result.completion.values, expected, "{revision}");
        }
        client.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_revision_is_found() {
    let site = site();
    let client = Client::http(format!("http://{}/mcp", site.address())).connect().await.unwrap();
    assert_eq!(client.revision(), Revision::LATEST);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_http_with_sse_is_talked_to() {
    let site = site();
    let url = format!("http://{}/sse", site.address());
    let client = Client::http(url).connect().await.unwrap();
    assert!(client.revision().has_handshake());
    assert_eq!(said(&client.call("add", json!({ "a": 1, "b": 2 })).await.unwrap()), "3");
    let answers = (0..20).map(|n| client.call("add", json!({ "a": n, "b": 0 })).into_future());
    for (n, answer) in answers.enumerate() {
        assert_eq!(said(&answer.await.unwrap()), n.to_string());
    }
    client.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_asks_is_answered_in_every_revision() {
    let site = site();
    for revision in [Revision::V2025_06_18, Revision::V2025_11_25, Revision::V2026_07_28] {
        let client = client(&site, revision)
            .on_elicit(async |form| {
                let (name, _) = form.requested_schema.properties.0.first().unwrap();
                Ok(ElicitResult::accept([(name.clone(), json!(true))].into_iter().collect()))
            })
            .on_sample(async |_| Ok(CreateMessageResult::new("m", "I am a test.")))
            .roots([Root { uri: "file:///a".into(), ..Root::default() }])
            .connect()
            .await
            .unwrap();
        let result = client.call("confirm", json!({ "item": "this" })).await.unwrap();
        assert_ne!(result.is_error, Some(true), "{revision}: {result:?}");
        assert_eq!(said(&client.call("sample", ()).await.unwrap()), "I am a test.", "{revision}");
        assert_eq!(said(&client.call("roots", ()).await.unwrap()), "file:///a", "{revision}");
        client.set_roots([Root { uri: "file:///b".into(), ..Root::default() }]);
        assert_eq!(said(&client.call("roots", ()).await.unwrap()), "file:///b", "{revision}");
        client.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_heard_in_every_revision() {
    let site = site();
    for revision in [Revision::V2025_03_26, Revision::V2025_11_25, Revision::V2026_07_28] {
        let client = client(&site, revision).connect().await.unwrap();
        let filter = SubscriptionFilter {
            tools_list_changed: Some(true),
            resource_subscriptions: Some(vec!["site://watched".to_owned()]),
            ..SubscriptionFilter::default()
        };
        let mut changes = client.listen(filter).await.unwrap();
        let mut other = client.subscribe("site://watched").await.unwrap();
        client.call("touch", ()).await.unwrap();
        let mut heard = Vec::new();
        while heard.len() < 2 {
            let change = timeout(Duration::from_mins(1), changes.next()).await;
            heard.push(change.unwrap_or_else(|_| panic!("{revision}: only {heard:?}")).unwrap());
        }
        heard.sort_by_key(|change| *change != Change::Tools);
        assert_eq!(heard, [Change::Tools, Change::Resource("site://watched".to_owned())], "{revision}");
        // One subscription does not take the other's away.
        drop(changes);
        assert_eq!(timeout(Duration::from_mins(1), other.next()).await.unwrap().unwrap(), heard[1]);
        client.call("touch", ()).await.unwrap();
        assert_eq!(timeout(Duration::from_mins(1), other.next()).await.unwrap().unwrap(), heard[1]);
        client.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn log_messages_are_a_stream() {
    let site = site();
    for revision in [Revision::V2025_11_25, Revision::V2026_07_28] {
        let client = client(&site, revision).log_level(LoggingLevel::Debug).connect().await.unwrap();
        let mut logs = client.logs();
        client.call("speak", ()).await.unwrap();
        let first = timeout(Duration::from_mins(1), logs.next()).await.unwrap().unwrap();
        assert_eq!((first.level, first.data), (LoggingLevel::Debug, json!("small")), "{revision}");
        assert_eq!(logs.missed(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_dropped_is_given_up_by_the_server() {
    for revision in [Revision::V2025_11_25, Revision::V2026_07_28] {
        let log = Log::default();
        let site = Site::open(server(&log));
        let client = client(&site, revision).connect().await.unwrap();
        let call = tokio::spawn(client.call("wait", json!({ "name": "this" })).into_future());
        let begun = log.clone();
        tokio::task::spawn_blocking(move || begun.wait("this waits")).await.unwrap();
        call.abort();
        tokio::task::spawn_blocking(move || log.wait("this given up")).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_tasks_share_few_connections() {
    let site = site();
    let client = client(&site, Revision::LATEST).connections(3).connect().await.unwrap();
    let count = Arc::new(Mutex::new(0));
    let calls: Vec<_> = (0..200)
        .map(|n| {
            let (client, count) = (client.clone(), Arc::clone(&count));
            tokio::spawn(async move {
                assert_eq!(client.call_as::<i64>("add", json!({ "a": n, "b": 1 })).await.unwrap(), n + 1);
                *count.lock().unwrap() += 1;
            })
        })
        .collect();
    for call in calls {
        call.await.unwrap();
    }
    assert_eq!(*count.lock().unwrap(), 200);
}

#[tokio::test]
async fn a_connection_is_used_again_unless_the_server_closed_it_or_it_was_idle_for_too_long() {
    let (client, fake) = modern(|builder| builder.retry(Retry::never())).await;
    let call = || tokio::spawn(client.call("t", ()).into_future());
    let one = call();
    let kept = fake.expect("tools/call").await.keep(text("")).await;
    one.await.unwrap().unwrap();
    let two = call();
    let kept = kept.next().await.keep(text("")).await;
    two.await.unwrap().unwrap();
    drop(kept);
    sleep(Duration::from_millis(100)).await;
    let three = call();
    let _kept = fake.expect("tools/call").await.keep(text("")).await;
    three.await.unwrap().unwrap();
    // Another client, which uses no connection that was idle for so long.
    let idle = Duration::from_millis(200);
    let (client, fake) = modern(|builder| builder.idle(idle).retry(Retry::never())).await;
    let call = || tokio::spawn(client.call("t", ()).into_future());
    let one = call();
    let _kept = fake.expect("tools/call").await.keep(text("")).await;
    one.await.unwrap().unwrap();
    sleep(idle * 3).await;
    let two = call();
    fake.expect("tools/call").await.result(text("")).await;
    two.await.unwrap().unwrap();
}

#[tokio::test]
async fn no_more_connections_are_used_than_there_may_be() {
    let (client, fake) = modern(|builder| builder.connections(2)).await;
    let calls = [1, 2, 3].map(|_| tokio::spawn(client.call("t", ()).into_future()));
    let (one, two) = (fake.expect("tools/call").await, fake.expect("tools/call").await);
    fake.expect_silence().await;
    one.result(text("")).await;
    let three = fake.expect("tools/call").await;
    for hit in [two, three] {
        hit.result(text("")).await;
    }
    for call in calls {
        call.await.unwrap().unwrap();
    }
}

/// Waits until the client holds so many questions and requests.
async fn holds(client: &Client, questions: usize, requests: usize) {
    let held = async {
        while (client.usage().answers, client.usage().requests) != (questions, requests) {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(10), held).await.unwrap_or_else(|_| panic!("it holds {:?}", client.usage()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_call_asked_is_given_up_with_it() {
    let site = site();
    for revision in [Revision::V2025_06_18, Revision::V2025_11_25] {
        let client = client(&site, revision).on_elicit(async |_| std::future::pending().await).connect().await.unwrap();
        let confirm = |item: &str| tokio::spawn(client.call("confirm", json!({ "item": item })).into_future());
        let (first, second) = (confirm("tea"), confirm("milk"));
        holds(&client, 2, 2).await;
        first.abort();
        // What the other one asked is still to be answered.
        holds(&client, 1, 1).await;
        second.abort();
        holds(&client, 0, 0).await;
        client.close().await;
    }
}
