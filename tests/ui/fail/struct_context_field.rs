//! The context as a field.

use mcp_runtime::{Context, server, tool};

#[tool]
struct F {
    cx: &'static Context,
}

impl F {
    fn call(self, _: &Context) {
        let _ = self.cx;
    }
}

fn main() {
    let _ = server![F];
}
