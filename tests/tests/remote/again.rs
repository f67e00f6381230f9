//! What is made again when a server fails, and what is not.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use futures_core::Stream;
use mcp_runtime::Client;
use mcp_runtime::client::{Change, Error, Retry};
use mcp_runtime::model::CallToolResult;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use crate::fake::{Fake, Hit, discovered, modern, text};

fn soon() -> Retry {
    Retry::default().pause(Duration::from_millis(1), Duration::from_millis(5))
}

#[tokio::test]
async fn only_what_is_safe_is_made_again() {
    let (client, fake) = modern(|builder| builder.retry(soon())).await;
    let listing = tokio::spawn({
        let client = client.clone();
        async move { client.list_tools().await }
    });
    fake.expect("tools/list").await.answer(503, "", "busy").await;
    drop(fake.expect("tools/list").await);
    let schema = json!({ "type": "object" });
    let tools = json!([
        { "name": "plain", "inputSchema": schema },
        { "name": "reads", "inputSchema": schema, "annotations": { "readOnlyHint": true } },
        { "name": "sets", "inputSchema": schema, "annotations": { "readOnlyHint": false, "idempotentHint": true } },
        { "name": "adds", "inputSchema": schema, "annotations": { "readOnlyHint": false, "idempotentHint": false } },
    ]);
    fake.expect("tools/list").await.result(json!({ "tools": tools })).await;
    assert_eq!(listing.await.unwrap().unwrap().len(), 4);

    for tool in ["plain", "adds"] {
        let call = tokio::spawn(client.call(tool, ()).into_future());
        fake.expect("tools/call").await.answer(503, "", "busy").await;
        let error = call.await.unwrap().unwrap_err();
        assert!(matches!(error, Error::Status { status: 503, .. }), "{tool}: {error}");
    }
    for call in [client.call("reads", ()), client.call("sets", ()), client.call("plain", ()).safe_to_repeat()] {
        let call = tokio::spawn(call.into_future());
        fake.expect("tools/call").await.answer(503, "", "busy").await;
        fake.expect("tools/call").await.result(text("")).await;
        call.await.unwrap().unwrap();
    }
    // What the server answered counts, and so does how often it may be asked.
    let call = tokio::spawn(client.call("reads", ()).into_future());
    fake.expect("tools/call").await.refuse(200, -32603).await;
    assert!(call.await.unwrap().unwrap_err().protocol().is_some());
    let call = tokio::spawn(client.call("reads", ()).into_future());
    for _ in 0..4 {
        fake.expect("tools/call").await.answer(503, "", "busy").await;
    }
    call.await.unwrap().unwrap_err();
    fake.expect_silence().await;
}

#[tokio::test]
async fn a_fallback_answers_what_the_server_cannot() {
    let (client, fake) = modern(|builder| {
        builder.retry(Retry::never()).fallback("t", async |arguments| CallToolResult::text(arguments["a"].to_string()))
    })
    .await;
    let call = tokio::spawn(client.call("t", json!({ "a": 7 })).into_future());
    fake.expect("tools/call").await.answer(503, "", "busy").await;
    let result = call.await.unwrap().unwrap();
    assert_eq!(result.content, CallToolResult::text("7").content);
    let call = tokio::spawn(client.call("t", json!({ "a": 7 })).into_future());
    fake.expect("tools/call").await.refuse(200, -32602).await;
    assert!(call.await.unwrap().unwrap_err().protocol().is_some());
    let call = tokio::spawn(client.call("other", ()).into_future());
    fake.expect("tools/call").await.answer(503, "", "busy").await;
    call.await.unwrap().unwrap_err();
}

/// Opens the stream that the client asks for, and says so.
async fn acknowledge(fake: &Fake) -> (Hit, Value) {
    let mut hit = fake.expect("subscriptions/listen").await;
    let filter = json!({ "resourceSubscriptions": ["x://a"] });
    assert_eq!(hit.body["params"]["notifications"], filter);
    let meta = json!({ "io.modelcontextprotocol/subscriptionId": hit.body["id"] });
    hit.stream().await;
    let params = json!({ "notifications": filter, "_meta": meta });
    let method = "notifications/subscriptions/acknowledged";
    hit.event(&json!({ "jsonrpc": "2.0", "method": method, "params": params })).await;
    (hit, meta)
}

#[tokio::test]
async fn a_subscription_goes_on_after_its_stream_broke() {
    let (client, fake) = modern(|builder| builder.retry(soon())).await;
    let (changes, (mut hit, meta)) = tokio::join!(client.subscribe("x://a"), acknowledge(&fake));
    let mut changes = changes.unwrap();
    assert_eq!(changes.filter().resource_subscriptions.as_deref(), Some(&["x://a".to_owned()][..]));
    for uri in ["x://b", "x://a"] {
        let params = json!({ "uri": uri, "_meta": meta });
        hit.event(&json!({ "jsonrpc": "2.0", "method": "notifications/resources/updated", "params": params })).await;
    }
    assert_eq!(changes.next().await.unwrap(), Change::Resource("x://a".to_owned()));
    for _ in 0..3 {
        drop(hit);
        let change;
        (change, (hit, _)) = tokio::join!(changes.next(), acknowledge(&fake));
        assert_eq!(change.unwrap(), Change::Anything);
    }
}

#[tokio::test]
async fn a_subscription_is_a_stream_that_an_error_ends() {
    let (client, fake) = modern(|builder| builder.retry(Retry::never())).await;
    let (changes, (mut hit, meta)) = tokio::join!(client.subscribe("x://a"), acknowledge(&fake));
    let mut changes = changes.unwrap().into_stream();
    for _ in 0..2 {
        let params = json!({ "uri": "x://a", "_meta": meta });
        hit.event(&json!({ "jsonrpc": "2.0", "method": "notifications/resources/updated", "params": params })).await;
        let change = poll_fn(|cx| Pin::new(&mut changes).poll_next(cx)).await;
        assert_eq!(change.unwrap().unwrap(), Change::Resource("x://a".to_owned()));
    }
    drop(hit);
    let (change, ()) = tokio::join!(poll_fn(|cx| Pin::new(&mut changes).poll_next(cx)), async {
        fake.expect("subscriptions/listen").await.refuse(200, -32602).await;
    });
    assert!(change.unwrap().unwrap_err().protocol().is_some());
    assert!(poll_fn(|cx| Pin::new(&mut changes).poll_next(cx)).await.is_none());
}

#[tokio::test]
async fn what_may_be_kept_is_not_asked_again() {
    let (client, fake) = modern(|builder| builder).await;
    let read = |client: &Client| tokio::spawn(client.read("x://a").into_future());
    let first = read(&client);
    let kept = json!({ "contents": [], "resultType": "complete", "ttlMs": 60_000, "cacheScope": "private" });
    fake.expect("resources/read").await.result(kept.clone()).await;
    first.await.unwrap().unwrap();
    read(&client).await.unwrap().unwrap();
    let fresh = tokio::spawn(client.read("x://a").fresh().into_future());
    fake.expect("resources/read").await.result(kept.clone()).await;
    fresh.await.unwrap().unwrap();
    // A change that is told on any stream makes it stale.
    let call = tokio::spawn(client.call("t", ()).into_future());
    let mut hit = fake.expect("tools/call").await;
    hit.stream().await;
    let params = json!({ "uri": "x://a" });
    hit.event(&json!({ "jsonrpc": "2.0", "method": "notifications/resources/updated", "params": params })).await;
    let done = hit.done(&text(""));
    hit.event(&done).await;
    call.await.unwrap().unwrap();
    let again = read(&client);
    fake.expect("resources/read").await.result(kept).await;
    again.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_server_that_is_back_is_used_again() {
    let fake = Fake::open().await;
    let connecting = tokio::spawn(Client::http(fake.url()).retry(soon().times(5)).connect());
    fake.expect("server/discover").await.result(discovered()).await;
    let client = connecting.await.unwrap().unwrap();
    let call = tokio::spawn(client.read("x://a").into_future());
    for _ in 0..3 {
        drop(fake.expect("resources/read").await);
    }
    fake.expect("resources/read").await.result(json!({ "contents": [] })).await;
    call.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_server_that_wants_to_be_left_alone_is() {
    let retry = Retry::default().pause(Duration::from_millis(1), Duration::from_secs(2)).budget(1000);
    let (client, fake) = modern(|builder| builder.retry(retry)).await;
    for (status, head, least) in [
        (503, "Retry-After: 1\r\n", Duration::from_secs(1)),
        (429, "Retry-After: 1\r\n", Duration::from_secs(1)),
        (502, "Retry-After: 1\r\n", Duration::ZERO),
        (503, "Retry-After: Wed, 21 Oct 2037 07:28:00 GMT\r\n", Duration::ZERO),
        (503, "Retry-After: -1\r\n", Duration::ZERO),
    ] {
        // No sooner in any round, and soon after in one of them: another may fall to a machine that does something else.
        let mut soonest = Duration::MAX;
        for _ in 0..10 {
            let began = Instant::now();
            let reading = tokio::spawn(client.read("x://a").into_future());
            fake.expect("resources/read").await.answer(status, head, "busy").await;
            fake.expect("resources/read").await.result(json!({ "contents": [] })).await;
            reading.await.unwrap().unwrap();
            let took = began.elapsed();
            assert!(took >= least, "{status} {head}: {took:?}");
            soonest = soonest.min(took);
            if soonest < least + Duration::from_millis(900) {
                break;
            }
        }
        assert!(soonest < least + Duration::from_millis(900), "{status} {head}: {soonest:?}");
    }
    // Longer than the longest pause, or than the request has time: it is not asked again, and whoever asked is told.
    for (after, call) in [(3, client.read("x://a")), (2, client.read("x://a").max_timeout(Duration::from_millis(1900)))]
    {
        let call = tokio::spawn(call.into_future());
        fake.expect("resources/read").await.answer(503, &format!("Retry-After: {after}\r\n"), "busy").await;
        let error = timeout(Duration::from_mins(1), call).await.unwrap().unwrap().unwrap_err();
        let Error::Status { status: 503, retry_after, .. } = error else { panic!("{error}") };
        assert_eq!(retry_after, Some(Duration::from_secs(after)));
    }
    fake.expect_silence().await;
}
