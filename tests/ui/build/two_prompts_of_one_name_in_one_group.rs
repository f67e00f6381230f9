//! Two prompts of one name that come from two groups of one kind.

use mcp_runtime::{Group, group, prompt, server};

#[prompt]
fn ask() -> String {
    String::new()
}

fn group() -> impl Group {
    group![ask]
}

fn main() {
    let _ = server![group(), group()];
}
