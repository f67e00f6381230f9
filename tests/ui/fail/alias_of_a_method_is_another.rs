//! An alias that is the name of another tool of the block.

use mcp_runtime::{serve, server};

struct Counter;

#[serve]
impl Counter {
    #[tool]
    fn f(&self) {}

    #[tool(alias = "f")]
    fn g(&self) {}
}

fn main() {
    let _ = server![(Counter)];
}
