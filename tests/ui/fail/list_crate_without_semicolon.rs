//! A crate and no semicolon.

use mcp_runtime::{server, tool};

#[tool]
fn f() {}

fn main() {
    let _ = server![crate = mcp_runtime, f];
}
