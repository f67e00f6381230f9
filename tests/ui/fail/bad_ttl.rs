//! A time that is no number of seconds.

use mcp_runtime::{resource, server};

#[resource("note://all", ttl = 0.5)]
fn f() -> String {
    String::new()
}

fn main() {
    let _ = server![f];
}
