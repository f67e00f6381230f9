//! An argument of a type that cannot be read.

use mcp_runtime::{server, tool};

struct Note;

#[tool]
fn f(note: Note) {
    drop(note);
}

fn main() {
    let _ = server![f];
}
