//! Text after the query.

use mcp_runtime::{resource, server};

#[resource("note://all{?a}/more")]
fn f(a: Option<String>) -> String {
    format!("{a:?}")
}

fn main() {
    let _ = server![f];
}
