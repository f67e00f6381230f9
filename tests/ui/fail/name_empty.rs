//! A name of no characters.

use mcp_runtime::{server, tool};

#[tool(name = "")]
fn f() {}

fn main() {
    let _ = server![f];
}
