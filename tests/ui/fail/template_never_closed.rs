//! A brace that is never closed.

use mcp_runtime::{resource, server};

#[resource("note://{id")]
fn f(id: u64) -> String {
    format!("{id:?}")
}

fn main() {
    let _ = server![f];
}
