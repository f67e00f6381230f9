//! A tool, a template, a prompt and state; `mini --help` says how it is served.

use mcp_runtime::{State, prompt, resource, server, tool};
type Words = Vec<String>;
/// Find words.
#[tool(read_only)]
fn find(
    words: State<Words>,
    /// Text that the words contain.
    part: &str,
    /// The least length.
    min: usize,
    /// The most words to return.
    #[arg(default = 10)]
    limit: usize,
) -> Vec<String> {
    words.iter().filter(|word| word.contains(part) && word.len() >= min).take(limit).cloned().collect()
}
/// One word by its place.
#[resource("word://{index}")]
fn word(words: State<Words>, index: usize) -> Option<String> {
    words.get(index).cloned()
}
/// Ask for a poem.
#[prompt]
fn poem(word: &str) -> String {
    format!("Write a poem about {word}.")
}
fn main() -> mcp_runtime::Result<()> {
    server![find, word, poem].state(Words::from(["river", "stone"].map(String::from))).run_blocking()
}
