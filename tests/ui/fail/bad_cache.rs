//! A cache that does not exist.

use mcp_runtime::{resource, server};

#[resource("note://all", cache = "shared")]
fn f() -> String {
    String::new()
}

fn main() {
    let _ = server![f];
}
