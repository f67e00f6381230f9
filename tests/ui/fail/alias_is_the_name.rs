//! An alias that is the name.

use mcp_runtime::{server, tool};

#[tool(alias = "f")]
fn f() {}

fn main() {
    let _ = server![f];
}
