//! A prompt that renders to a number.

use mcp_runtime::{prompt, server};

#[prompt]
struct F {
    a: String,
}

impl F {
    fn render(self) -> usize {
        self.a.len()
    }
}

fn main() {
    let _ = server![F];
}
