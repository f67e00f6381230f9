//! A parameter without a name.

use mcp_runtime::{server, tool};

#[tool]
fn f((a, b): (u32, u32)) -> u32 {
    a + b
}

fn main() {
    let _ = server![f];
}
