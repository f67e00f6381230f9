//! Keys after `=`.

use mcp_runtime::{serve, server};

struct Counter;

#[serve]
impl Counter {
    #[tool = "f"]
    fn f(&self) {}
}

fn main() {
    let _ = server![(Counter)];
}
