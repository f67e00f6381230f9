//! `default` alone for a type without one.

use mcp_runtime::{server, tool};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Kind {
    name: String,
}

#[tool]
fn f(#[arg(default)] a: Kind) {
    let _ = a.name;
}

fn main() {
    let _ = server![f];
}
