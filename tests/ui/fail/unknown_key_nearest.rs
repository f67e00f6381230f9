//! A key that is nearly one.

use mcp_runtime::{server, tool};

#[tool(readonly)]
fn f() {}

fn main() {
    let _ = server![f];
}
