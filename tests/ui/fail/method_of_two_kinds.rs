//! A method that is two things.

use mcp_runtime::{serve, server};

struct Counter;

#[serve]
impl Counter {
    #[tool]
    #[prompt]
    fn f(&self) -> String {
        String::new()
    }
}

fn main() {
    let _ = server![(Counter)];
}
