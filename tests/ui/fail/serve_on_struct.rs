//! `#[serve]` on the type instead of its block.

use mcp_runtime::{serve, server};

#[serve]
struct Counter;

fn main() {
    let _ = server![Counter];
}
