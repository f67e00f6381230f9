//! A length of a list.

use mcp_runtime::{server, tool};

#[tool]
fn f(#[arg(length = 1..=5)] a: Vec<u32>) {
    let _ = a;
}

fn main() {
    let _ = server![f];
}
