//! A crate said at a method.

use mcp_runtime::{serve, server};

struct Counter;

#[serve]
impl Counter {
    #[tool(crate = mcp_runtime)]
    fn f(&self) {}
}

fn main() {
    let _ = server![(Counter)];
}
