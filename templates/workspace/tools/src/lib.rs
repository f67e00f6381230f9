//! Tools that look at texts.

use mcp_runtime::{Group, group, tool};
use schemars::JsonSchema;
use serde::Serialize;

/// All tools of this crate.
pub fn group() -> impl Group {
    group![count, slug]
}

/// How long a text is.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub struct Counts {
    pub lines: usize,
    pub words: usize,
    pub characters: usize,
}

/// Count the lines, words and characters of a text.
#[tool(read_only)]
pub fn count(
    /// The text.
    #[arg(length = 0..=100_000)]
    text: &str,
) -> Counts {
    Counts {
        lines: text.lines().count(),
        words: text.split_whitespace().count(),
        characters: text.chars().count(),
    }
}

/// Make a part of an address out of a title.
#[tool(read_only)]
pub fn slug(
    /// The title.
    #[arg(length = 1..=1_000)]
    title: &str,
) -> Result<String, String> {
    let words = title.split(|c: char| !c.is_alphanumeric());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        return Err("the title has neither letters nor digits".to_owned());
    }
    Ok(words.join("-").to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_counted() {
        let expected = Counts {
            lines: 2,
            words: 4,
            characters: 7,
        };
        assert_eq!(count("ä b\nc d"), expected);
    }

    #[test]
    fn a_title_becomes_one_word() {
        assert_eq!(slug("Hello,  World!").as_deref(), Ok("hello-world"));
        assert!(slug("?!").is_err());
    }
}
