//! A required argument after one with a default.

use mcp_runtime::{prompt, server};

#[prompt]
fn f(#[arg(default = "en")] language: &str, code: &str) -> String {
    format!("{language} {code}")
}

fn main() {
    let _ = server![f];
}
