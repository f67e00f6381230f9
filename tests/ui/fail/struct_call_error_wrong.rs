//! A `call` whose error cannot be told.

use mcp_runtime::{Context, server, tool};

struct Broken;

#[tool]
struct F {
    a: u32,
}

impl F {
    fn call(self, _: &Context) -> Result<u32, Broken> {
        if self.a == 0 { Err(Broken) } else { Ok(self.a) }
    }
}

fn main() {
    let _ = server![F];
}
