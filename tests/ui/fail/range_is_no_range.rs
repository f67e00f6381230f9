//! A number where a range belongs.

use mcp_runtime::{server, tool};

#[tool]
fn f(#[arg(range = 5)] a: u32) {
    let _ = a;
}

fn main() {
    let _ = server![f];
}
