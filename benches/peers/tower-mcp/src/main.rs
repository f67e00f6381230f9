//! The benchmark's server on tower-mcp: `--stdio` or `--http ADDR`.

#[path = "../../../src/work.rs"]
mod work;

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use tower_mcp::{BoxError, CallToolResult, McpRouter, PromptBuilder, ResourceBuilder, StdioTransport, ToolBuilder};

use crate::work::{Filter, Found, extra, find};

#[derive(Deserialize, JsonSchema)]
struct Add {
    /// The first number.
    a: i64,
    /// The second number.
    b: i64,
}

#[derive(Deserialize, JsonSchema)]
struct Echo {
    /// What to answer.
    text: String,
}

#[derive(Deserialize, JsonSchema)]
struct Search {
    /// Words to look for.
    query: String,
    /// The most hits.
    limit: u32,
    /// What every hit is tagged with.
    tags: Vec<String>,
    /// Only these.
    filter: Option<Filter>,
}

#[derive(Deserialize, JsonSchema)]
struct Sleep {
    /// For how long, in milliseconds.
    ms: u64,
}

#[derive(Deserialize, JsonSchema)]
struct Extra {
    /// Some text.
    value: String,
    /// Some number.
    count: u32,
}

fn router() -> McpRouter {
    let add = ToolBuilder::new("add")
        .description("Adds two numbers.")
        .handler(|Add { a, b }: Add| async move { Ok(CallToolResult::text((a + b).to_string())) })
        .build();
    let echo = ToolBuilder::new("echo")
        .description("Answers what it is given.")
        .handler(|Echo { text }: Echo| async move { Ok(CallToolResult::text(text)) })
        .build();
    let search = ToolBuilder::new("search")
        .description("Searches.")
        .output_schema_for::<Found>()
        .handler(|search: Search| async move {
            let found = find(&search.query, search.limit, search.tags, search.filter.as_ref());
            CallToolResult::from_serialize(&found)
        })
        .build();
    let sleep = ToolBuilder::new("sleep_ms")
        .description("Waits.")
        .handler(|Sleep { ms }: Sleep| async move {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            Ok(CallToolResult::text("slept"))
        })
        .build();
    let mut router = McpRouter::new().server_info("bench", "0.1.0").tool(add).tool(echo).tool(search).tool(sleep);
    for number in 0..50 {
        let tool = ToolBuilder::new(format!("extra_{number:02}"))
            .description("One of fifty more.")
            .handler(|Extra { value, count }: Extra| async move { Ok(CallToolResult::text(extra(&value, count))) })
            .build();
        router = router.tool(tool);
    }
    router
        .resource(ResourceBuilder::new("bench://about").name("about").text("A server to measure."))
        .prompt(PromptBuilder::new("ask").description("Ask for something.").user_message("Search for something."))
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--stdio"] => StdioTransport::new(router()).run().await?,
        #[cfg(feature = "http")]
        ["--http", address] => {
            use axum::serve::ListenerExt as _;

            let router = tower_mcp::HttpTransport::new(router()).into_router_at("/mcp");
            let listener = tokio::net::TcpListener::bind(address).await?.tap_io(|stream| _ = stream.set_nodelay(true));
            axum::serve(listener, router).await?;
        }
        _ => return Err("usage: peer-tower-mcp --stdio | --http ADDR".into()),
    }
    Ok(())
}
