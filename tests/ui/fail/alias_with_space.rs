//! An alias that no client takes.

use mcp_runtime::{server, tool};

#[tool(alias = "old name")]
fn f() {}

fn main() {
    let _ = server![f];
}
