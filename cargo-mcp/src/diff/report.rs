//! How changes are told: lines for a terminal, JSON, annotations of GitHub Actions, a comment for a pull request. And which
//! version they call for.

use std::fmt::Write as _;

use semver::Version;
use serde_json::{Value, json};

use super::{Change, Verdict, Witness};
use crate::print::{visible, visible_json};

/// Changes, and between what.
pub(crate) struct Report<'r> {
    pub(crate) changes: &'r [Change],
    /// What the old surface is called.
    pub(crate) against: &'r str,
    /// The version that the old surface had, if that is known.
    pub(crate) base: Option<Version>,
    /// The version that stands in `Cargo.toml`, if there is one.
    pub(crate) version: Option<Version>,
}

/// How far a version has to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Major,
    Minor,
    Patch,
}

impl Report<'_> {
    pub(crate) fn breaking(&self) -> usize {
        self.changes.iter().filter(|change| change.verdict == Verdict::Breaking).count()
    }

    fn step(&self) -> Step {
        match self.changes.iter().map(|change| change.verdict).max() {
            Some(Verdict::Breaking) => Step::Major,
            Some(Verdict::Compatible | Verdict::Warn) => Step::Minor,
            _ => Step::Patch,
        }
    }

    /// The lowest version that may have these changes.
    fn needs(&self) -> Option<Version> {
        let base = self.base.as_ref()?;
        // Before 1.0.0 the second number says what breaks, and what is merely new goes with fixes.
        Some(match (self.step(), base.major > 0) {
            (Step::Major, true) => Version::new(base.major + 1, 0, 0),
            (Step::Minor, true) | (Step::Major, false) => Version::new(base.major, base.minor + 1, 0),
            _ => Version::new(base.major, base.minor, base.patch + 1),
        })
    }

    /// What has to become of the version, in words.
    fn needed(&self) -> String {
        if self.changes.is_empty() {
            return String::new();
        }
        let says = self.version.as_ref().map(|version| format!(" (Cargo.toml says {version})")).unwrap_or_default();
        match self.needs() {
            Some(needed) => format!("needs {needed}{says}"),
            None => {
                let step = match self.step() {
                    Step::Major => "a new major version",
                    Step::Minor => "a new minor version",
                    Step::Patch => "a new patch version",
                };
                format!("needs {step}{says}")
            }
        }
    }

    /// The last line.
    fn summary(&self) -> String {
        let count = self.changes.len();
        if count == 0 {
            return format!("nothing changed since {}", visible(self.against));
        }
        let noun = if count == 1 { "change" } else { "changes" };
        format!("{count} {noun}, {} breaking: {}", self.breaking(), self.needed())
    }

    fn proof(&self, witness: &Witness) -> String {
        let against = visible(self.against);
        match witness {
            Witness::Input(value) => {
                format!("{}: accepted by {against}, rejected now", visible_json(&value.to_string()))
            }
            Witness::Output(value) => {
                format!("{}: can come now, not expected by {against}", visible_json(&value.to_string()))
            }
        }
    }

    pub(crate) fn text(&self) -> String {
        let width = |of: fn(&Change) -> usize| self.changes.iter().map(of).max().unwrap_or(0);
        let (rules, items) =
            (width(|change| change.rule.name().len()), width(|change| change.item.chars().count().min(30)));
        let mut text = String::new();
        for change in self.changes {
            let verdict = if change.verdict == Verdict::Breaking { "BREAKING" } else { change.verdict.name() };
            let _ = writeln!(
                text,
                "{verdict:<10}  {:<rules$}  {:<items$}  {}",
                change.rule.name(),
                change.item,
                change.message
            );
            if let Some(witness) = &change.witness {
                let _ = writeln!(text, "{:<10}  witness {}", "", self.proof(witness));
            }
            if let Some(reason) = &change.reason {
                let _ = writeln!(text, "{:<10}  overridden: {}", "", visible(reason));
            }
        }
        text + &self.summary()
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "against": self.against,
            "changes": self.changes,
            "breaking": self.breaking(),
            "needsVersion": self.needs().map(|version| version.to_string()),
            "version": self.version.as_ref().map(ToString::to_string),
        })
    }

    /// Workflow commands, a line each.
    pub(crate) fn github(&self) -> String {
        let mut text = String::new();
        for change in self.changes {
            let command = match change.verdict {
                Verdict::Breaking => "error",
                Verdict::Warn => "warning",
                Verdict::Compatible | Verdict::Info => "notice",
            };
            let witness = change.witness.as_ref().map(|witness| format!("\nwitness {}", self.proof(witness)));
            let message = format!("{}: {}{}", change.item, change.message, witness.unwrap_or_default());
            let title = format!("{} {}", change.verdict.name(), change.rule.name());
            let _ = writeln!(text, "::{command} title={}::{}", property(&title), data(&message));
        }
        text + &self.summary()
    }

    pub(crate) fn markdown(&self) -> String {
        let mut text = String::from("### Changes of the MCP surface\n\n");
        if !self.changes.is_empty() {
            text.push_str("| | rule | item | change |\n|---|---|---|---|\n");
        }
        for change in self.changes {
            let verdict = if change.verdict == Verdict::Breaking { "**breaking**" } else { change.verdict.name() };
            let mut message = cell(&change.message);
            if let Some(witness) = &change.witness {
                let _ = write!(message, "<br>witness {}", cell(&self.proof(witness)));
            }
            if let Some(reason) = &change.reason {
                let _ = write!(message, "<br>overridden: {}", cell(&visible(reason)));
            }
            let _ = writeln!(text, "| {verdict} | `{}` | {} | {message} |", change.rule.name(), cell(&change.item));
        }
        if !self.changes.is_empty() {
            text.push('\n');
        }
        text + &cell(&self.summary())
    }
}

/// Text of a workflow command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a workflow command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// Text in a table's cell, with nothing in it that Markdown or HTML would act on.
fn cell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push(' '),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '|' | '*' | '_' | '`' | '[' | ']' | '\\' | '@' | '#' | '!' | '~' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::Rule;
    use super::*;

    fn report(rules: &[Rule], base: Option<&str>, check: impl Fn(&Report<'_>)) {
        let changes: Vec<_> = rules.iter().map(|rule| Change::new(*rule, "add.b", "it | *changed*")).collect();
        let version = |text: &str| Version::parse(text).expect("a version");
        check(&Report { changes: &changes, against: "v1", base: base.map(version), version: Some(version("1.2.1")) });
    }

    #[test]
    fn the_version_that_is_needed_follows_semver() {
        for (rule, base, expected) in [
            (Rule::InputClosed, "1.2.0", "2.0.0"),
            (Rule::ToolAdded, "1.2.0", "1.3.0"),
            (Rule::TitleChanged, "1.2.0", "1.2.1"),
            (Rule::InputClosed, "0.2.3", "0.3.0"),
            (Rule::ToolAdded, "0.2.3", "0.2.4"),
            (Rule::InputClosed, "0.0.3", "0.1.0"),
        ] {
            report(&[rule], Some(base), |report| {
                assert_eq!(report.needed(), format!("needs {expected} (Cargo.toml says 1.2.1)"), "{base}");
            });
        }
        report(&[Rule::InputClosed], None, |report| {
            assert_eq!(report.summary(), "1 change, 1 breaking: needs a new major version (Cargo.toml says 1.2.1)");
        });
        report(&[], None, |report| assert_eq!(report.summary(), "nothing changed since v1"));
    }

    #[test]
    fn nothing_in_a_message_is_taken_for_markup() {
        report(&[Rule::InputClosed], None, |report| {
            assert!(report.markdown().contains(r"it \| \*changed\*"), "{}", report.markdown());
            assert!(
                report.github().starts_with("::error title=breaking input-closed::add.b: it"),
                "{}",
                report.github()
            );
        });
        assert_eq!(property("a:b,%\n"), "a%3Ab%2C%25%0A");
    }
}
