//! A default that the range excludes.

use mcp_runtime::{server, tool};

#[tool]
fn f(#[arg(default = 0, range = 1..=100)] a: u32) {
    let _ = a;
}

fn main() {
    let _ = server![f];
}
