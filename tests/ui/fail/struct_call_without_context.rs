//! A `call` that takes no context.

use mcp_runtime::{server, tool};

#[tool]
struct F {
    a: u32,
}

impl F {
    fn call(self) -> u32 {
        self.a
    }
}

fn main() {
    let _ = server![F];
}
