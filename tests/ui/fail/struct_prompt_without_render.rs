//! A prompt that says nothing.

use mcp_runtime::{prompt, server};

#[prompt]
struct F {
    a: String,
}

fn main_of(f: F) -> String {
    f.a
}

fn main() {
    let _ = server![F];
}
