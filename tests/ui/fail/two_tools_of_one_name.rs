//! Two tools of one name in one list.

use mcp_runtime::{server, tool};

#[tool]
fn f() {}

#[tool(name = "f")]
fn g() {}

fn main() {
    let _ = server![f, g];
}
