//! A range of a truth value.

use mcp_runtime::{server, tool};

#[tool]
fn f(#[arg(range = 0..=1)] a: bool) {
    let _ = a;
}

fn main() {
    let _ = server![f];
}
