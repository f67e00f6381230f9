//! A variable without a name.

use mcp_runtime::{resource, server};

#[resource("note://{}")]
fn f() -> String {
    String::new()
}

fn main() {
    let _ = server![f];
}
