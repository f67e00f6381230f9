//! A form of RFC 6570 that is left out.

use mcp_runtime::{resource, server};

#[resource("note://{;a}")]
fn f(a: String) -> String {
    format!("{a:?}")
}

fn main() {
    let _ = server![f];
}
