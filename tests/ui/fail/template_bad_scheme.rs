//! A scheme that is none.

use mcp_runtime::{resource, server};

#[resource("1note://all")]
fn f() -> String {
    String::new()
}

fn main() {
    let _ = server![f];
}
