//! The engine of `cargo mcp diff`: what it says of two schemas is true of every value.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::cargo_mcp::subset::{Outcome, Strictness, compare};
use crate::schema::pair;

/// How long a comparison may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// A schema on the first line, another one on the second, and on the third, if there is one, a value.
pub fn subset(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (text, value) = match text.match_indices('\n').nth(1) {
        Some((at, _)) => (&text[..at], serde_json::from_str::<Value>(&text[at + 1..]).ok()),
        None => (text, None),
    };
    let Some((narrow, wide)) = pair(text.as_bytes()) else { return };
    for strictness in [Strictness::Letter, Strictness::Mentioned] {
        let start = Instant::now();
        let outcome = compare(&narrow, &wide, strictness);
        assert!(start.elapsed() < PATIENCE, "it took {:?}", start.elapsed());
        assert!(!matches!(compare(&narrow, &narrow, strictness), Outcome::Witnesses(_)), "it differs from itself");
        if outcome == Outcome::Compatible && strictness == Strictness::Letter {
            let (Some(value), Ok(narrow), Ok(wide)) =
                (&value, jsonschema::validator_for(&narrow), jsonschema::validator_for(&wide))
            else {
                continue;
            };
            assert!(!narrow.is_valid(value) || wide.is_valid(value), "{value} is accepted by the first one alone");
        }
    }
}
