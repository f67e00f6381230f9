//! What `cargo mcp doctor` finds: each check with what it saw, where, and what to do about it. The checks know nothing of the
//! command line, and none of them changes anything: a repair is a value that the command carries out.

pub(crate) mod clients;
pub(crate) mod repair;
pub(crate) mod surface;
pub(crate) mod toolchain;

use mcp_runtime::client::Stray;
use serde_json::{Value, json};

use self::repair::Repair;

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Fine,
    /// Worth knowing, and nothing is wrong.
    Note,
    Wrong,
    /// The check could not run, which says nothing.
    LeftOut,
    /// It was wrong, or worth knowing, and has been mended.
    Fixed,
}

impl Verdict {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Fine => "ok",
            Self::Note => "note",
            Self::Wrong => "wrong",
            Self::LeftOut => "left out",
            Self::Fixed => "fixed",
        }
    }
}

/// What a check has to say.
#[derive(Debug)]
pub(crate) struct Finding {
    /// The name of the check.
    pub(crate) check: &'static str,
    pub(crate) verdict: Verdict,
    /// What was seen; for a check that was left out, why.
    pub(crate) message: String,
    /// The file, tool or address that it is about.
    pub(crate) place: Option<String>,
    /// What to do.
    pub(crate) fix: Option<String>,
    /// What `--fix` does.
    pub(crate) repair: Option<Repair>,
}

impl Finding {
    pub(crate) fn new(check: &'static str, verdict: Verdict, message: impl Into<String>) -> Self {
        Self { check, verdict, message: message.into(), place: None, fix: None, repair: None }
    }

    pub(crate) fn fine(check: &'static str, message: impl Into<String>) -> Self {
        Self::new(check, Verdict::Fine, message)
    }

    pub(crate) fn note(check: &'static str, message: impl Into<String>) -> Self {
        Self::new(check, Verdict::Note, message)
    }

    pub(crate) fn wrong(check: &'static str, message: impl Into<String>) -> Self {
        Self::new(check, Verdict::Wrong, message)
    }

    pub(crate) fn left_out(check: &'static str, why: impl Into<String>) -> Self {
        Self::new(check, Verdict::LeftOut, why)
    }

    pub(crate) fn at(mut self, place: impl Into<String>) -> Self {
        self.place = Some(place.into());
        self
    }

    pub(crate) fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    pub(crate) fn repair(mut self, repair: Option<Repair>) -> Self {
        self.repair = repair;
        self
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "check": self.check, "verdict": self.verdict.name(), "message": self.message, "where": self.place,
            "fix": self.fix, "fixable": self.repair.is_some(),
        })
    }
}

/// What is to be said of lines that are no messages: how many there are, and the first.
pub(crate) fn stray(stray: &Stray) -> Option<(String, String)> {
    let lines = match stray.lines {
        0 => return None,
        1 => "1 line".to_owned(),
        lines => format!("{lines} lines"),
    };
    let first = stray.first.as_deref().unwrap_or_default();
    Some((format!("{lines} on standard output are no messages of the protocol"), format!("the first one is {first:?}")))
}
