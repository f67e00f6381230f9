//! A parameter that no variable fills.

use mcp_runtime::{resource, server};

#[resource("note://{id}")]
fn f(id: u64, part: u64) -> String {
    format!("{id:?} {part:?}")
}

fn main() {
    let _ = server![f];
}
