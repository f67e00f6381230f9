//! The context as a field.

use mcp_runtime::{Context, server, tool};

#[tool]
struct F {
    cx: Context,
}

impl F {
    fn call(self, _: &Context) {
        drop(self.cx);
    }
}

fn main() {
    let _ = server![F];
}
