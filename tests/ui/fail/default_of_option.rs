//! A default of what has one already.

use mcp_runtime::{server, tool};

#[tool]
fn f(#[arg(default = 5)] a: Option<u32>) {
    let _ = a;
}

fn main() {
    let _ = server![f];
}
