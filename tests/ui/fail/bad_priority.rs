//! A priority beyond the highest.

use mcp_runtime::{resource, server};

#[resource("note://all", priority = 2)]
fn f() -> String {
    String::new()
}

fn main() {
    let _ = server![f];
}
