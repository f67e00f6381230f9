//! A tool that stands twice in one list.

use mcp_runtime::{server, tool};

#[tool]
fn f() {}

fn main() {
    let _ = server![f, f];
}
