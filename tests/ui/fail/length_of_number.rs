//! A length of a number.

use mcp_runtime::{server, tool};

#[tool]
fn f(#[arg(length = 1..=5)] a: u32) {
    let _ = a;
}

fn main() {
    let _ = server![f];
}
