//! Whether every value that one JSON Schema accepts is accepted by another: yes, no with values that show it, or unknown.
//! What is claimed is checked: a value is handed out only after the crate `jsonschema` has judged it by both schemas. Reads
//! 2020-12 and what older drafts share with it; other keywords are never guessed at, they make the answer unknown. Knows
//! nothing of tools.

mod include;
mod meet;
mod number;
mod sample;
mod shape;
#[cfg(test)]
mod tests;

use serde_json::Value;

use self::include::Included;

/// The most steps of one comparison. A schema that needs more is not decided.
const FUEL: usize = 200_000;

/// The most values that are kept to show a difference.
const WITNESSES: usize = 256;

/// What came out of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    /// Every value that the one accepts is accepted by the other.
    Compatible,
    /// Each of these values is accepted by the one and rejected by the other; there is at least one.
    Witnesses(Vec<Value>),
    /// It could not be decided.
    Unknown,
}

/// How strictly an open object is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strictness {
    /// To the letter: an open object may hold anything under any name. What the property test holds the engine to.
    #[cfg_attr(not(test), expect(dead_code, reason = "surfaces are compared as people mean them"))]
    Letter,
    /// As people mean it: nobody relies on a name that an open object does not mention.
    Mentioned,
}

/// Whether all that `narrow` accepts is accepted by `wide`.
pub(crate) fn compare(narrow: &Value, wide: &Value, strictness: Strictness) -> Outcome {
    let candidates = match include::compare(narrow, wide, strictness, FUEL) {
        Included::Yes => return Outcome::Compatible,
        Included::NotShown(candidates) => candidates,
    };
    let (Ok(narrow), Ok(wide)) = (jsonschema::validator_for(narrow), jsonschema::validator_for(wide)) else {
        return Outcome::Unknown;
    };
    let mut shown: Vec<Value> = Vec::new();
    for value in candidates {
        if shown.len() < WITNESSES && narrow.is_valid(&value) && !wide.is_valid(&value) && !shown.contains(&value) {
            shown.push(value);
        }
    }
    if shown.is_empty() { Outcome::Unknown } else { Outcome::Witnesses(shown) }
}
