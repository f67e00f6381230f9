//! `#[arg]` without a list.

use mcp_runtime::{server, tool};

#[tool]
fn f(#[arg] a: u32) -> u32 {
    a
}

fn main() {
    let _ = server![f];
}
