//! A function that is two things.

use mcp_runtime::{prompt, server, tool};

#[tool]
#[prompt]
fn f() -> String {
    String::new()
}

fn main() {
    let _ = server![f];
}
