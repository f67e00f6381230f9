//! A parameter that is borrowed mutably.

use mcp_runtime::{server, tool};

#[tool]
fn f(words: &mut Vec<String>) {
    words.clear();
}

fn main() {
    let _ = server![f];
}
