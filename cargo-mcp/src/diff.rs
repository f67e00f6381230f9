//! What changed between two locks, who is broken by it, and how that is told.

mod format;
mod header;
mod items;
pub(crate) mod report;
mod rules;
mod schema;
pub(crate) mod settings;
#[cfg(test)]
mod tests;

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::lock::Lock;

pub(crate) use self::rules::{Rule, Verdict};
use self::settings::Settings;

/// One change.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Change {
    #[serde(serialize_with = "name")]
    pub(crate) rule: Rule,
    pub(crate) verdict: Verdict,
    /// What it is a change of: a tool, and below it an argument, as in `add.b`.
    pub(crate) item: String,
    pub(crate) message: String,
    /// A value that shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) witness: Option<Witness>,
    /// Why the verdict is another than the rule's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

/// A value that one of two schemas accepts and the other rejects.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Witness {
    /// Arguments that were accepted and no longer are.
    Input(Value),
    /// A result that could not come before and now can.
    Output(Value),
}

fn name<S: Serializer>(rule: &Rule, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(rule.name())
}

impl Change {
    fn new(rule: Rule, item: impl Into<String>, message: impl Into<String>) -> Self {
        let (item, message) = (item.into(), message.into());
        Self { rule, verdict: rule.verdict(false), item, message, witness: None, reason: None }
    }
}

/// Every change from the old surface to the new one, the worst first.
pub(crate) fn changes(old: &Lock, new: &Lock, settings: &Settings) -> Vec<Change> {
    let mut found = items::changes(old, new);
    for change in &mut found {
        change.verdict = change.rule.verdict(settings.is_security);
        settings.overrule(change);
    }
    found.sort_by(|a, b| b.verdict.cmp(&a.verdict).then_with(|| a.item.cmp(&b.item)));
    found
}
