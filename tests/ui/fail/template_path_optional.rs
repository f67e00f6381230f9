//! A path variable that is optional.

use mcp_runtime::{resource, server};

#[resource("note://{id}")]
fn f(id: Option<u64>) -> String {
    format!("{id:?}")
}

fn main() {
    let _ = server![f];
}
