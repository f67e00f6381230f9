//! A function with a lifetime of its own.

use mcp_runtime::{server, tool};

#[tool]
fn f<'t>(text: &'t str) -> &'t str {
    text
}

fn main() {
    let _ = server![f];
}
