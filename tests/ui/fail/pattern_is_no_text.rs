//! A pattern that is no text.

use mcp_runtime::{server, tool};

#[tool]
fn f(#[arg(pattern = 5)] a: String) {
    let _ = a;
}

fn main() {
    let _ = server![f];
}
