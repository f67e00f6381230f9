//! A space in an address.

use mcp_runtime::{resource, server};

#[resource("note://all notes")]
fn f() -> String {
    String::new()
}

fn main() {
    let _ = server![f];
}
