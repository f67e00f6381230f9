//! A literal where items belong.

use mcp_runtime::server;

fn main() {
    let _ = server!["f"];
}
