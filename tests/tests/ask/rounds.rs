//! In 2026-07-28 a call ends when it asks and begins again with the answers: which of them it takes.

use std::time::Duration;

use mcp_runtime::{AskError, Context, Revision, Server, server, tool};
use mcp_tests::client::{Client, accepted, everything, said, text};
use serde_json::{Value, json};
use tower::timeout::TimeoutLayer;
use tower::util::MapRequestLayer;

use crate::{asking, unasked};

async fn client(server: Server) -> Client {
    Client::open(server, Revision::V2026_07_28, everything(Revision::V2026_07_28)).await
}

/// Calls a tool with answers.
async fn again(client: &mut Client, tool: &str, answers: Value, state: &Value) -> Value {
    client.request("tools/call", json!({ "name": tool, "inputResponses": answers, "requestState": state })).await
}

fn keys(result: &Value) -> Vec<&str> {
    let requests = result["inputRequests"].as_object().unwrap_or_else(|| panic!("nothing is asked in {result}"));
    requests.keys().map(String::as_str).collect()
}

#[tokio::test(start_paused = true)]
async fn several_questions_go_out_in_one_result() {
    let mut client = client(asking()).await;
    let asked = client.call("both", json!({})).await;
    assert_eq!(keys(&asked), ["ask-1", "ask-2"]);
    let answers = json!({ "ask-1": said("soup"), "ask-2": { "roots": [{ "uri": "file:///a" }] } });
    let result = again(&mut client, "both", answers, &asked["requestState"]).await;
    assert_eq!(text(&result), "soup in 1");
}

#[tokio::test(start_paused = true)]
async fn what_was_not_answered_is_asked_again_and_what_was_answered_is_not() {
    let mut client = client(asking()).await;
    let asked = client.call("both", json!({})).await;
    let roots = json!({ "ask-2": { "roots": [{ "uri": "file:///a" }] } });
    let asked_again = again(&mut client, "both", roots, &asked["requestState"]).await;
    assert_eq!(keys(&asked_again), ["ask-1"]);
    let dish = json!({ "ask-1": said("soup") });
    let result = again(&mut client, "both", dish.clone(), &asked_again["requestState"]).await;
    assert_eq!(text(&result), "soup in 1");
    // Without the second state, the first answer is forgotten.
    let asked_again = again(&mut client, "both", dish, &asked["requestState"]).await;
    assert_eq!(keys(&asked_again), ["ask-2"]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_given_cannot_be_taken_back() {
    let mut client = client(asking()).await;
    let asked = client.call("both", json!({})).await;
    let asked = again(&mut client, "both", json!({ "ask-1": said("soup") }), &asked["requestState"]).await;
    let answers = json!({ "ask-1": said("fish"), "ask-2": { "roots": [] } });
    let result = again(&mut client, "both", answers, &asked["requestState"]).await;
    assert_eq!(text(&result), "soup in 0");
}

#[tokio::test(start_paused = true)]
async fn each_round_has_a_state_of_its_own() {
    let mut client = client(asking()).await;
    let course = client.ask_tool("in_turn", json!({}), |_, _| said("x")).await;
    assert_eq!((course.text(), course.rounds.len()), ("xxx", 3));
    let mut states = course.states.clone();
    states.sort_unstable();
    states.dedup();
    assert_eq!(states.len(), 3);
    // Even for the same question.
    let other = client.ask_tool("in_turn", json!({}), |_, _| said("x")).await;
    assert!(other.states.iter().all(|state| !course.states.contains(state)));
}

#[tokio::test(start_paused = true)]
async fn an_answer_under_another_key_and_none_at_all_are_asked_again() {
    let mut client = client(asking()).await;
    let asked = client.call("look", json!({})).await;
    let state = &asked["requestState"];
    for answers in [json!({ "ask-2": { "roots": [] } }), json!({ "ASK-1": { "roots": [] } }), json!({})] {
        let asked = again(&mut client, "look", answers.clone(), state).await;
        assert_eq!(keys(&asked), ["ask-1"], "{answers}");
    }
    for answers in [Value::Null, json!({ "ask-1": null })] {
        let id = client.id();
        let params = json!({ "name": "look", "inputResponses": answers, "requestState": state });
        let message = client.message(id, "tools/call", params);
        client.send_wrong(&message).await;
        assert_eq!(keys(&client.next().await["result"]), ["ask-1"], "{answers}");
    }
    // Without answers, without state, and with a state of `null`.
    for state in [None, Some(Value::Null)] {
        let mut params = json!({ "name": "look" });
        if let Some(state) = state {
            params["requestState"] = state;
            let id = client.id();
            let message = client.message(id, "tools/call", params);
            client.send_wrong(&message).await;
            assert_eq!(keys(&client.next().await["result"]), ["ask-1"]);
        } else {
            assert_eq!(keys(&client.request("tools/call", params).await), ["ask-1"]);
        }
    }
    let result = again(&mut client, "look", json!({ "ask-1": { "roots": [] }, "more": { "roots": [] } }), state).await;
    assert_eq!(text(&result), "[]");
}

#[tokio::test(start_paused = true)]
async fn a_malformed_answer_ends_the_request() {
    let mut client = client(asking()).await;
    let asked = client.call("look", json!({})).await;
    for answers in [
        json!({ "ask-1": {} }),
        json!({ "ask-1": { "roots": 7 } }),
        json!({ "ask-1": "roots" }),
        json!({ "ask-1": [] }),
        json!([]),
        json!("roots"),
        json!(7),
    ] {
        let id = client.id();
        let params = json!({ "name": "look", "inputResponses": answers, "requestState": asked["requestState"] });
        let message = client.message(id.as_str(), "tools/call", params);
        client.send_wrong(&message).await;
        let answer = client.next().await;
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(id), &json!(-32602)), "{answers}: {answer}");
    }
    // The answer to another kind of question.
    let error = again(&mut client, "look", json!({ "ask-1": said("soup") }), &asked["requestState"]).await;
    assert_eq!(error["code"], -32602, "{error}");
    assert!(error["message"].as_str().unwrap().contains("`ask-1`"), "{error}");
    let result = again(&mut client, "look", json!({ "ask-1": { "roots": [] } }), &asked["requestState"]).await;
    assert_eq!(text(&result), "[]");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_ended_to_ask_is_over() {
    let mut client = client(asking()).await;
    let id = client.id();
    let message = client.message(id.as_str(), "tools/call", json!({ "name": "look" }));
    for _ in 0..2 {
        // The id is free again, and there is nothing left to be cancelled.
        let asked = client.exchange(&message).await;
        assert_eq!(keys(&asked), ["ask-1"]);
        client.notify("notifications/cancelled", Some(json!({ "requestId": id }))).await;
    }
    assert_eq!(client.rest().await, Vec::<Value>::new());
}

#[tokio::test(start_paused = true)]
async fn a_task_that_asks_ends_with_its_call() {
    let mut client = client(asking()).await;
    let metrics = tokio::runtime::Handle::current().metrics();
    let before = metrics.num_alive_tasks();
    for _ in 0..10 {
        let asked = client.call("spawned", json!({})).await;
        assert_eq!(keys(&asked), ["ask-1"]);
    }
    assert_eq!(client.rest().await, Vec::<Value>::new());
    assert_eq!(metrics.num_alive_tasks(), before);
}

/// Asks two things whose order is not known.
#[tool]
async fn named(cx: &Context, is_reversed: bool) -> Result<String, AskError> {
    let (dish, drink) = (cx.sample("A dish?").key("dish"), cx.sample("A drink?").key("drink"));
    let (dish, drink) = if is_reversed {
        let (drink, dish) = tokio::join!(drink, dish);
        (dish?, drink?)
    } else {
        let (dish, drink) = tokio::join!(dish, drink);
        (dish?, drink?)
    };
    Ok(format!("{} and {}", dish.text(), drink.text()))
}

#[tokio::test(start_paused = true)]
async fn questions_with_names_are_told_apart_in_any_order() {
    let mut client = client(server![named]).await;
    for is_reversed in [false, true] {
        let mut params = json!({ "name": "named", "arguments": { "is_reversed": is_reversed } });
        let asked = client.request("tools/call", params.clone()).await;
        assert_eq!(keys(&asked), ["dish", "drink"]);
        params["inputResponses"] = json!({ "drink": said("water"), "dish": said("soup") });
        params["requestState"] = asked["requestState"].clone();
        assert_eq!(text(&client.request("tools/call", params).await), "soup and water");
    }
}

/// Waits for something else first.
#[tool]
async fn later(cx: &Context) -> Result<String, AskError> {
    tokio::time::sleep(Duration::from_secs(3)).await;
    let dish = cx.sample("A dish?").await?.text();
    tokio::time::sleep(Duration::from_secs(3)).await;
    Ok(dish)
}

#[tokio::test(start_paused = true)]
async fn a_call_asks_also_when_it_had_to_wait_before_and_under_layers() {
    let layered =
        || server![later].layer(MapRequestLayer::new(|call| call)).layer(TimeoutLayer::new(Duration::from_secs(8)));
    for server in [server![later], layered()] {
        let mut client = client(server).await;
        let course = client.ask_tool("later", json!({}), |_, _| said("soup")).await;
        assert_eq!((course.text(), course.rounds.len()), ("soup", 1));
    }
    // What a client lacks is told through layers, too.
    let mut client = Client::open(layered(), Revision::V2026_07_28, json!({})).await;
    assert_eq!(client.ask_tool("later", json!({}), unasked).await.end["code"], -32021);
}

#[tokio::test(start_paused = true)]
async fn what_a_client_can_do_is_what_the_request_at_hand_declares() {
    let mut client = client(asking()).await;
    let asked = client.call("book", json!({})).await;
    assert_eq!(keys(&asked), ["ask-1"]);
    client.capabilities = json!({});
    let params = json!({
        "name": "book",
        "arguments": {},
        "inputResponses": { "ask-1": accepted(json!({ "name": "Ada" })) },
        "requestState": asked["requestState"],
    });
    let error = client.request("tools/call", params.clone()).await;
    assert_eq!(error["code"], -32021, "{error}");
    client.capabilities = json!({ "elicitation": {} });
    assert_eq!(text(&client.request("tools/call", params).await), "Ada, 2, window, None");
}
