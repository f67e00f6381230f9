//! Several requests at once over HTTP: one POST on 2025-03-26, one each on every other revision.

use std::time::Duration;

use mcp_runtime::client::{Connect, Error, Http, Retry};
use mcp_runtime::model::{CallToolResult, ContentBlock};
use mcp_runtime::{Client, HttpOptions, Revision};
use mcp_tests::http::Site;
use mcp_tests::site::{Log, server};
use serde_json::{Value, json};

use crate::fake::{Fake, Hit, initialized, modern};

fn said(answer: Result<CallToolResult, Error>) -> String {
    match answer.unwrap().content.as_slice() {
        [ContentBlock::Text(text)] => text.text.clone(),
        other => panic!("{other:?}"),
    }
}

/// A client of a server of 2025-03-26 without sessions.
async fn connected(options: impl FnOnce(Connect<Http>) -> Connect<Http>) -> (Client, Fake) {
    let fake = Fake::open().await;
    let builder = options(Client::http(fake.url()).protocol(Revision::V2025_03_26));
    let connecting = tokio::spawn(builder.connect());
    fake.expect("initialize").await.result(initialized("2025-03-26")).await;
    fake.expect("notifications/initialized").await.answer(202, "", "").await;
    fake.expect_verb("GET").await.answer(405, "", "").await;
    (connecting.await.unwrap().unwrap(), fake)
}

/// Sends two calls at once.
fn two(client: &Client) -> tokio::task::JoinHandle<[Result<CallToolResult, Error>; 2]> {
    let client = client.clone();
    tokio::spawn(async move {
        let long = Duration::from_secs(5);
        client.batch(["a", "b"].map(|name| client.call(name, ()).timeout(long))).await
    })
}

fn results(hit: &Hit) -> Vec<Value> {
    let requests = hit.body.as_array().unwrap_or_else(|| panic!("no batch: {}", hit.body));
    let text = |request: &Value| json!({ "content": [{ "type": "text", "text": request["params"]["name"] }] });
    requests.iter().map(|request| json!({ "jsonrpc": "2.0", "id": request["id"], "result": text(request) })).collect()
}

#[tokio::test]
async fn a_batch_is_one_post_and_its_answers_come_in_one_or_in_many() {
    let (client, fake) = connected(|builder| builder).await;
    let calls = two(&client);
    let hit = fake.expect_verb("POST").await;
    let body = results(&hit).into_iter().rev().collect();
    hit.json(200, body).await;
    assert_eq!(calls.await.unwrap().map(said), ["a", "b"]);

    let calls = two(&client);
    let mut hit = fake.expect_verb("POST").await;
    let events = results(&hit);
    hit.stream().await;
    for event in &events {
        hit.event(event).await;
    }
    assert_eq!(calls.await.unwrap().map(said), ["a", "b"]);

    let calls = two(&client);
    let mut hit = fake.expect_verb("POST").await;
    let events = results(&hit);
    hit.stream().await;
    hit.event(&Value::Array(events)).await;
    assert_eq!(calls.await.unwrap().map(said), ["a", "b"]);
}

#[tokio::test]
async fn a_batch_that_fails_fails_for_each() {
    let (client, fake) = connected(|builder| builder.retry(Retry::never())).await;
    let url = fake.url();
    let refusal = json!({ "jsonrpc": "2.0", "id": null, "error": { "code": -32600, "message": "no batches" } });
    let half = |hit: &Hit| Value::Array(results(hit).drain(..1).collect());
    let calls = two(&client);
    fake.expect_verb("POST").await.json(400, refusal).await;
    for answer in calls.await.unwrap() {
        let told = answer.unwrap_err().to_string();
        assert_eq!(told, format!("the server at `{url}` refused `tools/call`: no batches (-32600)"));
    }
    let calls = two(&client);
    fake.expect_verb("POST").await.answer(503, "", "busy").await;
    for answer in calls.await.unwrap() {
        assert!(matches!(answer, Err(Error::Status { status: 503, .. })), "{answer:?}");
    }
    let calls = two(&client);
    drop(fake.expect_verb("POST").await);
    for answer in calls.await.unwrap() {
        let error = answer.unwrap_err();
        assert!(matches!(error, Error::Http { .. }) && std::error::Error::source(&error).is_some(), "{error:?}");
    }
    // What was answered counts.
    let calls = two(&client);
    let hit = fake.expect_verb("POST").await;
    let body = half(&hit);
    hit.json(200, body).await;
    let [first, second] = calls.await.unwrap();
    assert_eq!(said(first), "a");
    let told = second.unwrap_err().to_string();
    assert!(told.starts_with(&format!("the answer of the server at `{url}` to `tools/call` makes no sense")), "{told}");
}

#[tokio::test]
async fn what_is_safe_of_a_batch_that_was_lost_is_made_again_by_itself() {
    let soon = Retry::default().pause(Duration::from_millis(1), Duration::from_millis(5));
    let (client, fake) = connected(|builder| builder.retry(soon)).await;
    let batch = tokio::spawn({
        let client = client.clone();
        async move { client.batch((client.call("t", ()), client.read("x://a"))).await }
    });
    fake.expect_verb("POST").await.answer(503, "", "busy").await;
    fake.expect("resources/read").await.result(json!({ "contents": [] })).await;
    let (call, read) = batch.await.unwrap();
    assert!(matches!(call, Err(Error::Status { status: 503, .. })));
    read.unwrap();
}

#[tokio::test]
async fn a_batch_that_is_given_up_ends_its_post() {
    let (client, fake) = connected(|builder| builder.connections(1)).await;
    let calls = two(&client);
    let hit = fake.expect_verb("POST").await;
    let ids: Vec<Value> = hit.body.as_array().unwrap().iter().map(|request| request["id"].clone()).collect();
    calls.abort();
    let mut cancelled = Vec::new();
    for _ in 0..2 {
        let hit = fake.expect("notifications/cancelled").await;
        cancelled.push(hit.body["params"]["requestId"].clone());
        hit.answer(202, "", "").await;
    }
    cancelled.sort_by_key(Value::as_i64);
    assert_eq!(cancelled, ids);
    // The only connection is free again, though the server never answered.
    let call = tokio::spawn(client.read("x://a").into_future());
    fake.expect("resources/read").await.result(json!({ "contents": [] })).await;
    call.await.unwrap().unwrap();
    drop(hit);
}

#[tokio::test]
async fn a_revision_without_batches_gets_a_post_each() {
    let (client, fake) = modern(|builder| builder).await;
    let calls = two(&client);
    // Both come before either is answered.
    let hits = [fake.expect("tools/call").await, fake.expect("tools/call").await];
    for hit in hits {
        let text = json!({ "content": [{ "type": "text", "text": hit.body["params"]["name"] }] });
        hit.result(text).await;
    }
    assert_eq!(calls.await.unwrap().map(said), ["a", "b"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_of_this_project_answers_a_batch_in_every_revision() {
    let site = Site::open(server(&Log::default()).http(HttpOptions::default()));
    for revision in Revision::ALL.into_iter().filter(|revision| *revision > Revision::V2024_11_05) {
        let client = Client::http(format!("http://{}/mcp", site.address())).protocol(revision);
        let client = client.connect().await.unwrap();
        let sums = client.batch([1, 2, 3].map(|n| client.call("add", json!({ "a": n, "b": 10 })))).await;
        assert_eq!(sums.map(said), ["11", "12", "13"], "{revision}");
        let (tools, read) = client.batch((client.list_tools_page(None), client.read("site://watched"))).await;
        assert!(!tools.unwrap().tools.is_empty());
        read.unwrap();
        client.close().await;
    }
}
