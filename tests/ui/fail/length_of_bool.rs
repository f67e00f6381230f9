//! A length of a truth value.

use mcp_runtime::{server, tool};

#[tool]
fn f(#[arg(length = 1..=5)] a: bool) {
    let _ = a;
}

fn main() {
    let _ = server![f];
}
