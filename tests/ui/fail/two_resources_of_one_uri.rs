//! Two resources at one address.

use mcp_runtime::{resource, server};

#[resource("note://all")]
fn f() -> String {
    String::new()
}

#[resource("note://all")]
fn g() -> String {
    String::new()
}

fn main() {
    let _ = server![f, g];
}
