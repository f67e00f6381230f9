//! A text as the default of a number.

use mcp_runtime::{server, tool};

#[tool]
fn f(#[arg(default = "five")] a: u32) {
    let _ = a;
}

fn main() {
    let _ = server![f];
}
