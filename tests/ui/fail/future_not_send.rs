//! A future that holds what must stay on its thread.

use mcp_runtime::{server, tool};

#[tool]
async fn f() -> usize {
    let shared = std::rc::Rc::new(1);
    std::future::ready(()).await;
    *shared
}

fn main() {
    let _ = server![f];
}
