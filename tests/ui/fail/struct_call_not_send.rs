//! A `call` that must stay on its thread.

use mcp_runtime::{Context, server, tool};

#[tool]
struct F {
    a: u32,
}

impl F {
    async fn call(self, _: &Context) -> u32 {
        let shared = std::rc::Rc::new(self.a);
        std::future::ready(()).await;
        *shared
    }
}

fn main() {
    let _ = server![F];
}
