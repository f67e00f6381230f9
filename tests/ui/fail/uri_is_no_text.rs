//! An address that is no text.

use mcp_runtime::{resource, server};

#[resource(5)]
fn f() -> String {
    String::new()
}

fn main() {
    let _ = server![f];
}
