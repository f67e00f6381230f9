//! Half an item.

use mcp_runtime::{server, tool};

#[tool]
fn f(#[arg(items = 0.5..)] a: Vec<u32>) {
    let _ = a;
}

fn main() {
    let _ = server![f];
}
