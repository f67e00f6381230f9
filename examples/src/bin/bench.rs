//! What the benchmarks measure: 54 tools from the shortest to one with twenty structured hits, a resource and a prompt.
//! `bench --stdio` or `bench --http 127.0.0.1:3000`; `cargo run --release -p benches -- all` compares it with other servers.

use std::time::Duration;

use mcp_runtime::{Group, group, prompt, resource, server, tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a hit is.
#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Article,
    Image,
    Video,
}

/// Which hits are wanted.
#[derive(Deserialize, JsonSchema)]
struct Filter {
    /// The lowest score.
    min: f64,
    /// The highest score.
    max: f64,
    /// The kind of all hits.
    kind: Kind,
}

/// One hit.
#[derive(Serialize, JsonSchema)]
struct Hit {
    /// Its number.
    id: u32,
    /// Its title.
    title: String,
    /// Where it is.
    url: String,
    /// What it is.
    kind: Kind,
    /// How well it fits.
    score: f64,
}

/// What was found.
#[derive(Serialize, JsonSchema)]
struct Found {
    /// How many there are.
    total: u32,
    /// What all of them are tagged with.
    tags: Vec<String>,
    /// The best of them.
    hits: Vec<Hit>,
}

/// Adds two numbers.
#[tool]
fn add(
    /// The first number.
    a: i64,
    /// The second number.
    b: i64,
) -> i64 {
    a + b
}

/// Answers what it is given.
#[tool]
fn echo(
    /// What to answer.
    text: String,
) -> String {
    text
}

/// Searches.
#[tool]
fn search(
    /// Words to look for.
    query: String,
    /// The most hits.
    limit: u32,
    /// What every hit is tagged with.
    tags: Vec<String>,
    /// Only these.
    filter: Option<Filter>,
) -> Found {
    let (low, high, kind) = filter.map_or((0.0, 1.0, Kind::Article), |filter| (filter.min, filter.max, filter.kind));
    let hit = |id| Hit {
        id,
        title: format!("{query} {id}"),
        url: format!("https://example.com/{query}/{id}"),
        kind,
        score: low + (high - low) * f64::from(id) / 20.0,
    };
    Found { total: limit, tags, hits: (0..limit.min(20)).map(hit).collect() }
}

/// Waits.
#[tool]
async fn sleep_ms(
    /// For how long, in milliseconds.
    ms: u64,
) -> &'static str {
    tokio::time::sleep(Duration::from_millis(ms)).await;
    "slept"
}

/// What this server is.
#[resource("bench://about")]
fn about() -> &'static str {
    "A server to measure."
}

/// Ask for something.
#[prompt]
fn ask(topic: String) -> String {
    format!("Search for {topic}.")
}

macro_rules! extras {
    ($($extra:ident)*) => {
        $(
            /// One of fifty more.
            #[tool]
            fn $extra(
                /// Some text.
                value: String,
                /// Some number.
                count: u32,
            ) -> String {
                format!("{value} {count}")
            }
        )*

        fn extras() -> impl Group {
            group![$($extra),*]
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

#[tokio::main]
async fn main() -> mcp_runtime::Result<()> {
    server![add, echo, search, sleep_ms, extras(), about, ask].run().await
}
