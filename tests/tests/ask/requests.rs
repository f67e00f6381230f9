//! Up to 2025-11-25 a server asks by requests of its own: in what order they go out, and how they are taken back.

use std::time::Duration;

use mcp_runtime::{AskError, Context, Limits, Revision, server, tool};
use mcp_tests::client::{Client, everything, said, text};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use crate::{asking, is_tool_error, with_requests};

fn response(question: &Value, result: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": question["id"], "result": result })
}

/// Begins a call of a tool and gives its id.
async fn begin(client: &mut Client, tool: &str, arguments: Value) -> String {
    let id = client.id();
    let message = client.message(id.as_str(), "tools/call", json!({ "name": tool, "arguments": arguments }));
    client.send(&message).await;
    id
}

#[tokio::test(start_paused = true)]
async fn several_questions_go_out_before_any_answer_and_are_answered_in_any_order() {
    for revision in with_requests() {
        for is_reversed in [false, true] {
            let mut client = Client::open(asking(), revision, everything(revision)).await;
            let id = begin(&mut client, "both", json!({})).await;
            let questions = client.rest().await;
            let methods: Vec<_> = questions.iter().map(|question| question["method"].as_str().unwrap()).collect();
            assert_eq!(methods, ["sampling/createMessage", "roots/list"], "{revision}");
            let mut answers = [
                response(&questions[0], said("soup")),
                response(&questions[1], json!({ "roots": [{ "uri": "file:///a" }] })),
            ];
            if is_reversed {
                answers.reverse();
            }
            client.send(&answers[0]).await;
            assert_eq!(client.rest().await, Vec::<Value>::new(), "{revision}");
            client.send(&answers[1]).await;
            let answer = client.next().await;
            assert_eq!((&answer["id"], text(&answer["result"])), (&json!(id), "soup in 1"), "{revision}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_questions_of_many_calls_are_told_apart() {
    for revision in with_requests() {
        let mut client = Client::open(asking(), revision, everything(revision)).await;
        for number in 0..20 {
            begin(&mut client, "think", json!({ "text": number.to_string() })).await;
        }
        let mut questions = client.rest().await;
        assert_eq!(questions.len(), 20, "{revision}");
        questions.reverse();
        for question in &questions {
            let asked = question["params"]["messages"][0]["content"]["text"].as_str().unwrap();
            client.send(&response(question, said(&format!("re {asked}")))).await;
            let answer = client.next().await;
            assert_eq!(text(&answer["result"]), format!("re {asked}"), "{revision}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_of_the_client_is_told_to_the_model() {
    for revision in with_requests() {
        let mut client = Client::open(asking(), revision, everything(revision)).await;
        begin(&mut client, "think", json!({ "text": "?" })).await;
        let question = client.next().await;
        let error = json!({ "code": -1, "message": "the user said no" });
        client.send(&json!({ "jsonrpc": "2.0", "id": question["id"], "error": error })).await;
        let result = client.next().await["result"].take();
        assert!(is_tool_error(&result), "{revision}: {result}");
        assert!(text(&result).contains("the user said no (-1)"), "{revision}: {result}");
        // Where there is no tool error, it is an error of the request.
        let id = client.id();
        let message = client.message(id, "prompts/get", json!({ "name": "recipe" }));
        client.send(&message).await;
        let question = client.next().await;
        client.send(&json!({ "jsonrpc": "2.0", "id": question["id"], "error": { "code": -1, "message": "no" } })).await;
        let answer = client.next().await;
        assert_eq!(answer["error"]["code"], -32603, "{revision}: {answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_another_shape_is_told_to_the_model() {
    for revision in with_requests() {
        let mut client = Client::open(asking(), revision, everything(revision)).await;
        begin(&mut client, "look", json!({})).await;
        let question = client.next().await;
        client.send_wrong(&response(&question, json!({ "rots": [] }))).await;
        let result = client.next().await["result"].take();
        assert!(is_tool_error(&result) && text(&result).contains("`roots`"), "{revision}: {result}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_cancelled_while_it_asks_takes_its_question_back() {
    for revision in with_requests() {
        let mut client = Client::open(asking(), revision, everything(revision)).await;
        let id = begin(&mut client, "both", json!({})).await;
        let questions = client.rest().await;
        // One was answered already: only the other one is taken back.
        client.send(&response(&questions[0], said("soup"))).await;
        client.notify("notifications/cancelled", Some(json!({ "requestId": id }))).await;
        let rest = client.rest().await;
        assert_eq!(rest.len(), 1, "{revision}: {rest:?}");
        assert_eq!(rest[0]["method"], "notifications/cancelled", "{revision}");
        assert_eq!(rest[0]["params"]["requestId"], questions[1]["id"], "{revision}");
        // An answer that comes all the same is passed over.
        client.send(&response(&questions[1], json!({ "roots": [] }))).await;
        assert_eq!(client.rest().await, Vec::<Value>::new(), "{revision}");
    }
}

/// Asks, but not for long.
#[tool]
async fn impatient(cx: &Context) -> String {
    match timeout(Duration::from_secs(1), cx.roots()).await {
        Ok(answer) => format!("{answer:?}"),
        Err(_) => "went on without".to_owned(),
    }
}

/// Asks for as long as it takes.
#[tool]
async fn patient(cx: &Context) -> Result<usize, AskError> {
    Ok(cx.roots().await?.len())
}

#[tokio::test(start_paused = true)]
async fn a_question_that_is_dropped_is_taken_back() {
    for revision in with_requests() {
        let mut client = Client::open(server![impatient], revision, everything(revision)).await;
        let id = begin(&mut client, "impatient", json!({})).await;
        let frames = client.rest().await;
        assert_eq!(frames[0]["method"], "roots/list", "{revision}");
        assert_eq!(frames[1]["method"], "notifications/cancelled", "{revision}");
        assert_eq!(frames[1]["params"]["requestId"], frames[0]["id"], "{revision}");
        assert_eq!((&frames[2]["id"], text(&frames[2]["result"])), (&json!(id), "went on without"), "{revision}");
        assert_eq!(frames.len(), 3, "{revision}: {frames:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_answer_is_waited_for_as_long_as_the_limit_says() {
    for revision in with_requests() {
        let server = server![patient].limits(Limits::default().answer(Duration::from_secs(20)));
        let mut client = Client::open(server, revision, everything(revision)).await;
        let begun = Instant::now();
        begin(&mut client, "patient", json!({})).await;
        let frames = [client.next().await, client.next().await, client.next().await];
        assert_eq!(begun.elapsed().as_secs(), 20, "{revision}");
        assert_eq!(frames[1]["params"]["requestId"], frames[0]["id"], "{revision}");
        assert!(is_tool_error(&frames[2]["result"]), "{revision}: {frames:?}");
        assert!(text(&frames[2]["result"]).contains("in time"), "{revision}: {frames:?}");
        // The control: asked again, it answers just in time.
        begin(&mut client, "patient", json!({})).await;
        let question = client.next().await;
        tokio::time::sleep(Duration::from_secs(19)).await;
        client.send(&response(&question, json!({ "roots": [] }))).await;
        assert_eq!(text(&client.next().await["result"]), "0", "{revision}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_asks_ends_with_its_client() {
    for revision in with_requests() {
        let mut client = Client::open(asking(), revision, everything(revision)).await;
        let id = begin(&mut client, "look", json!({})).await;
        assert_eq!(client.next().await["method"], "roots/list", "{revision}");
        // `close` fails if the server does not end.
        let rest = client.close().await;
        assert!(!rest.iter().any(|frame| frame["id"] == id && frame.get("result").is_some()), "{revision}: {rest:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_found_by_an_id_that_came_back_as_text() {
    let revision = Revision::V2025_11_25;
    let mut client = Client::open(asking(), revision, everything(revision)).await;
    begin(&mut client, "look", json!({})).await;
    let mut question = client.next().await;
    question["id"] = question["id"].to_string().into();
    client.send_wrong(&response(&question, json!({ "roots": [] }))).await;
    assert_eq!(text(&client.next().await["result"]), "[]");
}
