//! A resource that cannot be written down.

use mcp_runtime::{resource, server};

struct Note;

#[resource("note://all")]
fn f() -> Note {
    Note
}

fn main() {
    let _ = server![f];
}
