//! A struct of many types.

use mcp_runtime::{server, tool};

#[derive(serde::Deserialize)]
#[tool]
struct F<T> {
    value: T,
}

fn main() {
    let _ = server![];
}
