//! A parameter with a pattern behind its name.

use mcp_runtime::{server, tool};

#[tool]
fn f(a @ _: u32) -> u32 {
    a
}

fn main() {
    let _ = server![f];
}
