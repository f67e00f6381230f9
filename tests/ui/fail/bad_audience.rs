//! An audience that does not exist.

use mcp_runtime::{resource, server};

#[resource("note://all", audience = "human")]
fn f() -> String {
    String::new()
}

fn main() {
    let _ = server![f];
}
