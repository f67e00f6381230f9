//! A number of items of a type that is no list.

use mcp_runtime::{server, tool};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Kind {
    name: String,
}

#[tool]
fn f(#[arg(items = 1..=5)] a: Kind) {
    let _ = a.name;
}

fn main() {
    let _ = server![f];
}
