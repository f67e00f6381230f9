//! The formats that a value may have, also where they stand in the branches of its schema.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::schema::resolved;
use crate::print::visible;

/// The most schemas that are looked at for one value.
const STEPS: usize = 256;

/// What came new, beside what there was: in words, or `None` where nothing did.
pub(super) fn added(
    (old_root, old): (&Value, &Map<String, Value>),
    (new_root, new): (&Value, &Map<String, Value>),
) -> Option<String> {
    let (old, new) = (formats(old_root, old), formats(new_root, new));
    let shown = |all: BTreeSet<String>| {
        if all.is_empty() { "nothing".to_owned() } else { all.into_iter().collect::<Vec<_>>().join(" or ") }
    };
    (!new.is_subset(&old)).then(|| format!("the format was {}, is {}", shown(old), shown(new)))
}

fn formats(root: &Value, schema: &Map<String, Value>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![schema];
    for _ in 0..STEPS {
        let Some(part) = open.pop() else { break };
        found.extend(part.get("format").map(|format| visible(&format.to_string())));
        for key in ["anyOf", "oneOf", "allOf"] {
            let branches = part.get(key).and_then(Value::as_array).into_iter().flatten();
            open.extend(branches.filter_map(|branch| resolved(root, branch).as_object()));
        }
    }
    found
}
