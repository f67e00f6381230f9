//! A default that the length excludes.

use mcp_runtime::{server, tool};

#[tool]
fn f(#[arg(default = "", length = 1..)] a: String) {
    let _ = a;
}

fn main() {
    let _ = server![f];
}
