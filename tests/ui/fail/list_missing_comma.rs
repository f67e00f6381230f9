//! Two items and no comma.

use mcp_runtime::{server, tool};

#[tool]
fn f() {}

#[tool]
fn g() {}

fn main() {
    let _ = server![f g];
}
