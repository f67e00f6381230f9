//! A function of many types.

use mcp_runtime::{server, tool};

#[tool]
fn f<T: std::fmt::Display>(value: T) -> String {
    value.to_string()
}

fn main() {
    let _ = server![f];
}
