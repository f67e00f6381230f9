//! A clause about nothing.

use mcp_runtime::{server, tool};

#[tool]
fn f()
where
    String: Clone,
{
}

fn main() {
    let _ = server![f];
}
