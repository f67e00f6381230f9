//! A list of what cannot be sent, as a success.

use mcp_runtime::{server, tool};

struct Note;

#[tool]
async fn f() -> Result<Vec<Note>, String> {
    Ok(Vec::new())
}

fn main() {
    let _ = server![f];
}
