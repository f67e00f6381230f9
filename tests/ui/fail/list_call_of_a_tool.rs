//! A tool that is called instead of named.

use mcp_runtime::{server, tool};

#[tool]
fn f() -> u32 {
    5
}

fn main() {
    let _ = server![f()];
}
