//! A method that consumes what many calls share.

use mcp_runtime::{serve, server};

struct Counter(u32);

#[serve]
impl Counter {
    #[tool]
    fn f(self) -> u32 {
        self.0
    }
}

fn main() {
    let _ = server![Counter(0)];
}
