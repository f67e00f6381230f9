//! The server as a service in somebody else's application, which says who calls: sessions, and what a client keeps between the
//! rounds of a call, belong to whom they were given.

use std::time::Duration;

use http_body_util::BodyExt;
use mcp_runtime::{HttpOptions, Limits};
use mcp_tests::application::Application;
use mcp_tests::connection::{modern, request};
use mcp_tests::http::Session;
use mcp_tests::site::{Log, server};
use serde_json::{Value, json};
use tower::ServiceExt;

const ALICE: Option<&str> = Some("alice");
const BOB: Option<&str> = Some("bob");

fn limited(limits: Limits) -> Application {
    Application::new(server(&Log::default()).limits(limits))
}

fn who() -> Value {
    request("call", "tools/call", json!({ "name": "who" }))
}

#[tokio::test]
async fn a_session_belongs_to_whoever_opened_it() {
    let application = limited(Limits::default());
    let (alices, nobodys) = (application.open(ALICE).await, application.open(None).await);
    let answer = application.send(ALICE, "POST", &[("mcp-session-id", &alices)], &who()).await;
    assert_eq!((answer.status, answer.said().as_str()), (200, "alice"));
    let answer = application.send(None, "POST", &[("mcp-session-id", &nobodys)], &who()).await;
    assert_eq!((answer.status, answer.said().as_str()), (200, "nobody"));
    for (thief, id) in
        [(BOB, &alices), (None, &alices), (ALICE, &nobodys), (Some(""), &nobodys), (Some("Alice"), &alices)]
    {
        for verb in ["POST", "GET", "DELETE"] {
            let answer = application.send(thief, verb, &[("mcp-session-id", id)], &who()).await;
            answer.refused(404, -32600);
            let unknown = application.send(thief, verb, &[("mcp-session-id", "unknown")], &who()).await;
            assert_eq!(answer.text(), unknown.text(), "it looks as if there were none");
        }
    }
    let answer = application.send(ALICE, "GET", &[("mcp-session-id", &alices)], &Value::Null).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/event-stream")));
    let answer = application.send(ALICE, "DELETE", &[("mcp-session-id", &alices)], &Value::Null).await;
    assert_eq!(answer.status, 204);
}

#[tokio::test]
async fn a_session_has_only_so_many_calls_at_a_time() {
    let application = limited(Limits::default());
    let id = application.open(None).await;
    let lines = [("mcp-session-id", id.as_str())];
    let call =
        |id: u32| request(id, "tools/call", json!({ "name": "nap", "arguments": { "name": "x", "millis": 60_000 } }));
    for id in 0..1025 {
        // Nobody waits for it, but it goes on.
        let sent =
            tokio::time::timeout(Duration::from_millis(1), application.send(None, "POST", &lines, &call(id))).await;
        if id < 1024 {
            assert!(sent.is_err(), "{id}: {}", sent.unwrap());
            continue;
        }
        let answer = sent.unwrap();
        assert_eq!((&answer.json()["error"]["code"], &answer.json()["id"]), (&json!(-32603), &json!(1024)), "{answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_long_is_told_that_the_other_side_is_alive() {
    let service = limited(Limits::default()).0;
    let began = tokio::time::Instant::now();
    let message =
        modern("call", "tools/call", json!({ "name": "nap", "arguments": { "name": "x", "millis": 50_000 } }));
    let request = http::Request::post("/")
        .header("host", "localhost")
        .header("content-type", "application/json")
        .header("mcp-protocol-version", "2026-07-28")
        .header("mcp-method", "tools/call")
        .header("mcp-name", "nap")
        .body(message.to_string())
        .unwrap();
    let response = service.oneshot(request).await.unwrap();
    assert_eq!(began.elapsed().as_secs(), 15, "a silent call becomes a stream");
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.into_body();
    let mut comments = 0;
    let answer = loop {
        let text = body.frame().await.unwrap().unwrap().into_data().unwrap();
        if &*text != b":\n\n" {
            break text;
        }
        comments += 1;
    };
    assert_eq!(comments, 2);
    assert_eq!(began.elapsed().as_secs(), 50);
    assert!(String::from_utf8(answer.to_vec()).unwrap().contains("x slept"));
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn sessions_that_are_over_or_never_began_leave_nothing_behind() {
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let options = HttpOptions::default().sessions(1);
    let application = Application::new(server(&Log::default()).http(options));
    let id = application.open(None).await;
    let before = tasks();
    assert!(before > 0, "a session that is open has tasks");
    for _ in 0..20 {
        let refused = application.send(None, "POST", &[], &Session::initialize("2025-11-25")).await;
        refused.refused(503, -32600);
    }
    settle().await;
    assert_eq!(tasks(), before);
    let answer = application.send(None, "DELETE", &[("mcp-session-id", &id)], &Value::Null).await;
    assert_eq!(answer.status, 204);
    settle().await;
    assert_eq!(tasks(), 0);
}

/// Lets tasks that were aborted end.
async fn settle() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

/// Begins a call that asks, and gives what the client is to keep.
async fn asked(application: &Application, who: Option<&str>) -> String {
    let answer = application.modern(who, "confirm", json!({ "arguments": { "item": "x" } })).await;
    let result = answer.json()["result"].clone();
    assert_eq!((answer.status, &result["resultType"]), (200, &json!("input_required")), "{answer}");
    result["requestState"].as_str().unwrap().to_owned()
}

fn answered(item: &str, state: &str) -> Value {
    let answers = json!({ "confirm": { "action": "accept", "content": { "ok": true } } });
    json!({ "arguments": { "item": item }, "inputResponses": answers, "requestState": state })
}

#[tokio::test]
async fn state_is_good_for_the_call_and_the_caller_it_was_made_for() {
    let application = limited(Limits::default());
    let state = asked(&application, ALICE).await;
    let served = async |application: &Application, params: Value| {
        let answer = application.modern(ALICE, "confirm", params).await;
        assert_eq!((answer.status, answer.said().as_str()), (200, "x: true"), "{answer}");
    };
    served(&application, answered("x", &state)).await;
    let mut refused = Vec::new();
    refused.push(application.modern(BOB, "confirm", answered("x", &state)).await);
    refused.push(application.modern(None, "confirm", answered("x", &state)).await);
    refused.push(application.modern(ALICE, "confirm_too", answered("x", &state)).await);
    refused.push(application.modern(ALICE, "confirm", answered("y", &state)).await);
    let mut more = answered("x", &state);
    more["arguments"]["more"] = json!(1);
    refused.push(application.modern(ALICE, "confirm", more).await);
    let mut none = answered("x", &state);
    none["arguments"] = json!({});
    refused.push(application.modern(ALICE, "confirm", none).await);
    let swapped: String = state.chars().rev().collect();
    let changed = format!("{}{}", if state.starts_with('A') { "B" } else { "A" }, &state[1..]);
    for tampered in [&format!("{state}-TAMPERED"), &state[..state.len() - 4], &changed, &swapped, "", "AAAA", "?"] {
        refused.push(application.modern(ALICE, "confirm", answered("x", tampered)).await);
    }
    for answer in refused {
        let message = answer.refused_call(400, -32602);
        assert!(message.contains("`requestState`") && message.contains("begin again"), "{message}");
    }
    for wrong in [json!(7), json!({}), json!([])] {
        let mut params = answered("x", &state);
        params["requestState"] = wrong;
        application.modern(ALICE, "confirm", params).await.refused_call(400, -32602);
    }
    // None of this has used it up.
    served(&application, answered("x", &state)).await;
    let nobodys = asked(&application, None).await;
    let answer = application.modern(None, "confirm", answered("x", &nobodys)).await;
    assert_eq!(answer.said(), "x: true");
    application.modern(ALICE, "confirm", answered("x", &nobodys)).await.refused_call(400, -32602);
}

#[tokio::test]
async fn state_grows_stale() {
    let application = limited(Limits::default().answer(Duration::from_secs(4)));
    let state = asked(&application, ALICE).await;
    let answer = application.modern(ALICE, "confirm", answered("x", &state)).await;
    assert_eq!(answer.said(), "x: true");
    tokio::time::sleep(Duration::from_millis(5100)).await;
    let message = application.modern(ALICE, "confirm", answered("x", &state)).await.refused_call(400, -32602);
    assert!(message.contains("expired"), "{message}");
    let state = asked(&application, ALICE).await;
    assert_eq!(application.modern(ALICE, "confirm", answered("x", &state)).await.said(), "x: true");
}

#[tokio::test]
async fn state_is_good_at_another_server_with_the_same_key() {
    let keyed = |key: u8| Application::new(server(&Log::default()).state_key([key; 32]));
    let state = asked(&keyed(1), ALICE).await;
    assert_eq!(keyed(1).modern(ALICE, "confirm", answered("x", &state)).await.said(), "x: true");
    keyed(2).modern(ALICE, "confirm", answered("x", &state)).await.refused_call(400, -32602);
}

#[tokio::test]
async fn a_service_takes_any_path_and_checks_the_rest() {
    let application = limited(Limits::default());
    let lines = [("mcp-protocol-version", "2026-07-28"), ("mcp-method", "tools/list")];
    let list = modern("call", "tools/list", json!({}));
    assert_eq!(application.send(ALICE, "POST", &lines, &list).await.status, 200);
    application.send(ALICE, "PUT", &lines, &list).await.refused(405, -32600);
    let foreign = [lines[0], lines[1], ("origin", "https://evil.example")];
    application.send(ALICE, "POST", &foreign, &list).await.refused(403, -32600);
    let doubled = [lines[0], lines[1], ("host", "evil.example")];
    application.send(ALICE, "POST", &doubled, &list).await.refused(400, -32600);
}
