//! A range of a text.

use mcp_runtime::{server, tool};

#[tool]
fn f(#[arg(range = 1..=5)] a: String) {
    let _ = a;
}

fn main() {
    let _ = server![f];
}
