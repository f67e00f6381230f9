//! Several requests at once: one line on 2025-03-26, a line each on every other revision.

use std::time::Duration;

use mcp_runtime::client::Error;
use mcp_runtime::model::{CallToolResult, ContentBlock};
use mcp_runtime::{Client, Revision, server, tool};
use serde_json::{Value, json};

use crate::fake::{Fake, discovered, initialized, pair, play};

/// Adds two numbers.
#[tool]
fn add(a: i64, b: i64) -> i64 {
    a + b
}

/// A connection of this revision.
async fn connected(revision: Revision) -> (Client, Fake) {
    let (builder, fake) = pair();
    let (client, fake) = play(builder.protocol(revision), fake, async |fake| {
        if revision.has_handshake() {
            let request = fake.expect("initialize").await;
            fake.answer(&request, initialized(revision.as_str())).await;
            fake.expect("notifications/initialized").await;
        } else {
            let probe = fake.expect("server/discover").await;
            fake.answer(&probe, discovered(&[revision.as_str()])).await;
        }
    })
    .await;
    (client.unwrap(), fake)
}

fn result(request: &Value) -> Value {
    let name = &request["params"]["name"];
    json!({ "jsonrpc": "2.0", "id": request["id"], "result": { "content": [{ "type": "text", "text": name }] } })
}

fn said(answer: Result<CallToolResult, Error>) -> String {
    match answer.unwrap().content.as_slice() {
        [ContentBlock::Text(text)] => text.text.clone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_one_line_on_the_revision_that_has_them_and_a_line_each_on_others() {
    for revision in Revision::ALL {
        let (client, mut fake) = connected(revision).await;
        let calls = ["a", "b", "c"].map(|name| client.call(name, ()));
        let (answers, requests) = tokio::join!(client.batch(calls), async {
            let mut requests = Vec::new();
            while requests.len() < 3 {
                let line = fake.line().await;
                assert_eq!(line.is_array(), revision == Revision::V2025_03_26, "{revision}: {line}");
                match line {
                    Value::Array(items) => requests.extend(items),
                    one => requests.push(one),
                }
            }
            // Each is answered by its id, in whatever order.
            for request in requests.iter().rev() {
                fake.say(result(request)).await;
            }
            requests
        });
        assert_eq!(requests.len(), 3, "{revision}");
        assert_eq!(answers.map(said), ["a", "b", "c"], "{revision}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_of_a_batch_has_its_own_answer_kind_and_time() {
    let (client, mut fake) = connected(Revision::V2025_03_26).await;
    let second = Duration::from_secs(1);
    let requests = (client.call("late", ()).timeout(second), client.read("x://a"), client.call("bad", 7));
    let ((late, read, bad), ()) = tokio::join!(client.batch(requests), async {
        let batch = fake.line().await;
        // What cannot be sent is not.
        let [late, read] = batch.as_array().unwrap().as_slice() else { panic!("{batch}") };
        let refusal = json!({ "jsonrpc": "2.0", "id": read["id"], "error": { "code": -32602, "message": "no" } });
        fake.say(json!([refusal])).await;
        let cancelled = fake.expect("notifications/cancelled").await;
        assert_eq!(cancelled["params"]["requestId"], late["id"]);
    });
    assert!(matches!(late, Err(Error::Timeout { .. })));
    assert_eq!(read.unwrap_err().to_string(), "the server refused `resources/read`: no (-32602)");
    assert!(matches!(bad, Err(Error::Arguments { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_batch_of_one_is_none_and_a_long_one_is_taken_apart() {
    let (client, mut fake) = connected(Revision::V2025_03_26).await;
    let (answers, ()) = tokio::join!(client.batch(vec![client.call("a", ())]), async {
        let request = fake.expect("tools/call").await;
        fake.say(result(&request)).await;
    });
    assert_eq!(answers.into_iter().map(said).collect::<Vec<_>>(), ["a"]);
    assert!(client.batch(Vec::<mcp_runtime::client::Request<'_, CallToolResult>>::new()).await.is_empty());

    let calls = (0..120).map(|n| client.call(n.to_string(), ())).collect::<Vec<_>>();
    let large = "x".repeat(700 << 10);
    let calls = calls.into_iter().chain((0..2).map(|_| client.call(&large, ()))).collect::<Vec<_>>();
    let (answers, lengths) = tokio::join!(client.batch(calls), async {
        let (mut lengths, mut left) = (Vec::new(), 122);
        while left > 0 {
            let requests = match fake.line().await {
                Value::Array(items) => items,
                one => vec![one],
            };
            assert!(requests.len() <= 100 && serde_json::to_string(&requests).unwrap().len() < 2 << 20);
            left -= requests.len();
            lengths.push(requests.len());
            fake.say(requests.iter().map(result).collect()).await;
        }
        lengths
    });
    assert!(lengths.len() >= 3, "{lengths:?}");
    let expected = (0..120).map(|n| n.to_string()).chain([large.clone(), large.clone()]);
    assert!(answers.into_iter().map(said).eq(expected));
}

#[tokio::test(start_paused = true)]
async fn the_server_of_this_project_answers_a_batch_in_every_revision() {
    for revision in Revision::ALL {
        let client = Client::memory(server![add]).protocol(revision).connect().await.unwrap();
        let sums = client.batch([1, 2, 3].map(|n| client.call("add", json!({ "a": n, "b": 10 })))).await;
        assert_eq!(sums.map(said), ["11", "12", "13"], "{revision}");
        let (tools, none) = client.batch((client.list_tools_page(None), client.call("none", ()))).await;
        assert_eq!(tools.unwrap().tools.len(), 1);
        assert_eq!(none.unwrap_err().protocol().unwrap().code(), -32602);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_batch_reaches_a_server_in_a_process_as_one_line() {
    for revision in Revision::ALL {
        let copy = std::env::temp_dir().join(format!("mcp-batch-{}-{revision}", std::process::id()));
        let client = Client::command("sh")
            .args(["-c", r#"tee "$0" | exec "$1""#])
            .args([copy.as_os_str(), env!("CARGO_BIN_EXE_site").as_ref()])
            .env_remove("MCP_TRANSPORT")
            .protocol(revision)
            .connect()
            .await
            .unwrap();
        let sums = client.batch([1, 2, 3].map(|n| client.call("add", json!({ "a": n, "b": 10 })))).await;
        assert_eq!(sums.map(said), ["11", "12", "13"], "{revision}");
        client.close().await;
        let sent = std::fs::read_to_string(&copy).unwrap();
        std::fs::remove_file(&copy).unwrap();
        let batches = sent.lines().filter(|line| line.starts_with('[')).count();
        assert_eq!(batches, usize::from(revision == Revision::V2025_03_26), "{revision}: {sent}");
        assert_eq!(sent.matches(r#""tools/call""#).count(), 3, "{revision}: {sent}");
    }
}
