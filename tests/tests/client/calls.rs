//! Requests and what comes back for them.

use std::time::Duration;

use mcp_runtime::Revision;
use mcp_runtime::client::Error;
use mcp_runtime::model::{
    CompleteReference, ContentBlock, LOG_LEVEL_KEY, LoggingLevel, PROTOCOL_VERSION_KEY, PromptReference, ResultType,
};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::fake::{initialized, legacy, modern, pair, play};

fn text(text: &str) -> Value {
    json!({ "content": [{ "type": "text", "text": text }] })
}

#[tokio::test(start_paused = true)]
async fn answers_in_any_order_reach_their_calls() {
    let (client, mut fake) = modern(|builder| builder).await;
    let calls: Vec<_> = (0..100)
        .map(|n| {
            let client = client.clone();
            tokio::spawn(async move { client.call(format!("tool-{n}"), ()).await.unwrap().content })
        })
        .collect();
    let mut requests = Vec::new();
    for _ in &calls {
        requests.push(fake.expect("tools/call").await);
    }
    for request in requests.iter().rev() {
        fake.answer(request, text(request["params"]["name"].as_str().unwrap())).await;
    }
    for (n, call) in calls.into_iter().enumerate() {
        assert_eq!(call.await.unwrap(), [ContentBlock::text(format!("tool-{n}"))]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_is_cancelled_and_its_answer_ignored() {
    let (client, mut fake) = modern(|builder| builder).await;
    let call = tokio::spawn(client.call("slow", ()).into_future());
    let dropped = fake.expect("tools/call").await;
    call.abort();
    let notice = fake.expect("notifications/cancelled").await;
    assert_eq!(notice["params"], json!({ "requestId": dropped["id"] }));
    let (result, ()) = tokio::join!(client.call("quick", ()).into_future(), async {
        let request = fake.expect("tools/call").await;
        assert_ne!(request["id"], dropped["id"]);
        fake.answer(&dropped, text("late")).await;
        fake.answer(&request, text("in time")).await;
    });
    assert_eq!(result.unwrap().content, [ContentBlock::text("in time")]);
    // A call that was answered is not cancelled.
    fake.expect_silence().await;
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_never_sent_is_not_cancelled() {
    let (client, mut fake) = modern(|builder| builder).await;
    drop(client.call("slow", ()));
    drop(client.call("slow", ()).into_future());
    fake.expect_silence().await;
}

#[tokio::test(start_paused = true)]
async fn a_call_that_takes_too_long_is_cancelled() {
    let (client, mut fake) = modern(|builder| builder.timeout(Duration::from_secs(30))).await;
    for (own, time) in [(None, 30), (Some(5), 5)] {
        let began = Instant::now();
        let mut call = client.call("slow", ());
        if let Some(own) = own {
            call = call.timeout(Duration::from_secs(own));
        }
        let error = call.await.unwrap_err();
        assert_eq!(error.to_string(), format!("the server did not answer `tools/call` within {time}s"));
        assert_eq!(began.elapsed(), Duration::from_secs(time));
        let request = fake.expect("tools/call").await;
        let notice = fake.expect("notifications/cancelled").await;
        assert_eq!(notice["params"]["requestId"], request["id"]);
        assert_eq!(notice["params"]["reason"], "the client's time for the request is over");
    }
}

#[tokio::test(start_paused = true)]
async fn progress_reaches_its_own_call_before_the_answer() {
    let (client, mut fake) = modern(|builder| builder).await;
    let (mut here, mut there) = (Vec::new(), Vec::new());
    let one = client.call("one", ()).on_progress(|progress| here.push(progress.progress.as_u64()));
    let two = client.call("two", ()).on_progress(|progress| there.push(progress.progress.as_u64()));
    let (one, two, ()) = tokio::join!(one.into_future(), two.into_future(), async {
        let one = fake.expect("tools/call").await;
        let two = fake.expect("tools/call").await;
        assert_eq!(one["params"]["_meta"]["progressToken"], one["id"]);
        let progress = |request: &Value, n: u32| {
            let params = json!({ "progressToken": request["id"], "progress": n, "total": 3 });
            json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": params })
        };
        for n in 1..=3 {
            fake.say(progress(&one, n)).await;
        }
        fake.say(progress(&two, 7)).await;
        fake.answer(&one, text("done")).await;
        fake.answer(&two, text("done")).await;
        // Nobody listens any more.
        fake.say(progress(&one, 4)).await;
    });
    assert!(one.is_ok() && two.is_ok());
    assert_eq!((here, there), (vec![Some(1), Some(2), Some(3)], vec![Some(7)]));
    let call = client.call("three", ());
    let (_, ()) = tokio::join!(call.into_future(), async {
        let request = fake.expect("tools/call").await;
        assert_eq!(request["params"]["_meta"].get("progressToken"), None, "nobody asked for progress");
        fake.answer(&request, text("done")).await;
    });
}

#[tokio::test(start_paused = true)]
async fn an_error_of_the_server_keeps_its_code_and_data() {
    let (client, mut fake) = modern(|builder| builder).await;
    let (result, ()) = tokio::join!(client.read("note://1").into_future(), async {
        let request = fake.expect("resources/read").await;
        assert_eq!(request["params"]["uri"], "note://1");
        fake.refuse(&request, -32602, json!({ "uri": "note://1" })).await;
    });
    let error = result.unwrap_err();
    assert_eq!(error.to_string(), "the server refused `resources/read`: no (-32602)");
    assert_eq!(error.protocol().and_then(|error| error.data()), Some(&json!({ "uri": "note://1" })));
}

#[tokio::test(start_paused = true)]
async fn only_complete_results_are_results() {
    let (client, mut fake) = modern(|builder| builder).await;
    for (result, expected) in [
        (json!({ "content": [] }), Ok(())),
        (json!({ "content": [], "resultType": "complete" }), Ok(())),
        (json!({ "content": [], "resultType": "task" }), Err(ResultType::Task)),
    ] {
        let (answer, ()) = tokio::join!(client.call("t", ()).into_future(), async {
            let request = fake.expect("tools/call").await;
            fake.answer(&request, result).await;
        });
        match (answer, expected) {
            (Ok(_), Ok(())) => {}
            (Err(Error::Incomplete { result_type, .. }), Err(expected)) => assert_eq!(result_type, expected),
            (answer, expected) => panic!("{answer:?} instead of {expected:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_makes_no_sense_is_said_to_make_none() {
    let (client, mut fake) = modern(|builder| builder).await;
    for (answer, reason) in [
        (r#""jsonrpc":"2.0","result":{"content":1}"#, "invalid type: integer `1`, expected a sequence"),
        (r#""jsonrpc":"2.0","result":[]"#, "invalid"),
        (r#""jsonrpc":"2.0","error":"no""#, "invalid type: string \"no\", expected struct ErrorObject"),
        (r#""jsonrpc":"2.0""#, "`method` is missing"),
        (r#""result":{}"#, "`jsonrpc` must be \"2.0\""),
    ] {
        let (result, ()) = tokio::join!(client.call("t", ()).into_future(), async {
            let request = fake.expect("tools/call").await;
            fake.raw(&format!("{{\"id\":{},{answer}}}\n", request["id"])).await;
        });
        match result {
            Err(Error::Invalid { reason: told, .. }) => assert!(told.starts_with(reason), "{answer}: {told}"),
            other => panic!("{answer} became {other:?}"),
        }
    }
    assert_eq!(client.stray_output().lines, 0);
}

#[tokio::test(start_paused = true)]
async fn arguments_are_objects_or_nothing_is_sent() {
    let (client, mut fake) = modern(|builder| builder).await;
    for (arguments, kind) in
        [(json!([1]), "an array"), (json!("x"), "a string"), (json!(true), "a boolean"), (json!(1), "a number")]
    {
        let error = client.call("t", arguments).await.unwrap_err();
        let told = format!("the arguments cannot be sent to the server: they must be an object, not {kind}");
        assert_eq!(error.to_string(), told);
    }
    assert!(matches!(client.get("p", [("a", 1)]).await, Err(Error::Arguments { .. })));
    assert!(matches!(client.call("t", Unserializable).await, Err(Error::Arguments { .. })));
    let (_, _, _, ()) = tokio::join!(
        client.call("t", ()).into_future(),
        client.get("p", [("code", "x"), ("style", "y")]).into_future(),
        client.get("p", json!({ "code": "x" })).into_future(),
        async {
            let request = fake.expect("tools/call").await;
            assert_eq!(request["params"].get("arguments"), None);
            fake.answer(&request, text("")).await;
            let request = fake.expect("prompts/get").await;
            assert_eq!(request["params"]["arguments"], json!({ "code": "x", "style": "y" }));
            fake.answer(&request, json!({ "messages": [] })).await;
            let request = fake.expect("prompts/get").await;
            assert_eq!(request["params"]["arguments"], json!({ "code": "x" }));
            fake.answer(&request, json!({ "messages": [] })).await;
        }
    );
}

struct Unserializable;

impl serde::Serialize for Unserializable {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("never"))
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_caller_says_in_meta_wins() {
    let (client, mut fake) = modern(|builder| builder).await;
    let call = client.call("t", ()).meta("x/trace", "abc").meta(PROTOCOL_VERSION_KEY, "1999-01-01");
    let (_, ()) = tokio::join!(call.into_future(), async {
        let request = fake.expect("tools/call").await;
        assert_eq!(request["params"]["_meta"]["x/trace"], "abc");
        assert_eq!(request["params"]["_meta"][PROTOCOL_VERSION_KEY], "1999-01-01");
        assert!(request["params"]["_meta"]["io.modelcontextprotocol/clientInfo"].is_object());
        fake.answer(&request, text("")).await;
    });
    let (client, mut fake) = legacy(|builder| builder).await;
    let (_, _, ()) = tokio::join!(
        client.call("t", ()).into_future(),
        client.call("t", ()).meta("x/trace", 1).into_future(),
        async {
            let request = fake.expect("tools/call").await;
            assert_eq!(request["params"], json!({ "name": "t" }));
            fake.answer(&request, text("")).await;
            let request = fake.expect("tools/call").await;
            assert_eq!(request["params"], json!({ "name": "t", "_meta": { "x/trace": 1 } }));
            fake.answer(&request, text("")).await;
        }
    );
}

#[tokio::test(start_paused = true)]
async fn a_ping_is_a_discovery_where_there_is_no_ping() {
    for is_modern in [true, false] {
        let (client, mut fake) = if is_modern { modern(|b| b).await } else { legacy(|b| b).await };
        let (result, ()) = tokio::join!(client.ping(), async {
            let request = fake.expect(if is_modern { "server/discover" } else { "ping" }).await;
            assert_eq!(request["params"].get("_meta").is_some(), is_modern);
            fake.answer(&request, json!({})).await;
        });
        result.unwrap();
        let error = tokio::join!(client.ping(), async {
            let request = fake.next().await.unwrap();
            fake.refuse(&request, -32603, Value::Null).await;
        });
        assert!(error.0.is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn the_log_level_is_told_as_the_revision_has_it() {
    let (client, mut fake) = modern(|builder| builder.log_level(LoggingLevel::Debug)).await;
    for level in ["debug", "error"] {
        let (_, ()) = tokio::join!(client.call("t", ()).into_future(), async {
            let request = fake.expect("tools/call").await;
            assert_eq!(request["params"]["_meta"][LOG_LEVEL_KEY], level);
            fake.answer(&request, text("")).await;
        });
        client.set_level(LoggingLevel::Error).await.unwrap();
    }
    for (listens, level) in [(false, Value::Null), (true, json!("info"))] {
        let (client, mut fake) = modern(|builder| if listens { builder.on_log(|_| {}) } else { builder }).await;
        let (_, ()) = tokio::join!(client.call("t", ()).into_future(), async {
            let request = fake.expect("tools/call").await;
            assert_eq!(request["params"]["_meta"][LOG_LEVEL_KEY], level);
            fake.answer(&request, text("")).await;
        });
    }
    let (client, mut fake) = legacy(|builder| builder.on_log(|_| {})).await;
    let (result, ()) = tokio::join!(client.set_level(LoggingLevel::Warning), async {
        let request = fake.expect("logging/setLevel").await;
        assert_eq!(request["params"], json!({ "level": "warning" }));
        fake.answer(&request, json!({})).await;
    });
    result.unwrap();
}

#[tokio::test(start_paused = true)]
async fn known_arguments_help_to_complete_another_where_the_revision_has_them() {
    for (revision, context) in
        [(Revision::V2025_06_18, json!({ "arguments": { "style": "terse" } })), (Revision::V2025_03_26, Value::Null)]
    {
        let (builder, fake) = pair();
        let (client, mut fake) = play(builder.protocol(revision), fake, async |fake| {
            let request = fake.expect("initialize").await;
            fake.answer(&request, initialized(revision.as_str())).await;
            fake.expect("notifications/initialized").await;
        })
        .await;
        let prompt = CompleteReference::Prompt(PromptReference { name: "review".to_owned(), title: None });
        let request = client.unwrap().complete(prompt, "language", "ru").known("style", "terse");
        let (result, ()) = tokio::join!(request.into_future(), async {
            let request = fake.expect("completion/complete").await;
            assert_eq!(request["params"]["ref"], json!({ "type": "ref/prompt", "name": "review" }));
            assert_eq!(request["params"]["argument"], json!({ "name": "language", "value": "ru" }));
            assert_eq!(request["params"]["context"], context, "{revision}");
            fake.answer(&request, json!({ "completion": { "values": ["rust"] } })).await;
        });
        assert_eq!(result.unwrap().completion.values, ["rust"]);
    }
}
