//! A name that no client takes, of a prompt.

use mcp_runtime::{prompt, server};

#[prompt(name = "review code")]
fn f() -> String {
    String::new()
}

fn main() {
    let _ = server![f];
}
