//! An argument of a type that can be read and has no schema.

use mcp_runtime::{server, tool};

#[derive(serde::Deserialize)]
struct Note {
    text: String,
}

#[tool]
fn f(note: Note) -> String {
    note.text
}

fn main() {
    let _ = server![f];
}
