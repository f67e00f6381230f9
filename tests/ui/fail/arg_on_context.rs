//! `#[arg]` on the context.

use mcp_runtime::{Context, server, tool};

#[tool]
fn f(#[arg(name = "cx")] cx: &Context) {
    let _ = cx;
}

fn main() {
    let _ = server![f];
}
