//! A header of a list.

use mcp_runtime::{server, tool};

#[tool]
fn f(#[arg(header = "X-Words")] a: Vec<String>) {
    let _ = a;
}

fn main() {
    let _ = server![f];
}
