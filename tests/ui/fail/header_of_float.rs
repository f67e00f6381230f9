//! A header of a number with a fraction.

use mcp_runtime::{server, tool};

#[tool]
fn f(#[arg(header = "X-Rate")] a: f64) {
    let _ = a;
}

fn main() {
    let _ = server![f];
}
