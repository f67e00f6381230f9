//! A brace that is never opened.

use mcp_runtime::{resource, server};

#[resource("note://id}")]
fn f() -> String {
    String::new()
}

fn main() {
    let _ = server![f];
}
