//! A result whose type is not said.

use mcp_runtime::{server, tool};

#[tool]
fn f() -> impl std::fmt::Display {
    5
}

fn main() {
    let _ = server![f];
}
