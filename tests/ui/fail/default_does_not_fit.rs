//! A default that the type cannot hold.

use mcp_runtime::{server, tool};

#[tool]
fn f(#[arg(default = 300)] a: u8) {
    let _ = a;
}

fn main() {
    let _ = server![f];
}
