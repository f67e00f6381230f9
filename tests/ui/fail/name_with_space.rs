//! A name that no client takes.

use mcp_runtime::{server, tool};

#[tool(name = "add numbers")]
fn f() {}

fn main() {
    let _ = server![f];
}
