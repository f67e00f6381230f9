//! A text that stands after a key.

use mcp_runtime::{server, tool};

#[tool(read_only, "Adds two numbers.")]
fn f() {}

fn main() {
    let _ = server![f];
}
