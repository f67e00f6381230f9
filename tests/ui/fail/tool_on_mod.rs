//! A module as a tool.

use mcp_runtime::{server, tool};

#[tool]
mod f {}

fn main() {
    let _ = server![];
}
