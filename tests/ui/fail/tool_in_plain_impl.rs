//! A method that is annotated, in a block that is not.

use mcp_runtime::{server, tool};

struct Counter;

impl Counter {
    #[tool]
    fn f(&self) {}
}

fn main() {
    let _ = server![];
}
