//! An expression of another type as the default.

use mcp_runtime::{server, tool};

#[tool]
fn f(#[arg(default = String::new())] a: u32) {
    let _ = a;
}

fn main() {
    let _ = server![f];
}
