//! A variable that is no name.

use mcp_runtime::{resource, server};

#[resource("note://{a$b}")]
fn f(a: String) -> String {
    format!("{a:?}")
}

fn main() {
    let _ = server![f];
}
