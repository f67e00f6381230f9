//! An argument of a method that cannot be read.

use mcp_runtime::{serve, server};

struct Note;
struct Counter;

#[serve]
impl Counter {
    #[tool]
    fn f(&self, note: Note) {
        drop(note);
    }
}

fn main() {
    let _ = server![(Counter)];
}
