//! What `--fix` may do: what loses nothing and cannot surprise anybody.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::client::Client;
use crate::client::edit::edit;
use crate::error::Failure;
use crate::print::visible;

/// A repair that is safe.
#[derive(Clone, Debug)]
pub(crate) enum Repair {
    /// Writes `mcp.lock`.
    Lock { path: PathBuf, text: String },
    /// Points an entry for this package's own server to where it was built.
    Entry { client: Client, path: PathBuf, name: String, entry: Value, program: String },
}

impl Repair {
    /// Does it.
    pub(crate) fn run(&self) -> Result<(), Failure> {
        match self {
            Self::Lock { path, text } => crate::file::write(path, text.as_bytes()),
            Self::Entry { client, path, name, entry, program } => {
                let row = client.row();
                let shown = visible(&path.display().to_string());
                let text = std::fs::read_to_string(path)
                    .map_err(|error| Failure::own(format!("{shown} cannot be read")).cause(error))?;
                let meant = pointed(entry, program);
                let edited = edit(row.language, &text, row.section, name, Some(&meant))
                    .map_err(|_| Failure::own(format!("{shown} is written in a way that cannot be edited safely")))?;
                crate::file::keep(path)?;
                crate::file::write(path, edited.as_bytes())
            }
        }
    }
}

/// The entry with another program; everything else stays.
fn pointed(entry: &Value, program: &str) -> Value {
    let mut entry = entry.clone();
    for member in ["command", "cmd"] {
        match entry.get_mut(member) {
            Some(Value::Array(words)) => {
                if let Some(first) = words.first_mut() {
                    *first = json!(program);
                }
            }
            Some(command @ Value::String(_)) => *command = json!(program),
            _ => {}
        }
    }
    entry
}
