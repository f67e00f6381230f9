//! A function that is not annotated.

use mcp_runtime::server;

fn f() {}

fn main() {
    let _ = server![f];
}
