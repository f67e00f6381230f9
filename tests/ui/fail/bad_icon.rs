//! An icon that no client shows.

use mcp_runtime::{server, tool};

#[tool(icons = "icon.png")]
fn f() {}

fn main() {
    let _ = server![f];
}
