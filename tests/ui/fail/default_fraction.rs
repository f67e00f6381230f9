//! A fraction as the default of an integer.

use mcp_runtime::{server, tool};

#[tool]
fn f(#[arg(default = 1.5)] a: i32) {
    let _ = a;
}

fn main() {
    let _ = server![f];
}
