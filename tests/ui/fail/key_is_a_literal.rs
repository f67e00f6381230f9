//! A number where a key belongs.

use mcp_runtime::{server, tool};

#[tool(5)]
fn f() {}

fn main() {
    let _ = server![f];
}
