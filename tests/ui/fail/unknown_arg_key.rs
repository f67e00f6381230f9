//! A key that is nearly one, on a parameter.

use mcp_runtime::{server, tool};

#[tool]
fn f(#[arg(defualt = 3)] a: u32) -> u32 {
    a
}

fn main() {
    let _ = server![f];
}
