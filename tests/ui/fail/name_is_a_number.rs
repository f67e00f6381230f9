//! A number where a text belongs.

use mcp_runtime::{server, tool};

#[tool(name = 5)]
fn f() {}

fn main() {
    let _ = server![f];
}
