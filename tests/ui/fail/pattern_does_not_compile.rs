//! A regular expression that is none.

use mcp_runtime::{server, tool};

#[tool]
fn f(#[arg(pattern = "[a-z")] a: String) {
    let _ = a;
}

fn main() {
    let _ = server![f];
}
