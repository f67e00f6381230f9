//! A range of a type that has no order.

use mcp_runtime::{server, tool};

#[derive(serde::Deserialize, serde::Serialize, schemars::JsonSchema)]
struct Kind {
    name: String,
}

impl Kind {
    fn new() -> Self {
        Self { name: String::new() }
    }
}

#[tool]
fn f(#[arg(range = Kind::new()..)] a: Kind) {
    let _ = a.name;
}

fn main() {
    let _ = server![f];
}
