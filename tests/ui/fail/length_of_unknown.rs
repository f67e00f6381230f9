//! A length of a type that is no text.

use mcp_runtime::{server, tool};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Kind {
    name: String,
}

#[tool]
fn f(#[arg(length = 1..=5)] a: Kind) {
    let _ = a.name;
}

fn main() {
    let _ = server![f];
}
