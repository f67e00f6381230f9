//! An alias that is the name of another tool.

use mcp_runtime::{server, tool};

#[tool]
fn f() {}

#[tool(alias = ["h", "f"])]
fn g() {}

fn main() {
    let _ = server![f, g];
}
