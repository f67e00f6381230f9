//! A flag with parentheses.

use mcp_runtime::{server, tool};

#[tool(read_only(yes))]
fn f() {}

fn main() {
    let _ = server![f];
}
