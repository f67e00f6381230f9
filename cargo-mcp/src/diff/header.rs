//! Arguments that HTTP headers mirror: which of the annotations are wrong.

use serde_json::Value;

use super::schema::resolved;
use super::{Change, Rule};
use crate::print::visible;

/// How deep members are looked at.
const DEPTH: usize = 16;

/// Headers that clients have to refuse the tool for (2026-07-28, "Tools", "x-mcp-header").
pub(super) fn headers(tool: &str, schema: &Value) -> Vec<Change> {
    let mut found = Vec::new();
    let mut names: Vec<String> = Vec::new();
    let mut open = vec![(tool.to_owned(), resolved(schema, schema), 0)];
    while let Some((item, part, depth)) = open.pop() {
        let members = part.get("properties").and_then(Value::as_object).into_iter().flatten();
        for (name, member) in members {
            let place = format!("{item}.{}", visible(name));
            let member = resolved(schema, member);
            if let Some(header) = member.get("x-mcp-header") {
                let is_token = |text: &str| {
                    !text.is_empty()
                        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
                };
                let wrong = match header.as_str().filter(|text| is_token(text)) {
                    None => Some("is no name that a header can have"),
                    Some(text) if names.contains(&text.to_ascii_lowercase()) => Some("is the header of two arguments"),
                    Some(text) => {
                        names.push(text.to_ascii_lowercase());
                        let is_plain = |kind: &Value| {
                            kind.as_str().is_none_or(|kind| !matches!(kind, "object" | "array" | "number"))
                        };
                        let fits = match member.get("type") {
                            Some(Value::Array(kinds)) => kinds.iter().all(is_plain),
                            Some(kind) => is_plain(kind),
                            None => true,
                        };
                        (!fits).then_some("mirrors what is no text, integer or boolean")
                    }
                };
                if let Some(wrong) = wrong {
                    let message = format!("{} {wrong}: clients refuse the tool", visible(&header.to_string()));
                    found.push(Change::new(Rule::HeaderInvalid, place.clone(), message));
                }
            }
            if depth < DEPTH {
                open.push((place, member, depth + 1));
            }
        }
    }
    found
}
