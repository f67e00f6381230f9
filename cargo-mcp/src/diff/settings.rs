//! What a package says about its own changes, in `[package.metadata.mcp.diff]`: tools that promise nothing yet, and changes
//! that mean something else than the rules say, each with a reason.

use serde::Deserialize;
use serde_json::Value;

use super::Change;
use super::rules::{Rule, Verdict};
use crate::error::Failure;
use crate::flags::nearest;
use crate::print::visible;

/// How changes are judged.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    /// Whether hints that a tool became more dangerous are breaking.
    pub(crate) is_security: bool,
    unstable: Vec<String>,
    overrides: Vec<Override>,
}

#[derive(Clone, Debug)]
struct Override {
    rule: Rule,
    item: String,
    verdict: Verdict,
    reason: String,
}

/// The table as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(default)]
    unstable: Vec<String>,
    #[serde(default)]
    overrides: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    rule: String,
    #[serde(default = "everything")]
    item: String,
    verdict: String,
    #[serde(default)]
    reason: String,
}

fn everything() -> String {
    "*".to_owned()
}

impl Settings {
    /// Reads a package's metadata.
    pub(crate) fn of(metadata: &Value, is_security: bool) -> Result<Self, Failure> {
        let Some(table) = metadata.pointer("/mcp/diff") else { return Ok(Self { is_security, ..Self::default() }) };
        let wrong = |message: String| Failure::usage(format!("[package.metadata.mcp.diff]: {message}"));
        let table: Table = serde_json::from_value(table.clone()).map_err(|error| {
            wrong(visible(&error.to_string())).hint(
                "as in: unstable = [\"beta_*\"], overrides = [{ rule = \"input-closed\", item = \"add\", \
                 verdict = \"warn\", reason = \"…\" }]",
            )
        })?;
        let overrides = table.overrides.into_iter().map(|row| {
            let rule = Rule::ALL.iter().find(|rule| rule.name() == row.rule).ok_or_else(|| {
                let failure = wrong(format!("there is no rule `{}`", visible(&row.rule)));
                match nearest(&row.rule, Rule::ALL.iter().map(|rule| rule.name())) {
                    Some(nearest) => failure.hint(format!("did you mean `{nearest}`?")),
                    None => failure.hint("`cargo mcp diff --rules` lists them"),
                }
            })?;
            let verdict = Verdict::ALL.into_iter().find(|verdict| verdict.name() == row.verdict).ok_or_else(|| {
                wrong(format!("there is no verdict `{}`", visible(&row.verdict)))
                    .hint("info, compatible, warn or breaking")
            })?;
            if row.reason.trim().is_empty() {
                return Err(wrong(format!("the override of `{}` has no reason", rule.name()))
                    .hint("write why, as in: reason = \"nobody has called it yet\""));
            }
            Ok(Override { rule: *rule, item: row.item, verdict, reason: row.reason })
        });
        Ok(Self { is_security, unstable: table.unstable, overrides: overrides.collect::<Result<_, _>>()? })
    }

    /// Whether a tool promises nothing yet.
    pub(crate) fn is_unstable(&self, tool: &str) -> bool {
        self.unstable.iter().any(|pattern| fits(pattern, tool))
    }

    /// Gives a change the verdict that the package gives it.
    pub(super) fn overrule(&self, change: &mut Change) {
        let row = self.overrides.iter().find(|row| row.rule == change.rule && fits(&row.item, &change.item));
        if let Some(row) = row {
            change.verdict = row.verdict;
            change.reason = Some(row.reason.clone());
        }
    }
}

/// Whether a text fits a pattern in which `*` stands for anything.
fn fits(pattern: &str, text: &str) -> bool {
    let Some((begin, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut left) = text.strip_prefix(begin) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let end = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = left.find(part) else { return false };
        left = left.get(at + part.len()..).unwrap_or_default();
    }
    left.ends_with(end)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text, expected) in [
            ("beta_*", "beta_x", true),
            ("beta_*", "alpha", false),
            ("*", "", true),
            ("a*b*c", "a1b2c", true),
            ("a*b*c", "a1c2b", false),
            ("add", "add", true),
            ("add", "add.b", false),
            ("a*a", "a", false),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn every_override_has_a_reason_and_names_what_there_is() {
        let told = |row: Value| {
            let metadata = json!({ "mcp": { "diff": { "overrides": [row] } } });
            Settings::of(&metadata, false).map_or_else(|failure| failure.message().to_owned(), |_| String::new())
        };
        assert_eq!(told(json!({ "rule": "input-closed", "verdict": "warn", "reason": "new" })), "");
        assert!(told(json!({ "rule": "input-closed", "verdict": "warn" })).ends_with("has no reason"));
        assert!(
            told(json!({ "rule": "input-close", "verdict": "warn", "reason": "x" })).ends_with("no rule `input-close`")
        );
        assert!(
            told(json!({ "rule": "input-closed", "verdict": "fine", "reason": "x" })).ends_with("no verdict `fine`")
        );
        assert!(told(json!({ "rules": 1 })).contains("unknown field `rules`"));
    }
}
