//! The notes. Nothing here knows of the protocol.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::bail;
use schemars::JsonSchema;
use serde::Serialize;

/// The most notes there can be, so that no caller fills the memory.
const MOST: usize = 1_000;

/// A note.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Note {
    pub id: u64,
    pub title: String,
    pub text: String,
}

/// Every note, shared by all calls.
#[derive(Default)]
pub struct Notes(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    last: u64,
    notes: BTreeMap<u64, Note>,
}

impl Notes {
    pub fn add(&self, title: String, text: String) -> anyhow::Result<Note> {
        let mut kept = self.kept();
        if kept.notes.len() >= MOST {
            bail!("there is room for {MOST} notes; delete one first");
        }
        kept.last += 1;
        let id = kept.last;
        let note = Note { id, title, text };
        kept.notes.insert(id, note.clone());
        Ok(note)
    }

    pub fn get(&self, id: u64) -> Option<Note> {
        self.kept().notes.get(&id).cloned()
    }

    pub fn remove(&self, id: u64) -> Option<Note> {
        self.kept().notes.remove(&id)
    }

    pub fn all(&self) -> Vec<Note> {
        self.kept().notes.values().cloned().collect()
    }

    /// A call that panicked left the notes as they are.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
