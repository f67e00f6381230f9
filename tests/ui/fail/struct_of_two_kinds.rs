//! A struct that is two things.

use mcp_runtime::{prompt, server, tool};

#[tool]
#[prompt]
struct F {
    a: String,
}

impl F {
    fn render(self) -> String {
        self.a
    }
}

fn main() {
    let _ = server![F];
}
