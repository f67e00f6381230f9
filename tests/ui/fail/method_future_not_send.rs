//! A future of a method that holds what must stay on its thread.

use mcp_runtime::{serve, server};

struct Counter;

#[serve]
impl Counter {
    #[tool]
    async fn f(&self) -> usize {
        let shared = std::rc::Rc::new(1);
        std::future::ready(()).await;
        *shared
    }
}

fn main() {
    let _ = server![(Counter)];
}
