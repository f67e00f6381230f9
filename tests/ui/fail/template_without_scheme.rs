//! An address that is none.

use mcp_runtime::{resource, server};

#[resource("notes/{id}")]
fn f(id: u64) -> String {
    format!("{id:?}")
}

fn main() {
    let _ = server![f];
}
