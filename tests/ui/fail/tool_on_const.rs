//! A constant as a tool.

use mcp_runtime::{server, tool};

#[tool]
const F: u32 = 5;

fn main() {
    let _ = server![F];
}
