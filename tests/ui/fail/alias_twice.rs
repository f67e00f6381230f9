//! An alias that stands twice.

use mcp_runtime::{server, tool};

#[tool(alias = ["g", "g"])]
fn f() {}

fn main() {
    let _ = server![f];
}
