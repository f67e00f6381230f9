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

/// A function of its own for each tool, as on the other servers.
macro_rules! extras {
    ($($extra:ident)*) => {
        fn with_extras(mut router: McpRouter) -> McpRouter {
            $(
                let $extra = ToolBuilder::new(stringify!($extra))
                    .description("One of fifty more.")
                    .handler(|Extra { value, count }: Extra| async move { Ok(CallToolResult::text(extra(&value, count))) })
                    .build();
                router = router.tool($extra);
            )*
            router
        }
    };
}

extras! {
    extra_00 extra_01 extra_02 extra_03 extra_04 extra_05 extra_06 extra_07 extra_08 extra_09
    extra_10 extra_11 extra_12 extra_13 extra_14 extra_15 extra_16 extra_17 extra_18 extra_19
    extra_20 extra_21 extra_22 extra_23 extra_24 extra_25 extra_26 extra_27 extra_28 extra_29
    extra_30 extra_31 extra_32 extra_33 extra_34 extra_35 extra_36 extra_37 extra_38 extra_39
    extra_40 extra_41 extra_42 extra_43 extra_44 extra_45 extra_46 extra_47 extra_48 extra_49
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
    let router = McpRouter::new().server_info("bench", "0.1.0").tool(add).tool(echo).tool(search).tool(sleep);
    with_extras(router)
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
