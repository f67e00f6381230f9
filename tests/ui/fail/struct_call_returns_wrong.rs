//! A `call` whose result cannot be sent.

use mcp_runtime::{Context, server, tool};

struct Note;

#[tool]
struct F {
    a: u32,
}

impl F {
    async fn call(self, _: &Context) -> Note {
        let _ = self.a;
        Note
    }
}

fn main() {
    let _ = server![F];
}
