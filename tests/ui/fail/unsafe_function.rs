//! A function that trusts its caller.

use mcp_runtime::{server, tool};

#[tool]
unsafe fn f() {}

fn main() {
    let _ = server![f];
}
