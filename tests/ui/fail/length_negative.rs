//! A length below zero.

use mcp_runtime::{server, tool};

#[tool]
fn f(#[arg(length = -1..=5)] a: String) {
    let _ = a;
}

fn main() {
    let _ = server![f];
}
