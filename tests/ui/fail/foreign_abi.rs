//! A function for another language.

use mcp_runtime::{server, tool};

#[tool]
extern "C" fn f() {}

fn main() {
    let _ = server![f];
}
