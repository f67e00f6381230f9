//! `self` where there is no type that it could be of.

use mcp_runtime::{server, tool};

#[tool]
fn f(&self) {}

fn main() {
    let _ = server![f];
}
