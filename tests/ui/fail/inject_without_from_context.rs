//! `#[inject]` on a type that cannot be taken from a call.

use mcp_runtime::{server, tool};

struct Words;

#[tool]
fn f(#[inject] words: Words) {
    drop(words);
}

fn main() {
    let _ = server![f];
}
