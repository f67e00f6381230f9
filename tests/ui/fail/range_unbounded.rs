//! A range that everything lies in.

use mcp_runtime::{server, tool};

#[tool]
fn f(#[arg(range = ..)] a: u32) {
    let _ = a;
}

fn main() {
    let _ = server![f];
}
