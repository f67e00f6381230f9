//! A size that is no number of bytes.

use mcp_runtime::{resource, server};

#[resource("note://all", size = "5 KiB")]
fn f() -> String {
    String::new()
}

fn main() {
    let _ = server![f];
}
