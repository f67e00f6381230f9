//! Two tools of one name in one block.

use mcp_runtime::{serve, server};

struct Counter;

#[serve]
impl Counter {
    #[tool]
    fn f(&self) {}

    #[tool(name = "f")]
    fn g(&self) {}
}

fn main() {
    let _ = server![(Counter)];
}
