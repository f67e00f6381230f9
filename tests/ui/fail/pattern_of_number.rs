//! A pattern of a number.

use mcp_runtime::{server, tool};

#[tool]
fn f(#[arg(pattern = "^[0-9]+$")] a: u32) {
    let _ = a;
}

fn main() {
    let _ = server![f];
}
