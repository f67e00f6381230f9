//! A list of what cannot be read.

use mcp_runtime::{server, tool};

struct Note;

#[tool]
fn f(notes: Vec<Note>) -> usize {
    notes.len()
}

fn main() {
    let _ = server![f];
}
