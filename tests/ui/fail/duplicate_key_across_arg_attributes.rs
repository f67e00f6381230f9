//! A key that stands in two attributes of one parameter.

use mcp_runtime::{server, tool};

#[tool]
fn f(#[arg(default = 1)] #[arg(default = 2)] a: u32) -> u32 {
    a
}

fn main() {
    let _ = server![f];
}
