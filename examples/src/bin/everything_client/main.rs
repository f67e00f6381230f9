//! A tour of the client: something of everything, with the names that the official conformance suite asks for.
//!
//! `everything-client http://127.0.0.1:3000/mcp` connects and shows what the server offers. With a scenario of the suite in
//! `MCP_CONFORMANCE_SCENARIO` it plays the client's part in it; what the scenario wants to be said stands in
//! `MCP_CONFORMANCE_CONTEXT`.

mod auth;
mod core;

use std::env::{args, var};

use anyhow::{Context, bail};
use mcp_runtime::Client;
use mcp_runtime::client::OAuth;
use serde_json::Value;

/// A scenario of the suite.
struct Scenario {
    name: String,
    url: String,
    /// What it wants to be said, if anything.
    context: Value,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let url = args().nth(1).context("say which server: everything-client http://127.0.0.1:3000/mcp")?;
    let Ok(name) = var("MCP_CONFORMANCE_SCENARIO") else { return show(&url).await };
    let context = match var("MCP_CONFORMANCE_CONTEXT") {
        Ok(text) => serde_json::from_str(&text).context("MCP_CONFORMANCE_CONTEXT is not JSON")?,
        Err(_) => Value::Null,
    };
    let scenario = Scenario { name, url, context };
    if auth::play(&scenario).await? || core::play(&scenario).await? {
        return Ok(());
    }
    bail!("there is no scenario `{}` here", scenario.name);
}

/// Prints what a server offers.
async fn show(url: &str) -> anyhow::Result<()> {
    let client = Client::http(url).authorize(OAuth::new().client_name("everything-client")).connect().await?;
    println!("revision {}", client.revision());
    let mut tools = client.tools();
    while let Some(tool) = tools.next().await {
        println!("tool {}", tool?.name);
    }
    let mut resources = client.resources();
    while let Some(resource) = resources.next().await {
        println!("resource {}", resource?.uri);
    }
    let mut prompts = client.prompts();
    while let Some(prompt) = prompts.next().await {
        println!("prompt {}", prompt?.name);
    }
    client.close().await;
    Ok(())
}
