//! Arguments without names.

use mcp_runtime::{Context, server, tool};

#[tool]
struct F(u32);

impl F {
    fn call(self, _: &Context) -> u32 {
        self.0
    }
}

fn main() {
    let _ = server![F];
}
