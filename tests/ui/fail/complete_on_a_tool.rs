//! Completions of a tool.

use mcp_runtime::{server, tool};

#[tool]
fn f(#[arg(complete = ["a", "b"])] a: String) {
    let _ = a;
}

fn main() {
    let _ = server![f];
}
