//! A served type where its value belongs.

use mcp_runtime::{serve, server};

struct Counter {
    count: u32,
}

#[serve]
impl Counter {
    #[tool]
    fn f(&self) -> u32 {
        self.count
    }
}

fn main() {
    let _ = server![Counter];
}
