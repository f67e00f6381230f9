//! A header with a space.

use mcp_runtime::{server, tool};

#[tool]
fn f(#[arg(header = "X Words")] a: String) {
    let _ = a;
}

fn main() {
    let _ = server![f];
}
