//! An optional reference to something other than text.

use mcp_runtime::{server, tool};

#[tool]
fn f(numbers: Option<&[u32]>) -> usize {
    numbers.map_or(0, <[u32]>::len)
}

fn main() {
    let _ = server![f];
}
