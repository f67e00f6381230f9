//! A field that borrows.

use mcp_runtime::{Context, server, tool};

#[tool]
struct F {
    text: &'static str,
}

impl F {
    fn call(self, _: &Context) -> usize {
        self.text.len()
    }
}

fn main() {
    let _ = server![F];
}
