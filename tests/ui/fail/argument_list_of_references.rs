//! A list of what borrows.

use mcp_runtime::{server, tool};

#[tool]
fn f(words: Vec<&str>) -> usize {
    words.len()
}

fn main() {
    let _ = server![f];
}
