//! A field that cannot be read.

use mcp_runtime::{Context, server, tool};

struct Note;

#[tool]
struct F {
    note: Note,
}

impl F {
    fn call(self, _: &Context) {
        drop(self.note);
    }
}

fn main() {
    let _ = server![F];
}
