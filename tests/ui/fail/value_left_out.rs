//! A key that takes a value, alone.

use mcp_runtime::{server, tool};

#[tool(title)]
fn f() {}

fn main() {
    let _ = server![f];
}
