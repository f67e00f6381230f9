//! A trait as a tool.

use mcp_runtime::{server, tool};

#[tool]
trait F {}

fn main() {
    let _ = server![];
}
