//! Three mistakes, one error each: all are told at once.

use mcp_runtime::{server, tool};

#[tool(name = "two words", colour = "red")]
fn f(#[arg(range = 5..=1)] a: u32) -> u32 {
    a
}

fn main() {
    let _ = server![f];
}
