//! A prompt that is no text, as a success.

use mcp_runtime::{prompt, server};

#[prompt]
fn f() -> Result<u32, String> {
    Ok(5)
}

fn main() {
    let _ = server![f];
}
