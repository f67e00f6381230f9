//! A variable that nobody takes.

use mcp_runtime::{resource, server};

#[resource("note://{id}/{part}")]
fn f(id: u64) -> String {
    format!("{id:?}")
}

fn main() {
    let _ = server![f];
}
