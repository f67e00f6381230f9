//! A key that is like none.

use mcp_runtime::{server, tool};

#[tool(colour = "red")]
fn f() {}

fn main() {
    let _ = server![f];
}
