//! A method that changes what many calls share.

use mcp_runtime::{serve, server};

struct Counter(u32);

#[serve]
impl Counter {
    #[tool]
    fn f(&mut self) {
        self.0 += 1;
    }
}

fn main() {
    let _ = server![Counter(0)];
}
