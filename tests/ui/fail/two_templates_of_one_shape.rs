//! Two templates that match the same URIs under different names.

use mcp_runtime::{resource, server};

#[resource("note://{id}")]
fn note(id: u64) -> String {
    id.to_string()
}

#[resource("note://{title}{?page}")]
fn by_title(title: &str, page: Option<u32>) -> String {
    format!("{title} {page:?}")
}

fn main() {
    let _ = server![note, by_title];
}
