//! A reference to what cannot be read.

use mcp_runtime::{server, tool};

struct Note;

#[tool]
fn f(note: &Note) -> bool {
    std::ptr::eq(note, note)
}

fn main() {
    let _ = server![f];
}
