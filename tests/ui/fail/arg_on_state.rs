//! `#[arg]` on what the server fills in.

use mcp_runtime::{State, server, tool};

#[tool]
fn f(#[arg(default = 1)] words: State<Vec<String>>) -> usize {
    words.len()
}

fn main() {
    let _ = server![f];
}
