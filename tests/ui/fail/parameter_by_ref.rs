//! A parameter bound by reference.

use mcp_runtime::{server, tool};

#[tool]
fn f(ref a: u32) -> u32 {
    *a
}

fn main() {
    let _ = server![f];
}
