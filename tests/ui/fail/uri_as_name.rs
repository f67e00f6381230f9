//! An address given as a key.

use mcp_runtime::{resource, server};

#[resource(uri = "note://all")]
fn f() -> String {
    String::new()
}

fn main() {
    let _ = server![f];
}
