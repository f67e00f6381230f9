//! Two keys and no comma.

use mcp_runtime::{server, tool};

#[tool(read_only idempotent)]
fn f() {}

fn main() {
    let _ = server![f];
}
