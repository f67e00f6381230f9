//! A variable that is a list.

use mcp_runtime::{resource, server};

#[resource("note://{ids}")]
fn f(ids: Vec<u64>) -> String {
    format!("{ids:?}")
}

fn main() {
    let _ = server![f];
}
