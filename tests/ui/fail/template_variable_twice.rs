//! A variable that stands twice.

use mcp_runtime::{resource, server};

#[resource("note://{a}/{a}")]
fn f(a: String) -> String {
    format!("{a:?}")
}

fn main() {
    let _ = server![f];
}
