//! A function whose name is no name on the wire.

use mcp_runtime::{server, tool};

#[tool]
fn grüßen() {}

fn main() {
    let _ = server![grüßen];
}
