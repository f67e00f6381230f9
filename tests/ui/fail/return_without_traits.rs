//! A result that cannot be sent.

use mcp_runtime::{server, tool};

struct Note;

#[tool]
fn f() -> Note {
    Note
}

fn main() {
    let _ = server![f];
}
