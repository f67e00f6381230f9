//! Servers that ask: in sessions by requests, in 2026-07-28 by results.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mcp_runtime::client::Error;
use mcp_runtime::model::{CreateMessageResult, ElicitRequestURLParams, ElicitResult, JsonObject, Root};
use mcp_runtime::{ProtocolError, Revision};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

use crate::fake::{initialized, legacy, modern, pair, play};

fn text(text: &str) -> Value {
    json!({ "content": [{ "type": "text", "text": text }] })
}

fn form() -> Value {
    json!({ "message": "?", "requestedSchema": { "type": "object", "properties": {
        "name": { "type": "string", "default": "Ada" }, "age": { "type": "integer" },
    } } })
}

fn asks(state: Option<&str>) -> Value {
    let mut result = json!({ "resultType": "input_required", "inputRequests": { "k": { "method": "elicitation/create", "params": form() } } });
    if let Some(state) = state {
        result["requestState"] = state.into();
    }
    result
}

#[tokio::test(start_paused = true)]
async fn a_result_that_asks_is_answered_by_the_same_request_with_the_answers() {
    let (client, mut fake) =
        modern(|builder| builder.on_elicit(async |form| Ok(ElicitResult::accept(form.requested_schema.defaults()))))
            .await;
    let (result, ()) = tokio::join!(client.call("t", json!({ "a": 1 })).into_future(), async {
        let first = fake.expect("tools/call").await;
        assert_eq!(
            first["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"],
            json!({ "elicitation": { "form": {} } })
        );
        let state = "\u{e9}\"\\\u{0}{} ";
        fake.answer(&first, asks(Some(state))).await;
        let second = fake.expect("tools/call").await;
        assert_ne!(first["id"], second["id"]);
        assert_eq!(second["params"]["arguments"], json!({ "a": 1 }));
        assert_eq!(second["params"]["requestState"], state);
        let answer = json!({ "k": { "action": "accept", "content": { "name": "Ada" } } });
        assert_eq!(second["params"]["inputResponses"], answer);
        // Without a state none is sent, and without questions no answers are.
        fake.answer(&second, asks(None)).await;
        let third = fake.expect("tools/call").await;
        assert_eq!(third["params"].get("requestState"), None);
        fake.answer(&third, json!({ "resultType": "input_required", "requestState": "s" })).await;
        let fourth = fake.expect("tools/call").await;
        assert_eq!((fourth["params"].get("inputResponses"), &fourth["params"]["requestState"]), (None, &json!("s")));
        fake.answer(&fourth, text("done")).await;
    });
    result.unwrap();
}

#[tokio::test(start_paused = true)]
async fn all_rounds_of_a_call_share_its_time() {
    let (client, mut fake) = modern(|builder| builder.on_elicit(async |_| Ok(ElicitResult::decline()))).await;
    let start = Instant::now();
    let call = client.call("t", ()).timeout(Duration::from_secs(3)).max_timeout(Duration::from_secs(5));
    let (result, ()) = tokio::join!(call.into_future(), async {
        for _ in 0..2 {
            let request = fake.expect("tools/call").await;
            sleep(Duration::from_secs(2)).await;
            fake.answer(&request, asks(None)).await;
        }
        fake.expect("tools/call").await;
    });
    assert_eq!(result.unwrap_err().to_string(), "the server did not answer `tools/call` within 5s");
    assert_eq!(start.elapsed(), Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_asks_without_end_or_for_what_nobody_has_is_given_up() {
    let (client, mut fake) = modern(|builder| {
        builder.rounds(3).on_elicit(async |form| match form.message.as_str() {
            "fail" => Err(ProtocolError::internal("the user is away")),
            "panic" => panic!("this panic is part of the test"),
            _ => Ok(ElicitResult::decline()),
        })
    })
    .await;
    let (result, ()) = tokio::join!(client.call("t", ()).into_future(), async {
        for _ in 0..4 {
            let request = fake.expect("tools/call").await;
            fake.answer(&request, asks(None)).await;
        }
    });
    assert_eq!(
        result.unwrap_err().to_string(),
        "`tools/call` of the server needs input: the server asked 3 times and did not answer"
    );

    let request = |method: &str, params: Value| json!({ "resultType": "input_required", "inputRequests": { "k": { "method": method, "params": params } } });
    let saying = |message: &str| {
        let mut form = form();
        form["message"] = message.into();
        request("elicitation/create", form)
    };
    for (asked, expected) in [
        (request("roots/list", json!({})), "needs input: `k` is `roots/list`, and there is no handler for it"),
        (saying("fail"), "needs input: `k`: the user is away"),
        (saying("panic"), "needs input: `k`: what should have answered panicked"),
        (request("tools/call", json!({})), "unknown variant"),
        (json!({ "resultType": "input_required" }), "does not say for which"),
    ] {
        let (result, ()) = tokio::join!(client.call("t", ()).into_future(), async {
            let request = fake.expect("tools/call").await;
            fake.answer(&request, asked).await;
        });
        let error = result.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    // A list must not ask.
    let (result, ()) = tokio::join!(client.list_tools(), async {
        let request = fake.expect("tools/list").await;
        fake.answer(&request, asks(None)).await;
    });
    assert!(matches!(result, Err(Error::Incomplete { .. })), "{result:?}");
}

#[tokio::test(start_paused = true)]
async fn what_there_is_a_handler_for_is_declared_and_answered_in_sessions() {
    for revision in [Revision::V2024_11_05, Revision::V2025_06_18, Revision::V2025_11_25] {
        let (builder, fake) = pair();
        let builder = builder
            .protocol(revision)
            .on_elicit(async |form| Ok(ElicitResult::accept(form.requested_schema.defaults())))
            .on_sample(async |params| {
                Ok(CreateMessageResult::new("m", format!("{} tokens", params.max_tokens).as_str()))
            })
            .roots([Root { uri: "file:///a".into(), ..Root::default() }]);
        let (client, mut fake) = play(builder, fake, async |fake| {
            let request = fake.expect("initialize").await;
            let mut expected = json!({ "roots": { "listChanged": true }, "sampling": {} });
            match revision {
                Revision::V2025_11_25 => expected["elicitation"] = json!({ "form": {} }),
                Revision::V2025_06_18 => expected["elicitation"] = json!({}),
                _ => {}
            }
            assert_eq!(request["params"]["capabilities"], expected, "{revision}");
            fake.answer(&request, initialized(revision.as_str())).await;
            fake.expect("notifications/initialized").await;
        })
        .await;
        let client = client.unwrap();
        let ask = |id: &str, method: &str, params: Value| json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        fake.say(ask("r", "roots/list", json!({}))).await;
        assert_eq!(fake.next().await.unwrap()["result"], json!({ "roots": [{ "uri": "file:///a" }] }));
        fake.say(ask("s", "sampling/createMessage", json!({ "messages": [], "maxTokens": 7 }))).await;
        let answer = fake.next().await.unwrap();
        assert_eq!((&answer["id"], &answer["result"]["content"]["text"]), (&json!("s"), &json!("7 tokens")));
        fake.say(ask("b", "sampling/createMessage", json!({}))).await;
        assert_eq!(fake.next().await.unwrap()["error"]["code"], -32602);
        if revision >= Revision::V2025_06_18 {
            fake.say(ask("e", "elicitation/create", form())).await;
            let expected = json!({ "action": "accept", "content": { "name": "Ada" } });
            assert_eq!(fake.next().await.unwrap()["result"], expected);
        }
        client.set_roots([]);
        fake.expect("notifications/roots/list_changed").await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_address_goes_to_its_own_handler() {
    let page = json!({ "mode": "url", "message": "?", "url": "https://example.com/consent", "elicitationId": "e" });
    let agrees = async |params: ElicitRequestURLParams| {
        assert_eq!(params.url, "https://example.com/consent");
        Ok(ElicitResult::accept(JsonObject::new()))
    };
    let (client, mut fake) = modern(|builder| builder.on_elicit_url(agrees)).await;
    let (result, ()) = tokio::join!(client.call("t", ()).into_future(), async {
        let request = fake.expect("tools/call").await;
        let declared = &request["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"];
        assert_eq!(declared, &json!({ "elicitation": { "url": {} } }));
        let asked = json!({ "k": { "method": "elicitation/create", "params": page } });
        fake.answer(&request, json!({ "resultType": "input_required", "inputRequests": asked })).await;
        let again = fake.expect("tools/call").await;
        assert_eq!(again["params"]["inputResponses"]["k"]["action"], "accept");
        // A form has no handler here.
        fake.answer(&again, asks(None)).await;
    });
    assert!(matches!(result, Err(Error::Input { .. })), "{result:?}");
    let (_client, mut fake) = legacy(|builder| builder.on_elicit_url(agrees)).await;
    fake.say(json!({ "jsonrpc": "2.0", "id": "u", "method": "elicitation/create", "params": page })).await;
    assert_eq!(fake.next().await.unwrap()["result"]["action"], "accept");
}

#[tokio::test(start_paused = true)]
async fn questions_are_answered_at_once_up_to_a_bound_and_given_up_with_their_server() {
    let (begun, gate) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
    let (counter, door) = (Arc::clone(&begun), Arc::clone(&gate));
    let (_client, mut fake) = legacy(|builder| {
        builder.on_elicit(move |_| {
            let (counter, door) = (Arc::clone(&counter), Arc::clone(&door));
            async move {
                counter.fetch_add(1, Ordering::Relaxed);
                door.acquire().await.unwrap().forget();
                Ok(ElicitResult::cancel())
            }
        })
    })
    .await;
    for id in 0..33 {
        fake.say(json!({ "jsonrpc": "2.0", "id": id, "method": "elicitation/create", "params": form() })).await;
    }
    let refused = fake.next().await.unwrap();
    assert_eq!((&refused["id"], &refused["error"]["code"]), (&json!(32), &json!(-32603)));
    fake.say(json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 0 } })).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(begun.load(Ordering::Relaxed), 32);
    gate.add_permits(100);
    let mut answered = Vec::new();
    for _ in 1..32 {
        answered.push(fake.next().await.unwrap()["id"].as_u64().unwrap());
    }
    answered.sort_unstable();
    assert_eq!(answered, (1..32).collect::<Vec<_>>());
    fake.expect_silence().await;
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_panics_is_answered_for() {
    let (_client, mut fake) =
        legacy(|builder| builder.on_elicit(|_| -> std::future::Ready<_> { panic!("this panic is part of the test") }))
            .await;
    fake.say(json!({ "jsonrpc": "2.0", "id": 1, "method": "elicitation/create", "params": form() })).await;
    assert_eq!(fake.next().await.unwrap()["error"]["code"], -32603);
}
