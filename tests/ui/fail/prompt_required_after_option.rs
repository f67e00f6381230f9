//! A required argument after an optional one.

use mcp_runtime::{prompt, server};

#[prompt]
fn f(language: Option<&str>, code: &str) -> String {
    format!("{language:?} {code}")
}

fn main() {
    let _ = server![f];
}
