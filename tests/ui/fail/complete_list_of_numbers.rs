//! Completions that are no texts.

use mcp_runtime::{prompt, server};

#[prompt]
fn f(#[arg(complete = ["a", 5])] region: &str) -> String {
    region.to_owned()
}

fn main() {
    let _ = server![f];
}
