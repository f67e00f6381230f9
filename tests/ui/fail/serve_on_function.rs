//! `#[serve]` on a function.

use mcp_runtime::{serve, server};

#[serve]
fn f() {}

fn main() {
    let _ = server![];
}
