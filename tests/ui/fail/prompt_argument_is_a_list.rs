//! A prompt's argument that text never is.

use mcp_runtime::{prompt, server};

#[prompt]
fn f(words: Vec<String>) -> String {
    words.join(" ")
}

fn main() {
    let _ = server![f];
}
