//! A default below zero of a type that has none.

use mcp_runtime::{server, tool};

#[tool]
fn f(#[arg(default = -1)] a: u32) {
    let _ = a;
}

fn main() {
    let _ = server![f];
}
