//! Two variables that take any number of segments.

use mcp_runtime::{resource, server};

#[resource("file:///{+a}/to/{+b}")]
fn f(a: String, b: String) -> String {
    format!("{a:?} {b:?}")
}

fn main() {
    let _ = server![f];
}
