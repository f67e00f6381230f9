//! Two variables with nothing between them.

use mcp_runtime::{resource, server};

#[resource("note://{a}{b}")]
fn f(a: String, b: String) -> String {
    format!("{a:?} {b:?}")
}

fn main() {
    let _ = server![f];
}
