//! An address that is none.

use mcp_runtime::{resource, server};

#[resource("notes/{id}")]
fn f(id: u64) -> String {
    String::new()
}

fn main() {
    let _ = server![f];
}
