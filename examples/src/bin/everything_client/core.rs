//! The scenarios that need no credentials.

use anyhow::{Context, ensure};
use mcp_runtime::Client;
use mcp_runtime::client::{Connect, Http};
use mcp_runtime::model::{ContentBlock, CreateMessageResult, ElicitResult, Root, Tool};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Scenario;

/// The scenarios that are played here.
const NAMES: [&str; 11] = [
    "initialize",
    "request-metadata",
    "json-schema-ref-no-deref",
    "tools_call",
    "elicitation-sep1034-client-defaults",
    "sse-retry",
    "sep-2322-client-request-state",
    "http-standard-headers",
    "http-custom-headers",
    "http-invalid-tool-headers",
    "json-schema-2020-12-preservation",
];

/// Plays a scenario; `false` if it is none of these.
pub(crate) async fn play(scenario: &Scenario) -> anyhow::Result<bool> {
    if !NAMES.contains(&scenario.name.as_str()) {
        return Ok(false);
    }
    let client = connect(Client::http(&scenario.url)).connect().await?;
    match scenario.name.as_str() {
        "tools_call" => add(&client).await?,
        "elicitation-sep1034-client-defaults" => {
            client.list_tools().await?;
            client.call("test_client_elicitation_defaults", json!({})).await?;
        }
        "sse-retry" => {
            client.call("test_reconnection", json!({})).await?;
        }
        "sep-2322-client-request-state" => every_state(&client).await?,
        "http-standard-headers" => everything(&client).await?,
        "http-custom-headers" => calls_of_context(&client, &scenario.context).await?,
        "http-invalid-tool-headers" => every_tool(&client).await?,
        "json-schema-2020-12-preservation" => echo_schema(&client).await?,
        _ => drop(client.list_tools().await?),
    }
    client.close().await;
    Ok(true)
}

/// A client that answers whatever it is asked.
pub(crate) fn connect(client: Connect<Http>) -> Connect<Http> {
    client
        .on_elicit(async |form| {
            let mut answers = form.requested_schema.defaults();
            for (name, _) in &form.requested_schema.properties.0 {
                answers.entry(name).or_insert(Value::Bool(true));
            }
            Ok(ElicitResult::accept(answers))
        })
        .on_sample(async |_| Ok(CreateMessageResult::new("none", "A message.")))
        .roots([Root { uri: "file:///".to_owned(), name: None, meta: None }])
}

async fn add(client: &Client) -> anyhow::Result<()> {
    client.list_tools().await?;
    let result = client.call("add_numbers", json!({ "a": 5, "b": 3 })).await?;
    ensure!(result.is_error != Some(true), "the tool failed: {:?}", result.content);
    Ok(())
}

/// Tools whose results ask: with a state, without one, and one in between that must hear of neither.
async fn every_state(client: &Client) -> anyhow::Result<()> {
    client.list_tools().await?;
    for tool in ["test_mrtr_echo_state", "test_mrtr_no_state", "test_mrtr_unrelated", "test_mrtr_no_result_type"] {
        client.call(tool, json!({})).await?;
    }
    Ok(())
}

/// Lists, calls, reads and gets whatever there is.
async fn everything(client: &Client) -> anyhow::Result<()> {
    for tool in client.list_tools().await? {
        client.call(tool.name, json!({})).await?;
    }
    for resource in client.list_resources().await? {
        client.read(resource.uri).await?;
    }
    for prompt in client.list_prompts().await? {
        client.get(prompt.name, ()).await?;
    }
    Ok(())
}

async fn calls_of_context(client: &Client, context: &Value) -> anyhow::Result<()> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Calls {
        tool_calls: Vec<Call>,
    }
    #[derive(Deserialize)]
    struct Call {
        name: String,
        arguments: Value,
    }
    client.list_tools().await?;
    for Call { name, arguments } in Calls::deserialize(context)?.tool_calls {
        client.call(name, arguments).await?;
    }
    Ok(())
}

/// Calls every tool that the client has not left out of the list.
async fn every_tool(client: &Client) -> anyhow::Result<()> {
    for Tool { name, .. } in client.list_tools().await? {
        client.call(name, json!({ "region": "us-west1" })).await?;
    }
    for left_out in client.left_out() {
        println!("left out: {}: {}", left_out.tool, left_out.reason);
    }
    Ok(())
}

/// Sends a schema back as it came.
async fn echo_schema(client: &Client) -> anyhow::Result<()> {
    let tools = client.list_tools().await?;
    let tool = tools.iter().find(|tool| tool.name == "json_schema_2020_12_tool").context("the tool is not listed")?;
    let result = client.call("json_schema_echo", json!({ "schema": tool.input_schema })).await?;
    let told: Vec<_> = result.content.iter().filter(|block| matches!(block, ContentBlock::Text(_))).collect();
    println!("{told:?}");
    Ok(())
}
