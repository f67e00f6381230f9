//! A member of the metadata that has no value.

use mcp_runtime::{server, tool};

#[tool(meta("com.example/x"))]
fn f() {}

fn main() {
    let _ = server![f];
}
