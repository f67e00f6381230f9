//! The benchmark's server on turbomcp: `--stdio` or `--http ADDR`.

#[path = "../../../src/work.rs"]
mod work;

use std::time::Duration;

use turbomcp::prelude::*;

use crate::work::{Filter, Found, extra, find};

#[derive(Clone)]
struct Bench;

macro_rules! tools {
    ($($extra:ident)*) => {
        #[server(name = "bench", version = "0.1.0")]
        impl Bench {
            /// Adds two numbers.
            #[tool(description = "Adds two numbers.")]
            async fn add(&self, a: i64, b: i64) -> String {
                (a + b).to_string()
            }

            /// Answers what it is given.
            #[tool(description = "Answers what it is given.")]
            async fn echo(&self, text: String) -> String {
                text
            }

            /// Searches.
            #[tool(description = "Searches.")]
            async fn search(&self, query: String, limit: u32, tags: Vec<String>, filter: Option<Filter>) -> Json<Found> {
                Json(find(&query, limit, tags, filter.as_ref()))
            }

            /// Waits.
            #[tool(description = "Waits.")]
            async fn sleep_ms(&self, ms: u64) -> String {
                tokio::time::sleep(Duration::from_millis(ms)).await;
                "slept".to_owned()
            }

            $(
                /// One of fifty more.
                #[tool(description = "One of fifty more.")]
                async fn $extra(&self, value: String, count: u32) -> String {
                    extra(&value, count)
                }
            )*

            /// What this server is.
            #[resource("bench://about")]
            async fn about(&self) -> McpResult<String> {
                Ok("A server to measure.".to_owned())
            }

            /// Ask for something.
            #[prompt]
            async fn ask(&self, topic: String) -> McpResult<String> {
                Ok(format!("Search for {topic}."))
            }
        }
    };
}

tools! {
    extra_00 extra_01 extra_02 extra_03 extra_04 extra_05 extra_06 extra_07 extra_08 extra_09
    extra_10 extra_11 extra_12 extra_13 extra_14 extra_15 extra_16 extra_17 extra_18 extra_19
    extra_20 extra_21 extra_22 extra_23 extra_24 extra_25 extra_26 extra_27 extra_28 extra_29
    extra_30 extra_31 extra_32 extra_33 extra_34 extra_35 extra_36 extra_37 extra_38 extra_39
    extra_40 extra_41 extra_42 extra_43 extra_44 extra_45 extra_46 extra_47 extra_48 extra_49
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--stdio"] => Bench.run_stdio().await?,
        #[cfg(feature = "http")]
        ["--http", address] => {
            let service = Bench.into_server().build();
            // The others take a message of one MiB as they come.
            let config = turbomcp::http::HttpConfig::new().max_body_bytes(4 << 20);
            turbomcp::http::serve_http(address.parse()?, service, config).await?;
        }
        _ => return Err("usage: peer-turbomcp --stdio | --http ADDR".into()),
    }
    Ok(())
}
