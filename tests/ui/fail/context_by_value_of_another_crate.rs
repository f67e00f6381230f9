//! A type named `Context` that is not ours.

use mcp_runtime::{server, tool};

struct Context;

#[tool]
fn f(cx: Context) {
    drop(cx);
}

fn main() {
    let _ = server![f];
}
