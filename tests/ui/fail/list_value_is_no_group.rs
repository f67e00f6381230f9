//! A value that is no group.

use mcp_runtime::server;

fn f() -> u32 {
    5
}

fn main() {
    let _ = server![f()];
}
