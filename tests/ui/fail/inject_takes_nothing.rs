//! Something in `#[inject(…)]`.

use mcp_runtime::{State, server, tool};

#[tool]
fn f(#[inject(Words)] words: State<Vec<String>>) -> usize {
    words.len()
}

fn main() {
    let _ = server![f];
}
