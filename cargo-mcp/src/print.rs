//! Everything that is printed: results on standard output, the rest on standard error. What a server sent is shown with its
//! control characters escaped, so that it cannot write on the terminal what it likes.

use std::io::{IsTerminal, Write, stderr, stdout};

use mcp_runtime::client::{Connect, Process};
use mcp_runtime::model::{LoggingLevel, ProgressNotificationParams};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::cli::When;
use crate::error::Failure;

/// How to print.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Console {
    pub(crate) json: bool,
    quiet: bool,
    verbose: bool,
    color: Option<When>,
}

impl Console {
    pub(crate) fn new(json: bool, quiet: bool, verbose: bool, color: Option<When>) -> Self {
        Self { json, quiet, verbose, color }
    }

    /// Prints a line of a result.
    #[expect(clippy::unused_self, reason = "everything is printed through the console")]
    pub(crate) fn result(&self, line: &str) -> Result<(), Failure> {
        match writeln!(stdout().lock(), "{line}") {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::own(error)),
            _ => Ok(()),
        }
    }

    /// Prints a result as JSON: the protocol's own members beside a version of this form.
    pub(crate) fn json(&self, result: &impl Serialize) -> Result<(), Failure> {
        let mut members = Map::from_iter([("schemaVersion".to_owned(), json!(1))]);
        match serde_json::to_value(result).map_err(Failure::own)? {
            Value::Object(result) => members.extend(result),
            other => drop(members.insert("result".to_owned(), other)),
        }
        self.result(&Value::Object(members).to_string())
    }

    /// Tells the user something that is no result.
    pub(crate) fn note(&self, line: &str) {
        if !self.quiet && !self.json {
            self.error_line(line);
        }
    }

    /// Tells what went wrong.
    pub(crate) fn failure(&self, failure: &Failure) {
        if self.json {
            self.error_line(&failure.to_json().to_string());
            return;
        }
        let (red, plain) = if self.has_color() { ("\u{1b}[1;31m", "\u{1b}[0m") } else { ("", "") };
        self.error_line(&format!("{red}error{plain}: {}", failure.message()));
        for (name, text) in failure.details() {
            // A hint of several lines is laid out already.
            if name == "hint" && text.starts_with(' ') {
                self.error_line(text);
            } else {
                self.error_line(&format!("  {name}: {text}"));
            }
        }
    }

    #[expect(clippy::unused_self, reason = "everything is printed through the console")]
    fn error_line(&self, line: &str) {
        // Nothing is left to tell it to when standard error is gone.
        let _ = writeln!(stderr().lock(), "{line}");
    }

    fn has_color(&self) -> bool {
        let by_name = |name: &str| match name {
            "always" => Some(When::Always),
            "never" => Some(When::Never),
            _ => None,
        };
        let environment = || std::env::var("CARGO_TERM_COLOR").ok().and_then(|name| by_name(&name));
        match self.color.or_else(environment).unwrap_or(When::Auto) {
            When::Always => true,
            When::Never => false,
            When::Auto => stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        }
    }

    /// Whether long work is to be seen: on a terminal, unless asked to be quiet.
    pub(crate) fn shows_progress(&self) -> bool {
        !self.quiet && !self.json && stderr().is_terminal()
    }

    /// Shows a call's progress on the terminal.
    pub(crate) fn progress(&self, progress: &ProgressNotificationParams) {
        if !self.shows_progress() {
            return;
        }
        let total = progress.total.as_ref().map(|total| format!("/{total}")).unwrap_or_default();
        let message = progress.message.as_deref().map(|text| format!(" {}", visible(text))).unwrap_or_default();
        let _ = write!(stderr().lock(), "\r\u{1b}[K{}{total}{message}", progress.progress);
    }

    /// Clears what [`Self::progress`] left.
    pub(crate) fn end_progress(&self) {
        if self.shows_progress() {
            let _ = write!(stderr().lock(), "\r\u{1b}[K");
        }
    }

    /// Shows what the server logs: all of it when asked for, else what is a warning or worse.
    pub(crate) fn listen(&self, connect: Connect<Process>) -> Connect<Process> {
        let console = *self;
        let lowest = if console.verbose { LoggingLevel::Debug } else { LoggingLevel::Warning };
        connect.log_level(lowest).on_log(move |message| {
            if message.level >= lowest && !console.quiet {
                let text = match &message.data {
                    Value::String(text) => visible(text),
                    other => visible(&other.to_string()),
                };
                console.error_line(&format!("[{}] {text}", message.level.as_str()));
            }
        })
    }
}

/// Text of a server with every control character escaped, on one line.
pub(crate) fn visible(text: &str) -> String {
    escaped(text, |_| false)
}

/// The same, keeping line breaks and tabs.
pub(crate) fn visible_lines(text: &str) -> String {
    escaped(text, |c| matches!(c, '\n' | '\t'))
}

fn escaped(text: &str, keeps: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        // Directional overrides are no control characters and can reorder what is read all the same.
        let is_override = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if (c.is_control() && !keeps(c)) || is_override { out.extend(c.escape_default()) } else { out.push(c) }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_sent_cannot_steer_the_terminal() {
        assert_eq!(visible("a\u{1b}[2J\n\u{202e}b"), "a\\u{1b}[2J\\n\\u{202e}b");
        assert_eq!(visible_lines("a\n\tb\r\u{7}"), "a\n\tb\\r\\u{7}");
        assert_eq!(visible("plain ä"), "plain ä");
    }
}
