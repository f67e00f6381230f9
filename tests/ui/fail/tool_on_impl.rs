//! A block annotated like a function.

use mcp_runtime::{server, tool};

struct Counter;

#[tool]
impl Counter {}

fn main() {
    let _ = server![];
}
