//! Two arguments that a client could not tell apart.

use mcp_runtime::{server, tool};

#[tool]
fn f(a: u32, #[arg(name = "a")] b: u32) -> u32 {
    a + b
}

fn main() {
    let _ = server![f];
}
