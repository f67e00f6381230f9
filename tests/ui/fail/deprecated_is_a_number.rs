//! A deprecation that says nothing.

use mcp_runtime::{server, tool};

#[tool(deprecated = 2)]
fn f() {}

fn main() {
    let _ = server![f];
}
