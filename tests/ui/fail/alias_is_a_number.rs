//! An alias that is no text.

use mcp_runtime::{server, tool};

#[tool(alias = ["old", 5])]
fn f() {}

fn main() {
    let _ = server![f];
}
