//! A key that only tools have.

use mcp_runtime::{prompt, server};

#[prompt(read_only)]
fn f() -> String {
    String::new()
}

fn main() {
    let _ = server![f];
}
