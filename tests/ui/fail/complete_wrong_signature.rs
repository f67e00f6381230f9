//! A function that completes nothing.

use mcp_runtime::{prompt, server};

fn regions() -> Vec<String> {
    Vec::new()
}

#[prompt]
fn f(#[arg(complete = regions)] region: &str) -> String {
    region.to_owned()
}

fn main() {
    let _ = server![f];
}
