//! A fraction as the bound of an integer.

use mcp_runtime::{server, tool};

#[tool]
fn f(#[arg(range = 0.5..=1)] a: u8) {
    let _ = a;
}

fn main() {
    let _ = server![f];
}
