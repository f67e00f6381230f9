//! An enumeration as a tool.

use mcp_runtime::{server, tool};

#[tool]
enum F {
    A,
}

fn main() {
    let _ = server![F];
}
