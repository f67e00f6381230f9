//! A result that borrows from the state.

use mcp_runtime::{State, server, tool};

#[tool]
fn f<'s>(words: &'s State<Vec<String>>) -> &'s str {
    &words[0]
}

fn main() {
    let _ = server![f];
}
