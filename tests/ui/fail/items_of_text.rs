//! A number of items of a text.

use mcp_runtime::{server, tool};

#[tool]
fn f(#[arg(items = 1..=5)] a: &str) {
    let _ = a;
}

fn main() {
    let _ = server![f];
}
