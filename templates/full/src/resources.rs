//! What clients can read.

use mcp_runtime::{Context, Group, State, group, resource};

use crate::notes::Notes;

/// Where the list of the notes is; clients that watch it are told when it changes.
pub const INDEX: &str = "notes://index";

/// What this module offers.
pub fn group() -> impl Group {
    group![index, note]
}

/// The titles of all notes.
#[resource("notes://index", mime = "text/markdown")]
fn index(notes: State<Notes>) -> String {
    let lines = notes.all().into_iter();
    lines
        .map(|note| format!("- [{}](note://{})\n", note.title, note.id))
        .collect()
}

/// One note.
#[resource("note://{id}", mime = "text/markdown")]
fn note(notes: State<Notes>, #[arg(complete = ids)] id: u64) -> Option<String> {
    let note = notes.get(id)?;
    Some(format!("# {}\n\n{}\n", note.title, note.text))
}

/// The ids that begin with what was typed.
fn ids(typed: &str, cx: &Context) -> Vec<String> {
    let notes = cx.state::<Notes>();
    let all = notes.map(|notes| notes.all()).unwrap_or_default();
    let ids = all.into_iter().map(|note| note.id.to_string());
    ids.filter(|id| id.starts_with(typed)).collect()
}
