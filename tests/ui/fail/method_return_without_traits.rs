//! A result of a method that cannot be sent.

use mcp_runtime::{serve, server};

struct Note;
struct Counter;

#[serve]
impl Counter {
    #[tool]
    fn f(&self) -> Note {
        Note
    }
}

fn main() {
    let _ = server![(Counter)];
}
