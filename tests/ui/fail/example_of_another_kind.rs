//! An example of another kind.

use mcp_runtime::{server, tool};

#[tool]
fn f(#[arg(example = "five")] a: u32) {
    let _ = a;
}

fn main() {
    let _ = server![f];
}
