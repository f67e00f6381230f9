//! A struct at many addresses.

use mcp_runtime::{resource, server};

#[derive(serde::Serialize)]
#[resource("config://{id}")]
struct F {
    a: u32,
}

fn main() {
    let _ = server![F { a: 1 }];
}
