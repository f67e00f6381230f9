//! `#[serve]` on the block of a trait.

use mcp_runtime::{serve, server};

struct Counter;

#[serve]
impl Iterator for Counter {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        None
    }
}

fn main() {
    let _ = server![(Counter)];
}
