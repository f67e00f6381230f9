//! The server that a thousand clients send too much to: it keeps what it gets for a while.

use std::time::Duration;

use mcp_runtime::{Handle, State, Usage, server, tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Adds two integers.
#[tool(read_only)]
fn add(a: i64, b: i64) -> i64 {
    a + b
}

/// Keeps any JSON for a while.
#[tool]
async fn keep(value: Value, ms: u64) -> bool {
    tokio::time::sleep(Duration::from_millis(ms)).await;
    value.is_null()
}

/// A point of a drawing.
#[derive(Deserialize, JsonSchema)]
struct Point {
    x: f64,
    y: f64,
}

/// Keeps points, which take no more than they have to.
#[tool]
async fn draw(points: Vec<Point>, ms: u64) -> f64 {
    tokio::time::sleep(Duration::from_millis(ms)).await;
    points.iter().map(|point| point.x * point.y).sum()
}

/// Says what it was told.
#[tool]
async fn echo(text: String, ms: u64) -> String {
    tokio::time::sleep(Duration::from_millis(ms)).await;
    text
}

#[derive(Serialize, JsonSchema)]
struct Held {
    bytes: usize,
    calls: usize,
    connections: usize,
}

/// What the server holds.
#[tool]
fn held(server: State<Handle>) -> Held {
    let Usage { memory, calls, connections, .. } = server.usage();
    Held { bytes: memory, calls, connections }
}

fn main() -> mcp_runtime::Result<()> {
    server![add, keep, draw, echo, held].run_blocking()
}
