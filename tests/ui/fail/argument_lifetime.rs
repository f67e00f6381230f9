//! A type that borrows more than text can.

use mcp_runtime::{server, tool};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Note<'n> {
    text: &'n str,
}

#[tool]
fn f(note: Note<'_>) -> usize {
    note.text.len()
}

fn main() {
    let _ = server![f];
}
