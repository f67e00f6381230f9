//! A type that cannot be shared between calls.

use mcp_runtime::{serve, server};

struct Counter {
    count: std::cell::Cell<u32>,
}

#[serve]
impl Counter {
    #[tool]
    fn f(&self) -> u32 {
        self.count.get()
    }
}

fn main() {
    let _ = server![Counter { count: std::cell::Cell::new(0) }];
}
