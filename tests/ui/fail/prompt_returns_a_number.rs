//! A prompt that is no text.

use mcp_runtime::{prompt, server};

#[prompt]
fn f() -> u32 {
    5
}

fn main() {
    let _ = server![f];
}
