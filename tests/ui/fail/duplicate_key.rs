//! A key that stands twice.

use mcp_runtime::{server, tool};

#[tool(title = "One", title = "Two")]
fn f() {}

fn main() {
    let _ = server![f];
}
