//! An error that cannot be told.

use mcp_runtime::{server, tool};

struct Broken;

#[tool]
fn f() -> Result<String, Broken> {
    Err(Broken)
}

fn main() {
    let _ = server![f];
}
