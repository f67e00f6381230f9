//! A key of the protocol's own.

use mcp_runtime::{server, tool};

#[tool(meta("io.modelcontextprotocol/x" = 1))]
fn f() {}

fn main() {
    let _ = server![f];
}
