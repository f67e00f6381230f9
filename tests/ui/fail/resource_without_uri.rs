//! A resource at no address.

use mcp_runtime::{resource, server};

#[resource]
fn f() -> String {
    String::new()
}

fn main() {
    let _ = server![f];
}
