//! Metadata as a value.

use mcp_runtime::{server, tool};

#[tool(meta = "x")]
fn f() {}

fn main() {
    let _ = server![f];
}
