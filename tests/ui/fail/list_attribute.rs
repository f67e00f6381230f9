//! An attribute other than `#[cfg]`.

use mcp_runtime::{server, tool};

#[tool]
fn f() {}

fn main() {
    let _ = server![#[allow(unused)] f];
}
