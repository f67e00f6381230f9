//! A function that would hide a type.

use mcp_runtime::{server, tool};

#[tool]
fn u32() {}

fn main() {
    let _ = server![u32];
}
