//! A default that the pattern refuses.

use mcp_runtime::{server, tool};

#[tool]
fn f(#[arg(default = "A1", pattern = "^[a-z]+$")] a: &str) {
    let _ = a;
}

fn main() {
    let _ = server![f];
}
