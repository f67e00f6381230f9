//! Two arguments for one header.

use mcp_runtime::{server, tool};

#[tool]
fn f(#[arg(header = "Region")] a: String, #[arg(header = "region")] b: String) {
    let _ = (a, b);
}

fn main() {
    let _ = server![f];
}
