//! An alias that is the name of a tool of a served type.

use mcp_runtime::{serve, server, tool};

struct Notes;

#[serve]
impl Notes {
    #[tool]
    fn find(&self) {}
}

#[tool(alias = "find")]
fn search() {}

fn main() {
    let _ = server![search, Notes {}];
}
