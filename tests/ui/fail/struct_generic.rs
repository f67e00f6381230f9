//! A struct of many types.

use mcp_runtime::{Context, server, tool};

#[tool]
struct F<T> {
    value: T,
}

impl<T> F<T> {
    fn call(self, _: &Context) {
        drop(self.value);
    }
}

fn main() {
    let _ = server![F::<u32>];
}
