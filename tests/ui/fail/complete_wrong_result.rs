//! A function that completes to numbers.

use mcp_runtime::{Context, prompt, server};

fn regions(_: &str, _: &Context) -> Vec<u32> {
    Vec::new()
}

#[prompt]
fn f(#[arg(complete = regions)] region: &str) -> String {
    region.to_owned()
}

fn main() {
    let _ = server![f];
}
