//! An alias of `State` that is not marked.

use mcp_runtime::{State, server, tool};

type Words = State<Vec<String>>;

#[tool]
fn f(words: Words) -> usize {
    words.len()
}

fn main() {
    let _ = server![f];
}
