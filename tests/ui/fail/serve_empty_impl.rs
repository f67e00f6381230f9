//! A block where nothing is annotated.

use mcp_runtime::{serve, server};

struct Counter;

#[serve]
impl Counter {
    fn f(&self) {}
}

fn main() {
    let _ = server![(Counter)];
}
