//! Sessions of the revisions up to 2025-11-25: opened, lost, opened again, ended; and their streams.

use std::time::Duration;

use mcp_runtime::client::{Change, Error, Retry};
use mcp_runtime::model::{ElicitResult, LoggingLevel};
use mcp_runtime::{Client, ProtocolError, Revision};
use serde_json::json;
use tokio::time::Instant;

use crate::fake::{Fake, initialized, session, shake, text};

#[tokio::test]
async fn a_session_is_named_in_every_request_and_ended() {
    let (client, fake) = session(|builder| builder).await;
    let call = tokio::spawn(client.call("t", ()).into_future());
    let hit = fake.expect("tools/call").await;
    assert_eq!(hit.header("mcp-session-id"), Some("s1"));
    assert_eq!(hit.header("mcp-protocol-version"), Some("2025-11-25"));
    assert_eq!((hit.header("mcp-method"), hit.body["params"].get("_meta")), (None, None));
    hit.result(text("done")).await;
    call.await.unwrap().unwrap();
    let closing = tokio::spawn(client.close());
    let hit = fake.expect_verb("DELETE").await;
    assert_eq!(hit.header("mcp-session-id"), Some("s1"));
    hit.answer(405, "", "").await;
    closing.await.unwrap();
}

#[tokio::test]
async fn a_client_that_can_be_asked_can_be_heard_before_it_calls() {
    let fake = Fake::open().await;
    let refuse = |_| async { Ok::<_, ProtocolError>(ElicitResult::decline()) };
    let connect = Client::http(fake.url()).protocol(Revision::V2025_11_25).on_elicit(refuse).connect();
    let connecting = tokio::spawn(async {
        let client = connect.await.unwrap();
        client.call("t", ()).await.map(|result| (result, client)).unwrap()
    });
    let hit = fake.expect("initialize").await;
    let body = hit.done(&initialized("2025-11-25")).to_string();
    hit.answer(200, "Content-Type: application/json\r\nMcp-Session-Id: s1\r\n", body).await;
    fake.expect("notifications/initialized").await.answer(202, "", "").await;
    let mut stream = fake.expect_verb("GET").await;
    // What the server asks in a call would be lost before it is answered.
    fake.expect_silence().await;
    stream.stream().await;
    let hit = fake.expect("tools/call").await;
    stream
        .event(&json!({ "jsonrpc": "2.0", "id": 7, "method": "elicitation/create", "params": {
        "message": "Really?", "requestedSchema": { "type": "object", "properties": {} } } }))
        .await;
    let answer = fake.expect_verb("POST").await;
    assert_eq!((&answer.body["id"], &answer.body["result"]["action"]), (&json!(7), &json!("decline")));
    answer.answer(202, "", "").await;
    hit.result(text("done")).await;
    connecting.await.unwrap();
}

#[tokio::test]
async fn a_session_that_the_server_forgot_is_opened_again() {
    let (client, fake) = session(|builder| builder).await;
    for (n, code) in [(2, None), (3, Some(-32000))] {
        // Not safe to repeat, and repeated all the same: the server did not handle it.
        let call = tokio::spawn(client.call("t", ()).into_future());
        match code {
            None => fake.expect("tools/call").await.answer(404, "", "").await,
            Some(code) => fake.expect("tools/call").await.refuse(400, code).await,
        }
        shake(&fake, &format!("s{n}")).await;
        let hit = fake.expect("tools/call").await;
        assert_eq!(hit.header("mcp-session-id").unwrap(), format!("s{n}"));
        hit.result(text("done")).await;
        call.await.unwrap().unwrap();
    }

    let (client, fake) = session(|builder| builder.retry(Retry::never())).await;
    let call = tokio::spawn(client.call("t", ()).into_future());
    fake.expect("tools/call").await.answer(404, "", "").await;
    let error = call.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Expired { .. }), "{error}");
    fake.expect_silence().await;
}

#[tokio::test]
async fn what_is_under_way_is_answered_though_the_session_is_forgotten() {
    let (client, fake) = session(|builder| builder).await;
    let slow = tokio::spawn(client.call("slow", ()).into_future());
    let under_way = fake.expect("tools/call").await;
    let call = tokio::spawn(client.call("t", ()).into_future());
    fake.expect("tools/call").await.answer(404, "", "").await;
    shake(&fake, "s2").await;
    fake.expect("tools/call").await.result(text("done")).await;
    call.await.unwrap().unwrap();
    assert!(!slow.is_finished(), "it was given up with the session");
    under_way.result(text("done at last")).await;
    slow.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_stream_that_ends_early_is_gone_on_with_where_it_ended() {
    let (client, fake) = session(|builder| builder).await;
    let mut steps = Vec::new();
    let call = client.call("t", ()).on_progress(|progress| steps.push(progress.progress.as_u64()));
    let play = async {
        let mut hit = fake.expect("tools/call").await;
        hit.stream().await;
        hit.write("id: 7\nretry: 400\ndata:\n\n").await;
        let token = hit.body["id"].clone();
        let progress = |n: u32| {
            let params = json!({ "progressToken": token, "progress": n });
            json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": params })
        };
        hit.write(format!("id: 8\ndata: {}\n\nid: 9\ndata: {{\"cut", progress(1))).await;
        let answer = hit.done(&text("done"));
        drop(hit);
        let ended = Instant::now();
        let mut hit = fake.expect_verb("GET").await;
        assert!(ended.elapsed() >= Duration::from_millis(390), "{:?}", ended.elapsed());
        assert_eq!((hit.header("last-event-id"), hit.header("mcp-session-id")), (Some("8"), Some("s1")));
        hit.stream().await;
        hit.write(format!("id: 9\ndata: {}\n\n", progress(2))).await;
        hit.event(&answer).await;
    };
    let (answer, ()) = tokio::join!(call.into_future(), play);
    answer.unwrap();
    assert_eq!(steps, [Some(1), Some(2)]);
}

#[tokio::test]
async fn an_answer_that_is_lost_with_its_session_is_not_asked_for_again_where_that_is_unsafe() {
    let (client, fake) = session(|builder| builder).await;
    let lose = async || {
        let mut hit = fake.expect("tools/call").await;
        hit.stream().await;
        hit.write("id: 7\nretry: 10\ndata:\n\n").await;
        drop(hit);
        fake.expect_verb("GET").await.answer(404, "", "").await;
    };
    let call = tokio::spawn(client.call("t", ()).into_future());
    lose().await;
    // The server had begun, and may have come to the end.
    let error = call.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Http { .. }), "{error}");
    assert!(format!("{error:?}").contains("no longer knows the session"), "{error:?}");
    fake.expect_silence().await;

    let call = tokio::spawn(client.call("t", ()).safe_to_repeat().into_future());
    shake(&fake, "s2").await;
    lose().await;
    shake(&fake, "s3").await;
    fake.expect("tools/call").await.result(text("done")).await;
    call.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_session_is_listened_to_though_it_was_lost_that_it_is_open() {
    let fake = Fake::open().await;
    let connecting = tokio::spawn(Client::http(fake.url()).protocol(Revision::V2025_11_25).connect());
    fake.expect("initialize").await.result(initialized("2025-11-25")).await;
    drop(fake.expect("notifications/initialized").await);
    fake.expect_verb("GET").await.answer(405, "", "").await;
    connecting.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_stream_without_ids_that_ends_early_is_an_error_at_once() {
    let (client, fake) = session(|builder| builder).await;
    let call = tokio::spawn(client.call("t", ()).into_future());
    let mut hit = fake.expect("tools/call").await;
    hit.stream().await;
    drop(hit);
    let error = call.await.unwrap().unwrap_err();
    assert_eq!(error.to_string(), format!("the connection to the server at `{}` failed", fake.url()));
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(cause, "the stream ended before the answer came");
}

#[tokio::test]
async fn what_the_server_asks_comes_on_any_stream_and_is_answered_by_post() {
    let fake = Fake::open().await;
    let connecting = tokio::spawn(Client::http(fake.url()).protocol(Revision::V2025_11_25).connect());
    let hit = fake.expect("initialize").await;
    hit.result(initialized("2025-11-25")).await;
    fake.expect("notifications/initialized").await.answer(202, "", "").await;
    let mut stream = fake.expect_verb("GET").await;
    stream.stream().await;
    let _client = connecting.await.unwrap().unwrap();
    stream.event(&json!({ "jsonrpc": "2.0", "id": "q", "method": "ping" })).await;
    let hit = fake.next().await;
    assert_eq!(hit.body, json!({ "jsonrpc": "2.0", "id": "q", "result": {} }));
    hit.answer(202, "", "").await;
    stream.event(&json!({ "jsonrpc": "2.0", "id": "e", "method": "elicitation/create", "params": {} })).await;
    let hit = fake.next().await;
    assert_eq!((&hit.body["id"], &hit.body["error"]["code"]), (&json!("e"), &json!(-32601)));
}

#[tokio::test]
async fn a_subscription_goes_on_in_the_next_session() {
    let (client, fake) = session(|builder| builder).await;
    let subscribing = tokio::spawn({
        let client = client.clone();
        async move { client.subscribe("x://a").await }
    });
    fake.expect("resources/subscribe").await.result(json!({})).await;
    let mut changes = subscribing.await.unwrap().unwrap();
    let next = tokio::spawn(async move { (changes.next().await, changes) });
    let call = tokio::spawn(client.call("t", ()).into_future());
    fake.expect("tools/call").await.answer(404, "", "").await;
    shake(&fake, "s2").await;
    for _ in 0..2 {
        let hit = fake.next().await;
        assert_eq!(hit.header("mcp-session-id"), Some("s2"));
        match hit.body["method"].as_str().unwrap() {
            "tools/call" => hit.result(text("done")).await,
            "resources/subscribe" => hit.result(json!({})).await,
            other => panic!("{other}"),
        }
    }
    call.await.unwrap().unwrap();
    let (change, changes) = next.await.unwrap();
    assert_eq!(change.unwrap(), Change::Anything);
    drop(changes);
    let hit = fake.expect("resources/unsubscribe").await;
    assert_eq!(hit.body["params"], json!({ "uri": "x://a" }));
}

#[tokio::test]
async fn who_subscribes_again_waits_until_the_server_has_forgotten_the_last_time() {
    let (client, fake) = session(|builder| builder).await;
    let subscribe = |uri: &'static str| {
        let client = client.clone();
        tokio::spawn(async move { client.subscribe(uri).await })
    };
    let subscribing = subscribe("x://a");
    fake.expect("resources/subscribe").await.result(json!({})).await;
    drop(subscribing.await.unwrap().unwrap());
    let forgetting = fake.expect("resources/unsubscribe").await;
    // The two would travel on connections of their own, and might come in the other order.
    let again = subscribe("x://a");
    fake.expect_silence().await;
    // Another resource has nothing to wait for.
    let other = subscribe("x://b");
    fake.expect("resources/subscribe").await.result(json!({})).await;
    forgetting.result(json!({})).await;
    let hit = fake.expect("resources/subscribe").await;
    assert_eq!(hit.body["params"], json!({ "uri": "x://a" }));
    hit.result(json!({})).await;
    again.await.unwrap().unwrap();
    other.await.unwrap().unwrap();
}

#[tokio::test]
async fn what_is_read_unasked_comes_again_when_its_stream_ends() {
    let fake = Fake::open().await;
    let builder = Client::http(fake.url()).protocol(Revision::V2025_11_25).log_level(LoggingLevel::Info);
    let connecting = tokio::spawn(builder.connect());
    fake.expect("initialize").await.result(initialized("2025-11-25")).await;
    fake.expect("notifications/initialized").await.answer(202, "", "").await;
    let mut stream = fake.expect_verb("GET").await;
    let client = connecting.await.unwrap().unwrap();
    let mut logs = client.logs();
    let message = |n: u32| {
        let params = json!({ "level": "info", "data": n });
        json!({ "jsonrpc": "2.0", "method": "notifications/message", "params": params })
    };
    stream.stream().await;
    stream.write(format!("id: 5\nretry: 50\ndata: {}\n\n", message(1))).await;
    assert_eq!(logs.next().await.unwrap().data, 1);
    drop(stream);
    let mut stream = fake.expect_verb("GET").await;
    assert_eq!(stream.header("last-event-id"), Some("5"));
    stream.stream().await;
    stream.event(&message(2)).await;
    assert_eq!(logs.next().await.unwrap().data, 2);
    drop(client);
    assert!(logs.next().await.is_none());
}

#[tokio::test]
async fn batches_of_2025_03_26_are_taken_apart() {
    let fake = Fake::open().await;
    let connecting = tokio::spawn(Client::http(fake.url()).protocol(Revision::V2025_03_26).connect());
    fake.expect("initialize").await.result(initialized("2025-03-26")).await;
    fake.expect("notifications/initialized").await.answer(202, "", "").await;
    fake.expect_verb("GET").await.answer(405, "", "").await;
    let client = connecting.await.unwrap().unwrap();
    for streams in [false, true] {
        let mut steps = 0;
        let call = client.call("t", ()).on_progress(|_| steps += 1);
        let play = async {
            let mut hit = fake.expect("tools/call").await;
            assert_eq!(hit.header("mcp-protocol-version"), None);
            let params = json!({ "progressToken": hit.body["id"], "progress": 1 });
            let progress = json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": params });
            let batch = json!([progress, hit.done(&text("done"))]);
            if streams {
                hit.stream().await;
                hit.event(&batch).await;
            } else {
                hit.json(200, batch).await;
            }
        };
        let (answer, ()) = tokio::join!(call.into_future(), play);
        answer.unwrap();
        assert_eq!(steps, 1);
    }
}
