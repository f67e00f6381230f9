//! A crate named by a text.

use mcp_runtime::{server, tool};

#[tool(crate = "mcp_runtime")]
fn f() {}

fn main() {
    let _ = server![f];
}
