//! A range that nothing lies in.

use mcp_runtime::{server, tool};

#[tool]
fn f(#[arg(range = 5..=1)] a: u32) {
    let _ = a;
}

fn main() {
    let _ = server![f];
}
