//! What a model can do with the notes.

use anyhow::Context as _;
use mcp_runtime::{Context, Elicited, Group, Handle, State, group, tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::notes::{Note, Notes};
use crate::resources::INDEX;

/// What this module offers.
pub fn group() -> impl Group {
    group![search, add, delete, count]
}

/// Search the notes.
#[tool(read_only)]
fn search(
    notes: State<Notes>,
    /// Words to look for, in any case.
    #[arg(length = 1..=200)]
    query: &str,
    /// The most notes to return.
    #[arg(default = 10, range = 1..=100)]
    limit: usize,
) -> Vec<Note> {
    let query = query.to_lowercase();
    let fits = |note: &Note| {
        let text = format!("{} {}", note.title, note.text).to_lowercase();
        query.split_whitespace().all(|word| text.contains(word))
    };
    notes.all().into_iter().filter(fits).take(limit).collect()
}

/// Add a note.
#[tool]
fn add(
    notes: State<Notes>,
    server: State<Handle>,
    /// What the note is about.
    #[arg(length = 1..=100)]
    title: String,
    /// What it says.
    #[arg(length = 1..=10_000)]
    text: String,
) -> anyhow::Result<Note> {
    let note = notes.add(title, text)?;
    server.resource_updated(INDEX);
    Ok(note)
}

/// What the user is asked before a note is gone.
#[derive(Deserialize, JsonSchema)]
struct Confirmation {
    /// Delete it for good?
    confirm: bool,
}

/// Delete a note, if the user agrees.
#[tool(destructive)]
async fn delete(
    notes: State<Notes>,
    server: State<Handle>,
    cx: &Context,
    id: u64,
) -> anyhow::Result<String> {
    let title = notes
        .get(id)
        .with_context(|| format!("there is no note {id}"))?
        .title;
    let answer = cx
        .elicit::<Confirmation>(format!("Delete \"{title}\"?"))
        .await?;
    match answer {
        Elicited::Accepted(Confirmation { confirm: true }) => {
            notes.remove(id);
            server.resource_updated(INDEX);
            Ok(format!("\"{title}\" is gone"))
        }
        _ => Ok(format!("\"{title}\" was left alone")),
    }
}

/// What there is in all.
#[derive(Serialize, JsonSchema)]
struct Count {
    notes: usize,
    words: usize,
}

/// Count the notes and their words.
#[tool(read_only)]
async fn count(notes: State<Notes>, cx: &Context) -> Count {
    let all = notes.all();
    let mut words = 0;
    for (index, note) in all.iter().enumerate() {
        words += note.text.split_whitespace().count();
        cx.progress(index + 1)
            .of(all.len())
            .message(note.title.as_str())
            .send();
        // Here a call that was cancelled ends, and others have their turn.
        tokio::task::yield_now().await;
    }
    Count {
        notes: all.len(),
        words,
    }
}
