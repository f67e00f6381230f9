//! A key on the block that belongs to its methods.

use mcp_runtime::{serve, server};

struct Counter;

#[serve(name = "counter")]
impl Counter {
    #[tool]
    fn f(&self) {}
}

fn main() {
    let _ = server![(Counter)];
}
