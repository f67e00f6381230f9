//! What users can choose from.

use mcp_runtime::{Group, group, prompt};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this module offers.
pub fn group() -> impl Group {
    group![summarize]
}

/// How much a summary says.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Length {
    Short,
    Long,
}

/// Ask for a summary of the notes about something.
#[prompt]
fn summarize(
    /// What the notes are about.
    topic: &str,
    /// How much to say.
    length: Option<Length>,
) -> String {
    let length = match length {
        Some(Length::Long) => "a page",
        Some(Length::Short) | None => "two sentences",
    };
    format!("Search the notes for \"{topic}\" and summarize them in {length}.")
}
