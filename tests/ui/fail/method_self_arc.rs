//! A method that takes a pointer to itself.

use mcp_runtime::{serve, server};

struct Counter(u32);

#[serve]
impl Counter {
    #[tool]
    fn f(self: std::sync::Arc<Self>) -> u32 {
        self.0
    }
}

fn main() {
    let _ = server![Counter(0)];
}
