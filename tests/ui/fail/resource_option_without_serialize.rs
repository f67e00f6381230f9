//! A resource that may be absent and cannot be written down.

use mcp_runtime::{resource, server};

struct Note;

#[resource("note://all")]
fn f() -> Result<Option<Note>, String> {
    Ok(None)
}

fn main() {
    let _ = server![f];
}
