//! A task that would hold its thread.

use mcp_runtime::{server, tool};

#[tool(task)]
fn f() {}

fn main() {
    let _ = server![f];
}
