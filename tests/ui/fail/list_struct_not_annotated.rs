//! A type that is not annotated.

use mcp_runtime::server;

struct F;

fn main() {
    let _ = server![F];
}
