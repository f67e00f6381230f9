//! A parameter that is dropped.

use mcp_runtime::{server, tool};

#[tool]
fn f(_: u32) {}

fn main() {
    let _ = server![f];
}
