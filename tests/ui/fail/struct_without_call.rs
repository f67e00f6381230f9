//! A tool that does nothing.

use mcp_runtime::{server, tool};

#[tool]
struct F {
    a: u32,
}

fn main_of(f: F) -> u32 {
    f.a
}

fn main() {
    let _ = server![F];
}
