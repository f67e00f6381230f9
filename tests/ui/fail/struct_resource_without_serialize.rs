//! A struct that cannot be written down.

use mcp_runtime::{resource, server};

#[resource("config://all")]
struct F {
    a: u32,
}

fn main_of(f: F) -> u32 {
    f.a
}

fn main() {
    let _ = server![F { a: 1 }];
}
