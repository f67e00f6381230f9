//! A variable and a parameter that are nearly one.

use mcp_runtime::{resource, server};

#[resource("note://{note_id}")]
fn f(noteid: u64) -> String {
    format!("{noteid:?}")
}

fn main() {
    let _ = server![f];
}
