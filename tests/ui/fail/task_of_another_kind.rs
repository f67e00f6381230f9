//! A kind of task that does not exist.

use mcp_runtime::{server, tool};

#[tool(task = "sometimes")]
async fn f() {}

fn main() {
    let _ = server![f];
}
