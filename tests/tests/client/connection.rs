//! What else happens on a connection: noise, the server's own requests, and the end.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mcp_runtime::Revision;
use mcp_runtime::client::Error;
use mcp_runtime::model::SubscriptionFilter;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use crate::fake::{initialized, legacy, modern, pair, play};

fn text(text: &str) -> Value {
    json!({ "content": [{ "type": "text", "text": text }] })
}

#[tokio::test(start_paused = true)]
async fn output_that_is_no_message_is_skipped_and_counted() {
    let (builder, mut fake) = pair();
    fake.raw("Listening on stdio \u{1b}[32mgreat\u{1b}[0m\n{\"level\":\"info\"}\n[1,\n42\n\n").await;
    let (client, mut fake) = play(builder, fake, async |fake| {
        let probe = fake.expect("server/discover").await;
        fake.answer(&probe, crate::fake::discovered(&["2026-07-28"])).await;
    })
    .await;
    let client = client.unwrap();
    let (result, ()) = tokio::join!(client.call("t", ()).into_future(), async {
        let request = fake.expect("tools/call").await;
        fake.raw("one more\r\n").await;
        fake.answer(&request, text("")).await;
    });
    result.unwrap();
    let stray = client.stray_output();
    assert_eq!(stray.lines, 5);
    // What it holds for a terminal is made visible.
    assert_eq!(stray.first.as_deref(), Some("Listening on stdio \\u{1b}[32mgreat\\u{1b}[0m"));
}

#[tokio::test(start_paused = true)]
async fn an_error_that_belongs_to_no_request_changes_nothing() {
    let (client, mut fake) = modern(|builder| builder).await;
    let (result, ()) = tokio::join!(client.call("t", ()).into_future(), async {
        let request = fake.expect("tools/call").await;
        for id in [r#""id":null,"#, ""] {
            fake.raw(&format!("{{\"jsonrpc\":\"2.0\",{id}\"error\":{{\"code\":-32700,\"message\":\"?\"}}}}\n")).await;
        }
        fake.say(json!({ "jsonrpc": "2.0", "id": "1", "result": {} })).await;
        fake.say(json!({ "jsonrpc": "2.0", "id": 999, "result": {} })).await;
        fake.say(json!({ "jsonrpc": "2.0", "method": "notifications/unheard/of" })).await;
        fake.answer(&request, text("")).await;
    });
    result.unwrap();
    assert_eq!(client.stray_output().lines, 0);
}

#[tokio::test(start_paused = true)]
async fn answers_may_come_as_a_batch() {
    let (builder, fake) = pair();
    let (client, mut fake) = play(builder.protocol(Revision::V2025_03_26), fake, async |fake| {
        let request = fake.expect("initialize").await;
        fake.answer(&request, initialized("2025-03-26")).await;
        fake.expect("notifications/initialized").await;
    })
    .await;
    let client = client.unwrap();
    let (one, two, ()) = tokio::join!(client.call("a", ()).into_future(), client.call("b", ()).into_future(), async {
        let one = fake.expect("tools/call").await;
        let two = fake.expect("tools/call").await;
        let answer = |request: &Value| json!({ "jsonrpc": "2.0", "id": request["id"], "result": text("") });
        fake.say(json!([answer(&two), answer(&one)])).await;
    });
    assert!(one.is_ok() && two.is_ok());
}

#[tokio::test(start_paused = true)]
async fn requests_of_the_server_are_answered_where_the_revision_has_them() {
    let ping = json!({ "jsonrpc": "2.0", "id": "p", "method": "ping" });
    let sample = json!({ "jsonrpc": "2.0", "id": 1, "method": "sampling/createMessage", "params": {} });
    let (_client, mut fake) = legacy(|builder| builder).await;
    fake.say(ping.clone()).await;
    assert_eq!(fake.next().await.unwrap(), json!({ "jsonrpc": "2.0", "id": "p", "result": {} }));
    fake.say(sample.clone()).await;
    let answer = fake.next().await.unwrap();
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(1), &json!(-32601)));

    let (_client, mut fake) = modern(|builder| builder).await;
    fake.say(ping).await;
    fake.say(sample).await;
    fake.expect_silence().await;
}

#[tokio::test(start_paused = true)]
async fn log_messages_arrive_before_the_answers_after_them() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let (client, mut fake) = modern(|builder| {
        let heard = Arc::clone(&heard);
        builder.on_log(move |message| {
            heard.lock().unwrap().push(message.data.clone());
            assert_ne!(message.data, "trouble", "this panic is part of the test");
        })
    })
    .await;
    let (result, ()) = tokio::join!(client.call("t", ()).into_future(), async {
        let request = fake.expect("tools/call").await;
        for data in ["one", "trouble", "two"] {
            let params = json!({ "level": "info", "data": data });
            fake.say(json!({ "jsonrpc": "2.0", "method": "notifications/message", "params": params })).await;
        }
        fake.answer(&request, text("")).await;
    });
    result.unwrap();
    // A listener that panicked did not end the connection.
    assert_eq!(*heard.lock().unwrap(), ["one", "trouble", "two"]);
}

#[tokio::test(start_paused = true)]
async fn every_call_learns_that_the_connection_ended() {
    let (client, mut fake) = modern(|builder| builder).await;
    let (one, two, ()) = tokio::join!(client.call("a", ()).into_future(), client.read("b").into_future(), async {
        fake.expect("tools/call").await;
        fake.expect("resources/read").await;
        drop(fake);
    });
    for error in [one.unwrap_err(), two.unwrap_err(), client.call("c", ()).await.unwrap_err()] {
        assert_eq!(error.to_string(), "the connection to the server ended");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_ends_during_the_handshake_is_no_silence() {
    let (builder, mut fake) = pair();
    let (client, ()) = tokio::join!(builder.connect(), async {
        fake.expect("server/discover").await;
        drop(fake);
    });
    assert!(matches!(client, Err(Error::Closed { .. })), "{client:?}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_a_line_break_counts_if_it_is_the_last() {
    let (client, mut fake) = modern(|builder| builder).await;
    let (result, ()) = tokio::join!(client.call("a", ()).into_future(), async {
        let request = fake.expect("tools/call").await;
        fake.raw(&json!({ "jsonrpc": "2.0", "id": request["id"], "result": text("") }).to_string()).await;
        drop(fake);
    });
    result.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_too_long_ends_the_connection() {
    for (length, fits) in [(1000, true), (5000, false)] {
        let (client, mut fake) = modern(|builder| builder.longest_message(4096)).await;
        let (result, ()) = tokio::join!(client.call("a", ()).into_future(), async {
            let request = fake.expect("tools/call").await;
            fake.answer(&request, text(&"x".repeat(length))).await;
        });
        assert_eq!(result.is_ok(), fits);
        if let Err(error) = result {
            let cause = std::error::Error::source(&error).unwrap().to_string();
            assert_eq!(cause, "the server sent a line of more than 4096 bytes; the client can raise the limit");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn requests_wait_for_a_server_that_does_not_read_and_not_forever() {
    let (client, mut fake) = modern(|builder| builder).await;
    // More than the pipe and the queue hold.
    let calls: Vec<_> =
        (0..20).map(|_| tokio::spawn(client.call("t", json!({ "a": "x".repeat(1 << 20) })).into_future())).collect();
    let all = async {
        for call in calls {
            assert!(matches!(call.await.unwrap(), Err(Error::Timeout { .. })));
        }
    };
    timeout(Duration::from_secs(61), all).await.unwrap();
    // Whoever had to wait was never sent, so that nothing is told about it.
    let (mut calls, mut notices) = (0, 0);
    while let Ok(Some(message)) = timeout(Duration::from_secs(10), fake.next()).await {
        if message["method"] == "tools/call" { calls += 1 } else { notices += 1 }
    }
    assert!(calls == notices && (4..12).contains(&calls), "{calls} calls, {notices} notices");
}

#[tokio::test(start_paused = true)]
async fn closing_ends_the_servers_input_and_lets_it_finish() {
    let (client, mut fake) = modern(|builder| builder).await;
    let other = client.clone();
    let (closed, call, ()) = tokio::join!(client.clone().close(), other.call("slow", ()).into_future(), async {
        assert_eq!(fake.next().await, None);
        drop(fake);
    });
    assert_eq!(closed, None);
    assert!(matches!(call, Err(Error::Closed { .. })), "{call:?}");

    let (client, mut fake) = modern(|builder| builder).await;
    let call = tokio::spawn(client.call("slow", ()).into_future());
    let request = fake.expect("tools/call").await;
    let ((), _) = tokio::join!(
        async {
            assert_eq!(fake.next().await, None);
            fake.answer(&request, text("just in time")).await;
            drop(fake);
        },
        client.close()
    );
    call.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_end_is_left() {
    let (client, mut fake) = modern(|builder| builder.grace(Duration::from_secs(7))).await;
    let began = tokio::time::Instant::now();
    client.clone().close().await;
    assert_eq!(began.elapsed(), Duration::from_secs(7));
    assert!(matches!(client.ping().await, Err(Error::Closed { .. })));
    assert_eq!(fake.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn the_last_client_that_is_dropped_ends_the_connection() {
    let (client, mut fake) = modern(|builder| builder).await;
    let (other, request) = (client.clone(), client.call("t", ()));
    drop(client);
    drop(request);
    fake.expect_silence().await;
    drop(other);
    assert_eq!(timeout(Duration::from_secs(1), fake.next()).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_given_up_while_it_is_made_ends() {
    let (builder, mut fake) = pair();
    let connecting = tokio::spawn(builder.connect());
    fake.expect("server/discover").await;
    connecting.abort();
    assert_eq!(timeout(Duration::from_secs(1), fake.next()).await.unwrap(), None);
}

#[tokio::test]
async fn a_flood_of_progress_does_not_hold_up_the_clock() {
    let (client, mut fake) = modern(|builder| builder).await;
    let flood = async {
        let request = fake.expect("tools/call").await;
        let params = json!({ "progressToken": request["id"], "progress": 1 });
        let line = format!("{}\n", json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": params }));
        loop {
            fake.raw(&line).await;
        }
    };
    let mut heard = 0_usize;
    let call = client.call("t", ()).timeout(Duration::from_millis(100)).on_progress(|_| heard += 1);
    let result = timeout(Duration::from_secs(30), async {
        tokio::select! {
            result = call.into_future() => result,
            () = flood => unreachable!(),
        }
    });
    assert!(matches!(result.await.unwrap(), Err(Error::Timeout { .. })));
    assert!(heard > 0);
}

#[tokio::test(start_paused = true)]
async fn who_listens_learns_at_once_that_a_connection_is_gone_for_good() {
    for revision in [Revision::LATEST, Revision::V2025_11_25] {
        let (client, mut fake) = match revision {
            Revision::LATEST => modern(|builder| builder).await,
            _ => legacy(|builder| builder).await,
        };
        let filter = SubscriptionFilter { tools_list_changed: Some(true), ..SubscriptionFilter::default() };
        let listening = tokio::spawn(async move { client.listen(filter).await });
        if revision == Revision::LATEST {
            let request = fake.expect("subscriptions/listen").await;
            let meta = json!({ "io.modelcontextprotocol/subscriptionId": request["id"] });
            let params = json!({ "notifications": { "toolsListChanged": true }, "_meta": meta });
            let method = "notifications/subscriptions/acknowledged";
            fake.say(json!({ "jsonrpc": "2.0", "method": method, "params": params })).await;
        }
        let mut changes = listening.await.unwrap().unwrap();
        drop(fake);
        let start = Instant::now();
        let error = changes.next().await.unwrap_err();
        assert!(matches!(error, Error::Closed { .. }), "{error}");
        assert!(start.elapsed() < Duration::from_secs(1), "{revision}: {:?}", start.elapsed());
    }
}
