//! Two resources at one address in one block.

use mcp_runtime::{serve, server};

struct Counter;

#[serve]
impl Counter {
    #[resource("count://now")]
    fn f(&self) -> String {
        String::new()
    }

    #[resource("count://now")]
    fn g(&self) -> String {
        String::new()
    }
}

fn main() {
    let _ = server![(Counter)];
}
