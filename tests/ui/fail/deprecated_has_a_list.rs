//! The form of the attribute of rustc.

use mcp_runtime::{server, tool};

#[tool(deprecated(note = "use g"))]
fn f() {}

fn main() {
    let _ = server![f];
}
