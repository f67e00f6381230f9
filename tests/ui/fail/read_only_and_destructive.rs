//! Two hints that exclude each other.

use mcp_runtime::{server, tool};

#[tool(read_only, destructive)]
fn f() {}

fn main() {
    let _ = server![f];
}
