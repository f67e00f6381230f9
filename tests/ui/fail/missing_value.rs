//! A key and `=`, and nothing after it.

use mcp_runtime::{server, tool};

#[tool(title =)]
fn f() {}

fn main() {
    let _ = server![f];
}
