//! A parameter whose type is not said.

use mcp_runtime::{server, tool};

#[tool]
fn f(text: impl ToString) -> String {
    text.to_string()
}

fn main() {
    let _ = server![f];
}
