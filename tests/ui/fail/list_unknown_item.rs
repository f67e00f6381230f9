//! A name that nothing has.

use mcp_runtime::server;

fn main() {
    let _ = server![f];
}
