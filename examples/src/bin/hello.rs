//! The smallest server: one tool.

use mcp_runtime::{server, tool};

/// Greets somebody by name.
#[tool(read_only)]
fn hello(name: &str) -> String {
    format!("Hello, {name}!")
}

fn main() -> mcp_runtime::Result<()> {
    server![hello].run_blocking()
}
