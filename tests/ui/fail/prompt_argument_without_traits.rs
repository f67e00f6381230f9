//! A prompt's argument that cannot be read from text.

use mcp_runtime::{prompt, server};

struct Note;

#[prompt]
fn f(note: Note) -> String {
    drop(note);
    String::new()
}

fn main() {
    let _ = server![f];
}
