//! cargo mcp
fn main() {}
