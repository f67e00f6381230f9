//! A bound that the type cannot hold.

use mcp_runtime::{server, tool};

#[tool]
fn f(#[arg(range = 0..=300)] a: u8) {
    let _ = a;
}

fn main() {
    let _ = server![f];
}
