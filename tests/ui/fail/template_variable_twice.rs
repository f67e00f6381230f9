//! A variable that stands twice.

use mcp_runtime::{resource, server};

#[resource("note://{a}/{a}")]
fn f(a: String) -> String {
    String::new()
}

fn main() {
    let _ = server![f];
}
