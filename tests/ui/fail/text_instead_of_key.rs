//! A text where keys belong.

use mcp_runtime::{server, tool};

#[tool("Adds two numbers.")]
fn f() {}

fn main() {
    let _ = server![f];
}
