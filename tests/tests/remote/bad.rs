//! Servers that answer nonsense, too much, or never: an error that says which server and what, and no hang.

use std::time::Duration;

use mcp_runtime::Client;
use mcp_runtime::client::{Error, Retry};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::fake::{Fake, Hit, discovered, modern, session, text};

/// What becomes of a call that is answered like this.
async fn outcome(answer: impl AsyncFnOnce(Hit)) -> Result<(), Error> {
    outcome_within(Duration::from_mins(1), answer).await
}

/// The same with this time for the call: the handshake before it may take longer.
async fn outcome_within(time: Duration, answer: impl AsyncFnOnce(Hit)) -> Result<(), Error> {
    let (client, fake) = modern(|builder| builder.longest_message(1 << 20)).await;
    let call = tokio::spawn(client.call("t", ()).timeout(time).into_future());
    answer(fake.expect("tools/call").await).await;
    let outcome = timeout(Duration::from_secs(90), call).await.expect("the call hangs").unwrap().map(drop);
    // Whatever went wrong, the error says where.
    if let Err(error) = &outcome {
        assert!(error.to_string().contains(&fake.url()), "{error}");
    }
    outcome
}

fn told(outcome: Result<(), Error>) -> String {
    let error = outcome.expect_err("nonsense was taken for an answer");
    let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    format!("{error}: {cause}")
}

#[tokio::test]
async fn a_good_answer_is_one() {
    outcome(async |hit| hit.result(text("")).await).await.unwrap();
    outcome(async |mut hit| {
        hit.stream().await;
        let done = hit.done(&text(""));
        hit.event(&done).await;
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn an_answer_to_another_request_is_none() {
    let wrong = |id: Value| json!({ "jsonrpc": "2.0", "id": id, "result": text("") });
    for id in [json!(999), json!("1")] {
        let told = told(outcome(async |hit| hit.json(200, wrong(id.clone())).await).await);
        assert!(told.contains("it belongs to another request or to none"), "{told}");
    }
    let told = told(
        outcome(async |mut hit| {
            hit.stream().await;
            hit.event(&wrong(json!(999))).await;
        })
        .await,
    );
    assert!(told.contains("the stream ended before the answer came"), "{told}");
}

#[tokio::test]
async fn an_answer_that_comes_twice_counts_once() {
    outcome(async |mut hit| {
        hit.stream().await;
        let (one, two) = (hit.done(&text("one")), hit.done(&text("two")));
        hit.event(&one).await;
        hit.event(&two).await;
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn no_answer_is_waited_for_no_longer_than_said() {
    for streams in [false, true] {
        let error = outcome_within(Duration::from_millis(300), async |mut hit| {
            if streams {
                hit.stream().await;
            }
            // Kept open for longer than the call has, on however busy a machine.
            tokio::time::sleep(Duration::from_secs(5)).await;
        })
        .await
        .unwrap_err();
        assert!(matches!(error, Error::Timeout { .. }), "{error}");
    }
}

#[tokio::test]
async fn html_is_no_answer() {
    let html = "<html>\u{1b}[31mWelcome</html>";
    let told = told(outcome(async |hit| hit.answer(200, "Content-Type: text/html\r\n", html).await).await);
    assert!(
        told.contains("neither JSON nor a stream") && told.contains("Welcome") && !told.contains('\u{1b}'),
        "{told}"
    );
    let told = self::told(outcome(async |hit| hit.answer(502, "Content-Type: text/html\r\n", html).await).await);
    assert!(told.contains("the status 502: <html>"), "{told}");
    let told = self::told(outcome(async |hit| hit.answer(200, "Content-Type: application/json\r\n", html).await).await);
    assert!(told.contains("makes no sense") && told.contains("Welcome"), "{told}");
    let told = self::told(outcome(async |hit| hit.answer(202, "", "").await).await);
    assert!(told.contains("nothing"), "{told}");
}

#[tokio::test]
async fn half_a_frame_is_no_answer() {
    let told = told(
        outcome(async |mut hit| {
            hit.write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"jsonrpc\"")
                .await;
        })
        .await,
    );
    assert!(told.contains("http://127.0.0.1") && told.contains("failed"), "{told}");
}

#[tokio::test]
async fn a_hundred_megabytes_are_not_kept() {
    for head in ["Content-Type: application/json\r\n", "Content-Type: text/event-stream\r\n"] {
        let told = told(
            outcome(async |mut hit| {
                hit.write(format!("HTTP/1.1 200 OK\r\n{head}Connection: close\r\n\r\ndata: ")).await;
                let chunk = vec![b'x'; 1 << 20];
                let mut sent = 0;
                while sent < 100 && hit.write(&chunk).await {
                    sent += 1;
                }
                assert!(sent < 100, "the client took all of it");
            })
            .await,
        );
        assert!(told.contains("longer than 1048576 bytes"), "{told}");
    }
}

#[tokio::test]
async fn a_stream_that_is_cut_within_a_character_is_no_answer() {
    let told = told(
        outcome(async |mut hit| {
            hit.stream().await;
            let done = format!("data: {}", hit.done(&text("\u{1f600}")));
            let cut = done.find('\u{1f600}').unwrap() + 2;
            hit.write(&done.as_bytes()[..cut]).await;
        })
        .await,
    );
    assert!(told.contains("the stream ended before the answer came"), "{told}");
    // The same in two pieces is one.
    outcome(async |mut hit| {
        hit.stream().await;
        let done = format!("data: {}\n\n", hit.done(&text("\u{1f600}")));
        let cut = done.find('\u{1f600}').unwrap() + 2;
        hit.write(&done.as_bytes()[..cut]).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        hit.write(&done.as_bytes()[cut..]).await;
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_million_empty_events_are_passed_over() {
    outcome(async |mut hit| {
        hit.stream().await;
        let events = "event: x\n\n:\n\n".repeat(10_000);
        for _ in 0..100 {
            assert!(hit.write(&events).await);
        }
        let done = hit.done(&text(""));
        hit.event(&done).await;
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_flood_of_notifications_is_dropped_where_nobody_keeps_up() {
    let (client, fake) = modern(|builder| builder).await;
    let mut logs = client.logs();
    let call = tokio::spawn(client.call("t", ()).into_future());
    let mut hit = fake.expect("tools/call").await;
    hit.stream().await;
    let params = json!({ "level": "info", "data": "x".repeat(1000) });
    let line =
        format!("data: {}\n\n", json!({ "jsonrpc": "2.0", "method": "notifications/message", "params": params }));
    let lines = line.repeat(100);
    for _ in 0..100 {
        assert!(hit.write(&lines).await);
    }
    let done = hit.done(&text(""));
    hit.event(&done).await;
    call.await.unwrap().unwrap();
    assert_eq!(logs.missed(), 10_000 - 1024);
    for _ in 0..1024 {
        logs.next().await.unwrap();
    }
}

#[tokio::test]
async fn a_server_that_pings_and_hears_no_answer_takes_few_connections() {
    const PINGS: usize = 10_000;
    let (client, fake) = session(|builder| builder).await;
    let call = tokio::spawn(client.call("t", ()).into_future());
    let mut hit = fake.expect("tools/call").await;
    hit.stream().await;
    // Whoever answers is let in, and never hears that it was heard.
    let (teller, mut told) = mpsc::unbounded_channel();
    let answering = tokio::spawn(async move { while teller.send(fake.next().await).is_ok() {} });
    for id in 0..PINGS {
        hit.event(&json!({ "jsonrpc": "2.0", "id": id, "method": "ping" })).await;
    }
    let mut held = Vec::new();
    while let Ok(Some(answer)) = timeout(Duration::from_secs(1), told.recv()).await {
        assert_eq!(answer.body["result"], json!({}), "{}", answer.body);
        held.push(answer);
    }
    assert!((1..=64).contains(&held.len()), "{} connections for {PINGS} pings", held.len());
    let done = hit.done(&text(""));
    hit.event(&done).await;
    timeout(Duration::from_mins(1), call).await.expect("the call hangs").unwrap().unwrap();
    answering.abort();
}

#[tokio::test]
async fn a_flood_of_changes_is_no_acknowledgement() {
    let (client, fake) = modern(|builder| builder.timeout(Duration::from_secs(3))).await;
    let subscribing = tokio::spawn(async move { client.subscribe("x://a").await.map(drop) });
    let mut hit = fake.expect("subscriptions/listen").await;
    hit.stream().await;
    let params = json!({ "uri": "x://a", "_meta": { "io.modelcontextprotocol/subscriptionId": hit.body["id"] } });
    let updated = json!({ "jsonrpc": "2.0", "method": "notifications/resources/updated", "params": params });
    let lines = format!("data: {updated}\n\n").repeat(100);
    // For as long as somebody listens.
    let flooding = tokio::spawn(async move { while hit.write(&lines).await {} });
    let error = timeout(Duration::from_mins(1), subscribing).await.expect("it goes on").unwrap().unwrap_err();
    assert!(matches!(error, Error::Timeout { .. }), "{error}");
    timeout(Duration::from_mins(1), flooding).await.expect("the stream stays open").unwrap();
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let fake = Fake::open().await;
    let url = fake.url();
    drop(fake);
    let error = Client::http(&url).connect().await.unwrap_err();
    assert_eq!(error.to_string(), format!("the connection to the server at `{url}` failed"));
}

#[tokio::test]
async fn every_error_names_the_address_without_what_is_secret_in_it() {
    let fake = Fake::open().await;
    let url = fake.url();
    let secret = url.replace("http://", "http://user:hunter2@") + "?token=hunter2#hunter2";
    let connecting = tokio::spawn(Client::http(&secret).retry(Retry::never()).connect());
    fake.expect("server/discover").await.result(discovered()).await;
    let client = connecting.await.unwrap().unwrap();
    let call = tokio::spawn(client.call("t", ()).into_future());
    fake.expect("tools/call").await.refuse(200, -32602).await;
    let told = call.await.unwrap().unwrap_err().to_string();
    assert_eq!(told, format!("the server at `{url}` refused `tools/call`: no (-32602)"));
    let call = tokio::spawn(client.call("t", ()).into_future());
    fake.expect("tools/call").await.answer(200, "Content-Type: application/json\r\n", "7").await;
    let told = call.await.unwrap().unwrap_err().to_string();
    assert!(
        told.starts_with(&format!("the answer of the server at `{url}` to `tools/call` makes no sense: ")),
        "{told}"
    );
    let call = tokio::spawn(client.call("t", ()).timeout(Duration::from_millis(200)).into_future());
    let hit = fake.expect("tools/call").await;
    let told = call.await.unwrap().unwrap_err().to_string();
    assert_eq!(told, format!("the server at `{url}` did not answer `tools/call` within 200ms"));
    drop(hit);
    client.clone().close().await;
    let told = client.call("t", ()).await.unwrap_err().to_string();
    assert_eq!(told, format!("the connection to the server at `{url}` ended"));
    for (wrong, shown) in [
        ("ftp://user:hunter2@example.com/a?hunter2", "ftp://example.com/a"),
        ("user:hunter2@example.com?hunter2", "example.com"),
    ] {
        let told = Client::http(wrong).connect().await.unwrap_err().to_string();
        assert!(told.contains(shown) && !told.contains("hunter2"), "{told}");
    }
    let told = Client::http(&secret).header("a b", "c").connect().await.unwrap_err().to_string();
    assert_eq!(told, format!("a client for `{url}` cannot be started"));
}
