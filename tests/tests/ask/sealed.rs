//! What a client of 2026-07-28 holds for the server between the rounds of a call: good for this call and for a while, and
//! for nobody to read or change.

use std::time::{Duration, Instant};

use mcp_runtime::{AskError, Context, Limits, Revision, Server, prompt, resource, server, tool};
use mcp_tests::client::{Client, accepted, everything, said, text};
use serde_json::{Value, json};

use crate::asking;

async fn client(server: Server) -> Client {
    Client::open(server, Revision::V2026_07_28, everything(Revision::V2026_07_28)).await
}

/// The parameters of a call with its answer.
fn answered(mut params: Value, state: &Value) -> Value {
    params["inputResponses"] = json!({ "ask-1": accepted(json!({ "text": "yes" })) });
    params["requestState"] = state.clone();
    params
}

fn say(question: &str) -> Value {
    json!({ "name": "say", "arguments": { "question": question } })
}

/// Fails unless the state was refused.
#[track_caller]
fn assert_refused(answer: &Value, why: &str) {
    assert_eq!(answer["code"], -32602, "{why}: {answer}");
    assert!(answer["message"].as_str().unwrap().contains("`requestState`"), "{why}: {answer}");
}

#[tokio::test(start_paused = true)]
async fn state_that_was_changed_is_refused() {
    let mut client = client(asking()).await;
    let state = client.request("tools/call", say("?")).await["requestState"].take();
    let sealed = state.as_str().unwrap();
    let mut changed: Vec<String> = vec![String::new(), "A".repeat(sealed.len()), format!("{sealed}A"), "?".to_owned()];
    changed.push(sealed[..sealed.len() - 1].to_owned());
    for index in [0, sealed.len() / 2, sealed.len() - 2] {
        let letter = if sealed.as_bytes()[index] == b'A' { "B" } else { "A" };
        changed.push(format!("{}{letter}{}", &sealed[..index], &sealed[index + 1..]));
    }
    for changed in changed {
        let answer = client.request("tools/call", answered(say("?"), &json!(changed))).await;
        assert_refused(&answer, &changed);
    }
    assert_eq!(text(&client.request("tools/call", answered(say("?"), &state)).await), "yes");
}

#[tokio::test(start_paused = true)]
async fn state_is_good_for_its_own_request_only() {
    let mut client = client(asking()).await;
    let state = client.request("tools/call", say("?")).await["requestState"].take();
    for (why, params) in [
        ("another tool", json!({ "name": "tell", "arguments": { "question": "?" } })),
        ("other arguments", say("!")),
        ("more arguments", json!({ "name": "say", "arguments": { "question": "?", "times": 1 } })),
        ("no arguments", json!({ "name": "say" })),
    ] {
        let answer = client.request("tools/call", answered(params.clone(), &state)).await;
        assert_refused(&answer, why);
        // The control: asked with these, it is answered with these, or the arguments are wrong.
        let own = client.request("tools/call", params.clone()).await["requestState"].take();
        if own.is_string() {
            let answer = client.request("tools/call", answered(params, &own)).await;
            assert!(answer.get("content").is_some(), "{why}: {answer}");
        }
    }
    assert_eq!(text(&client.request("tools/call", answered(say("?"), &state)).await), "yes");
}

/// Asks.
#[tool(name = "same")]
async fn tool_of_that_name(cx: &Context) -> Result<String, AskError> {
    Ok(cx.sample("?").await?.text())
}

/// Asks, too.
#[prompt(name = "same")]
async fn prompt_of_that_name(cx: &Context) -> Result<String, AskError> {
    Ok(cx.sample("?").await?.text())
}

/// Asks, too.
#[resource("same://{id}")]
async fn resource_of_that_name(cx: &Context, id: u8) -> Result<String, AskError> {
    Ok(format!("{id} {}", cx.sample("?").await?.text()))
}

#[tokio::test(start_paused = true)]
async fn state_is_good_for_its_own_method_and_its_own_resource_only() {
    let mut client = client(server![tool_of_that_name, prompt_of_that_name, resource_of_that_name]).await;
    let requests = [
        ("tools/call", json!({ "name": "same" })),
        ("prompts/get", json!({ "name": "same" })),
        ("resources/read", json!({ "uri": "same://1" })),
        ("resources/read", json!({ "uri": "same://2" })),
    ];
    for (own, (method, params)) in requests.iter().enumerate() {
        let state = client.request(method, params.clone()).await["requestState"].take();
        for (other, (method, params)) in requests.iter().enumerate() {
            let mut params = params.clone();
            params["inputResponses"] = json!({ "ask-1": said("yes") });
            params["requestState"] = state.clone();
            let answer = client.request(method, params).await;
            if own == other {
                assert!(text(&answer).ends_with("yes"), "{answer}");
            } else {
                assert_refused(&answer, method);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_order_and_the_spelling_of_arguments_do_not_matter() {
    let mut client = client(asking()).await;
    let asked = |arguments: &str| format!(r#"{{"name":"say","arguments":{arguments}}}"#);
    let first: Value = serde_json::from_str(&asked(r#"{"question":"?","times":2}"#)).unwrap();
    let state = client.request("tools/call", first).await["requestState"].take();
    for arguments in [r#"{"times":2,"question":"?"}"#, r#"{ "question" : "\u003f", "times":2 }"#] {
        let again: Value = serde_json::from_str(&asked(arguments)).unwrap();
        let result = client.request("tools/call", answered(again, &state)).await;
        assert_eq!(text(&result), "yesyes", "{arguments}");
    }
    // No arguments are as good as an empty object.
    let state = client.request("tools/call", json!({ "name": "book" })).await["requestState"].take();
    let params = json!({ "name": "book", "arguments": {}, "requestState": state });
    assert_eq!(client.request("tools/call", params).await["resultType"], "input_required");
}

#[tokio::test]
async fn state_that_is_too_old_is_refused() {
    let brief = asking().limits(Limits::default().answer(Duration::ZERO)).state_key([7; 32]);
    let (mut brief, mut long) = (client(brief).await, client(asking().state_key([7; 32])).await);
    let state = brief.request("tools/call", say("?")).await["requestState"].take();
    let good = long.request("tools/call", say("?")).await["requestState"].take();
    // The time in a state is the wall's, in whole seconds: it is over with the next one.
    let begun = Instant::now();
    let refused = loop {
        let answer = long.request("tools/call", answered(say("?"), &state)).await;
        if answer.get("content").is_none() {
            break answer;
        }
        assert!(begun.elapsed() < Duration::from_secs(5), "it does not expire");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_refused(&refused, "expired");
    assert!(refused["message"].as_str().unwrap().contains("expired"), "{refused}");
    assert_eq!(text(&long.request("tools/call", answered(say("?"), &good)).await), "yes");
}

#[tokio::test(start_paused = true)]
async fn servers_with_one_key_open_each_others_states_and_others_do_not() {
    let (a, b) = (asking().state_key([7; 32]), asking().state_key([7; 32]));
    let (c, d) = (asking().state_key([8; 32]), asking());
    let mut clients = [client(a).await, client(b).await, client(c).await, client(d).await];
    for own in 0..clients.len() {
        let state = clients[own].request("tools/call", say("?")).await["requestState"].take();
        for (other, client) in clients.iter_mut().enumerate() {
            let answer = client.request("tools/call", answered(say("?"), &state)).await;
            if own == other || (own < 2 && other < 2) {
                assert_eq!(text(&answer), "yes", "of {own} with {other}");
            } else {
                assert_refused(&answer, &format!("of {own} with {other}"));
            }
        }
    }
}

/// Keeps so many letters and asks.
#[tool]
async fn remember(cx: &Context, letters: usize) -> Result<usize, AskError> {
    let kept = cx.once("letters", async { "x".repeat(letters) }).await?;
    cx.roots().await?;
    Ok(kept.len())
}

#[tokio::test(start_paused = true)]
async fn a_call_that_would_have_to_remember_too_much_is_answered_with_an_error() {
    let mut client = client(server![remember].limits(Limits::default().state(1000))).await;
    let roots = |_: &str, _: &Value| json!({ "roots": [] });
    let course = client.ask_tool("remember", json!({ "letters": 900 }), roots).await;
    assert_eq!((course.text(), course.rounds.len()), ("900", 1));
    let course = client.ask_tool("remember", json!({ "letters": 1001 }), roots).await;
    assert_eq!((&course.end["code"], course.rounds.len()), (&json!(-32603), 0), "{}", course.end);
    assert!(course.end["message"].as_str().unwrap().contains("1000 bytes"), "{}", course.end);
}

#[tokio::test(start_paused = true)]
async fn nobody_reads_what_is_sealed() {
    let mut client = client(server![remember]).await;
    let state = client.call("remember", json!({ "letters": 300 })).await["requestState"].take();
    let state = state.as_str().unwrap();
    assert!(state.len() >= 300);
    // Repeated letters would show as a repeated pattern of four letters in base64.
    let pieces: Vec<_> = state.as_bytes().chunks(4).collect();
    let mut distinct = pieces.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert!(distinct.len() > pieces.len() * 9 / 10, "{state}");
}
