//! Text after the query.

use mcp_runtime::{resource, server};

#[resource("note://all{?a}/more")]
fn f(a: Option<String>) -> String {
    String::new()
}

fn main() {
    let _ = server![f];
}
