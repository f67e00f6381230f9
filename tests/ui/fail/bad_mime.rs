//! A media type that is none.

use mcp_runtime::{resource, server};

#[resource("note://all", mime = "markdown")]
fn f() -> String {
    String::new()
}

fn main() {
    let _ = server![f];
}
