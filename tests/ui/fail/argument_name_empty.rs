//! An argument without a name.

use mcp_runtime::{server, tool};

#[tool]
fn f(#[arg(name = "")] a: u32) -> u32 {
    a
}

fn main() {
    let _ = server![f];
}
