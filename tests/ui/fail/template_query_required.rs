//! A query variable that is required.

use mcp_runtime::{resource, server};

#[resource("note://all{?page}")]
fn f(page: u32) -> String {
    format!("{page:?}")
}

fn main() {
    let _ = server![f];
}
