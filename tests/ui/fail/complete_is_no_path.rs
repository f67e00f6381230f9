//! Completions that are neither a function nor a list.

use mcp_runtime::{prompt, server};

#[prompt]
fn f(#[arg(complete = 5)] region: &str) -> String {
    region.to_owned()
}

fn main() {
    let _ = server![f];
}
