//! Notes in memory: tools that share state, a resource template, a prompt whose arguments complete. The program that the
//! README shows.

use std::sync::RwLock;

use anyhow::{Context as _, bail};
use mcp_runtime::{Context, State, prompt, resource, server, tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A note.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Note {
    id: u64,
    text: String,
    language: Language,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Language {
    English,
    German,
}

/// All notes, shared by every call.
type Notes = RwLock<Vec<Note>>;

/// Search the notes.
#[tool(read_only)]
fn search(
    notes: State<Notes>,
    /// Words to look for, in any case.
    query: &str,
    /// The most notes to return.
    #[arg(default = 10, range = 1..=100)]
    limit: usize,
    /// Only notes in this language.
    language: Option<Language>,
) -> anyhow::Result<Vec<Note>> {
    let words = query.to_lowercase();
    let notes = notes.read().ok().context("the notes are damaged")?;
    let found = notes
        .iter()
        .filter(|note| language.is_none_or(|language| note.language == language))
        .filter(|note| words.split_whitespace().all(|word| note.text.to_lowercase().contains(word)));
    Ok(found.take(limit).cloned().collect())
}

/// Add a note.
#[tool]
fn add(
    notes: State<Notes>,
    cx: &Context,
    /// What to remember.
    #[arg(length = 1..=1000)]
    text: String,
    #[arg(default = Language::English)] language: Language,
) -> anyhow::Result<Note> {
    let mut notes = notes.write().ok().context("the notes are damaged")?;
    if notes.iter().any(|note| note.text == text) {
        bail!("there is such a note already");
    }
    let note = Note { id: notes.len() as u64 + 1, text, language };
    notes.push(note.clone());
    cx.info(format!("note {} added", note.id));
    Ok(note)
}

/// One note.
#[resource("note://{id}", mime = "text/markdown")]
fn note(notes: State<Notes>, #[arg(complete = ids)] id: u64) -> Option<String> {
    notes.read().ok()?.iter().find(|note| note.id == id).map(|note| note.text.clone())
}

/// The ids that begin with what was typed.
fn ids(typed: &str, cx: &Context) -> Vec<String> {
    let Some(notes) = cx.state::<Notes>() else { return Vec::new() };
    let Ok(notes) = notes.read() else { return Vec::new() };
    notes.iter().map(|note| note.id.to_string()).filter(|id| id.starts_with(typed)).collect()
}

/// Ask for a summary of the notes about something.
#[prompt]
fn summarize(
    /// What the notes are about.
    topic: &str,
    /// The language of the summary.
    language: Option<Language>,
) -> String {
    let language = language.unwrap_or(Language::English);
    format!("Search the notes for \"{topic}\" and summarize them in {language:?}.")
}

fn seeded() -> Notes {
    let texts = [
        ("Rust: ownership means that there is no garbage to collect.", Language::English),
        ("Buy bread and rust remover.", Language::English),
        ("Rost entsteht aus Eisen, Wasser und Sauerstoff.", Language::German),
    ];
    let note = |(index, (text, language)): (usize, (&str, Language))| Note {
        id: index as u64 + 1,
        text: text.to_owned(),
        language,
    };
    RwLock::new(texts.into_iter().enumerate().map(note).collect())
}

#[tokio::main]
async fn main() -> mcp_runtime::Result<()> {
    server![search, add, note, summarize]
        .instructions("Search before you add: a note is worth keeping once.")
        .state(seeded())
        .run()
        .await
}
