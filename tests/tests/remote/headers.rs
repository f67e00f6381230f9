//! What the headers of 2026-07-28 say of the body.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::fake::{modern, text};

fn tool(name: &str, properties: &Value) -> Value {
    json!({ "name": name, "inputSchema": { "type": "object", "properties": properties } })
}

#[tokio::test]
async fn standard_headers_repeat_the_body() {
    let (client, fake) = modern(|builder| builder).await;
    let call = tokio::spawn(client.read("file:///a b/\u{e4}").into_future());
    let hit = fake.expect("resources/read").await;
    assert_eq!(hit.header("mcp-protocol-version"), Some("2026-07-28"));
    assert_eq!(hit.header("mcp-method"), Some("resources/read"));
    assert_eq!(hit.header("mcp-name"), Some("=?base64?ZmlsZTovLy9hIGIvw6Q=?="));
    assert_eq!(hit.header("accept"), Some("application/json, text/event-stream"));
    assert_eq!(hit.body["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"], "2026-07-28");
    hit.result(json!({ "contents": [], "resultType": "complete" })).await;
    call.await.unwrap().unwrap();
}

#[tokio::test]
async fn arguments_are_mirrored_and_wrong_tools_left_out() {
    let (client, fake) = modern(|builder| builder).await;
    let listing = tokio::spawn({
        let client = client.clone();
        async move { client.list_tools().await }
    });
    let good = tool("good", &json!({ "region": { "type": "string", "x-mcp-header": "Region" } }));
    let bad = tool("bad", &json!({ "region": { "type": "string", "x-mcp-header": "not a name" } }));
    fake.expect("tools/list").await.result(json!({ "tools": [good, bad] })).await;
    let tools = listing.await.unwrap().unwrap();
    assert_eq!(tools.iter().map(|tool| tool.name.as_str()).collect::<Vec<_>>(), ["good"]);
    let left_out = client.left_out();
    assert_eq!(left_out.len(), 1);
    assert_eq!(left_out[0].tool, "bad");
    assert!(left_out[0].reason.contains("no name of a header"), "{}", left_out[0].reason);

    for (arguments, expected) in [
        (json!({ "region": "eu" }), Some("eu")),
        (json!({ "region": "Z\u{fc}rich" }), Some("=?base64?WsO8cmljaA==?=")),
        (json!({ "region": " eu" }), Some("=?base64?IGV1?=")),
        (json!({ "region": null }), None),
    ] {
        let call = tokio::spawn(client.call("good", arguments).into_future());
        let hit = fake.expect("tools/call").await;
        assert_eq!(hit.header("mcp-param-region"), expected);
        hit.result(text("")).await;
        call.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_header_mismatch_makes_the_list_be_read_again_and_the_call_once_more() {
    let (client, fake) = modern(|builder| builder).await;
    let call = tokio::spawn(client.call("t", json!({ "region": "eu" })).into_future());
    let hit = fake.expect("tools/call").await;
    let first = hit.body["id"].clone();
    hit.refuse(400, -32020).await;
    let listed = tool("t", &json!({ "region": { "type": "string", "x-mcp-header": "Region" } }));
    fake.expect("tools/list").await.result(json!({ "tools": [listed] })).await;
    let hit = fake.expect("tools/call").await;
    assert_eq!(hit.header("mcp-param-region"), Some("eu"));
    assert_ne!(hit.body["id"], first);
    hit.refuse(400, -32020).await;
    assert_eq!(call.await.unwrap().unwrap_err().protocol().unwrap().code(), -32020);
    fake.expect_silence().await;
}

#[tokio::test]
async fn own_headers_are_sent_and_the_protocols_win() {
    let (client, fake) =
        modern(|builder| builder.header("X-Team", "a").header("Mcp-Method", "forged").bearer("secret")).await;
    let call = tokio::spawn(client.call("t", ()).into_future());
    let hit = fake.expect("tools/call").await;
    let expected = HashMap::from([("x-team", "a"), ("mcp-method", "tools/call"), ("authorization", "Bearer secret")]);
    for (name, value) in expected {
        assert_eq!(hit.header(name), Some(value));
    }
    hit.result(text("")).await;
    call.await.unwrap().unwrap();
}
