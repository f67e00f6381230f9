//! A result that can be sent and has no schema.

use mcp_runtime::{server, tool};

#[derive(serde::Serialize)]
struct Note {
    text: String,
}

#[tool]
fn f() -> Note {
    Note { text: String::new() }
}

fn main() {
    let _ = server![f];
}
