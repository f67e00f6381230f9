//! A parameter that is switched off.

use mcp_runtime::{server, tool};

#[tool]
fn f(#[cfg(all())] a: u32) -> u32 {
    a
}

fn main() {
    let _ = server![f];
}
