//! Two tools of one name in different groups.

use mcp_runtime::{Group, group, server, tool};

mod notes {
    use super::{Group, group, tool};

    #[tool]
    fn find() {}

    pub fn group() -> impl Group {
        group![find]
    }
}

#[tool]
fn find() {}

fn main() {
    let _ = server![find, notes::group()];
}
