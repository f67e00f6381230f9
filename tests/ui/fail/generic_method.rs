//! A method of many types.

use mcp_runtime::{serve, server};

struct Counter;

#[serve]
impl Counter {
    #[tool]
    fn f<T: Default>(&self) -> String {
        let _ = T::default();
        String::new()
    }
}

fn main() {
    let _ = server![(Counter)];
}
