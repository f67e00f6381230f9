//! A header of a prompt.

use mcp_runtime::{prompt, server};

#[prompt]
fn f(#[arg(header = "Region")] region: &str) -> String {
    region.to_owned()
}

fn main() {
    let _ = server![f];
}
