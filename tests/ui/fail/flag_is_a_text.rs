//! A text where a truth value belongs.

use mcp_runtime::{server, tool};

#[tool(read_only = "yes")]
fn f() {}

fn main() {
    let _ = server![f];
}
