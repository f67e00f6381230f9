//! Everything that is printed: results on standard output, the rest on standard error. What a server sent is shown with its
//! control characters escaped, so that it cannot write on the terminal what it likes.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write, stderr, stdin, stdout};

use mcp_runtime::client::Connect;
use mcp_runtime::model::{LoggingLevel, ProgressNotificationParams};
use serde::Serialize;
use serde_json::Value;

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

    /// Prints a result as JSON: the protocol's own members beside a version of this form. Numbers keep their digits.
    pub(crate) fn json(&self, result: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string(result).map_err(Failure::own)?;
        let text = match text.strip_prefix('{') {
            Some("}") => r#"{"schemaVersion":1}"#.to_owned(),
            Some(members) => format!(r#"{{"schemaVersion":1,{members}"#),
            None => format!(r#"{{"schemaVersion":1,"result":{text}}}"#),
        };
        self.result(&visible_json(&text))
    }

    /// Prints a result that is JSON whoever asks: laid out for people, on one line for programs.
    pub(crate) fn document(&self, result: &impl Serialize) -> Result<(), Failure> {
        if self.json {
            return self.json(result);
        }
        let value = serde_json::to_value(result).map_err(Failure::own)?;
        self.result(&visible_json(&serde_json::to_string_pretty(&value).map_err(Failure::own)?))
    }

    /// Tells the user something that is no result.
    pub(crate) fn note(&self, line: &str) {
        if !self.quiet && !self.json {
            self.error_line(&visible_lines(line));
        }
    }

    /// Tells what only who asks for more wants to know.
    pub(crate) fn detail(&self, line: &str) {
        if self.verbose {
            self.note(line);
        }
    }

    /// Says something to a user who is asked; `end` follows it.
    #[expect(clippy::unused_self, reason = "everything is printed through the console")]
    pub(crate) fn say(&self, text: &str, end: &str) {
        let mut out = stderr().lock();
        let _ = write!(out, "{text}{end}").and_then(|()| out.flush());
    }

    /// Whether somebody is there who can be asked: on a terminal, and no program that reads JSON. `CI` says that it only looks
    /// like one.
    pub(crate) fn can_ask(&self) -> bool {
        !self.json && !is_ci() && stdin().is_terminal() && stderr().is_terminal()
    }

    /// Says what nobody can do without, however quiet it should be.
    pub(crate) fn announce(&self, line: &str) {
        self.error_line(line);
    }

    /// Tells what went wrong.
    pub(crate) fn failure(&self, failure: &Failure) {
        if self.json {
            self.error_line(&visible_json(&failure.to_json().to_string()));
            return;
        }
        let (red, plain) = if self.has_color() { ("\u{1b}[1;31m", "\u{1b}[0m") } else { ("", "") };
        // Whatever made the message, it does not steer the terminal.
        self.error_line(&format!("{red}error{plain}: {}", visible_lines(failure.message())));
        for (name, text) in failure.details() {
            let text = &*visible_lines(text);
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
        if self.shows_progress() {
            let _ = write!(stderr().lock(), "\r\u{1b}[K{}", bar(progress));
        }
    }

    /// Clears what [`Self::progress`] left.
    pub(crate) fn end_progress(&self) {
        if self.shows_progress() {
            let _ = write!(stderr().lock(), "\r\u{1b}[K");
        }
    }

    /// Shows what the server logs: all of it when asked for, else what is a warning or worse.
    pub(crate) fn listen<S>(&self, connect: Connect<S>) -> Connect<S> {
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

/// Whether it is a machine that builds, which says so by `CI` and may say that it is none.
fn is_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false" && value != "0")
}

/// How far a call is: a bar where the server says how much there is in all, and never more than a narrow terminal has room
/// for.
fn bar(progress: &ProgressNotificationParams) -> String {
    const WIDTH: usize = 20;
    const MESSAGE: usize = 48;
    let done = progress.progress.as_f64().unwrap_or_default();
    let total = progress.total.as_ref().and_then(serde_json::Number::as_f64).filter(|total| *total > 0.0);
    let mut text = match total {
        Some(total) => {
            let part = (done / total).clamp(0.0, 1.0);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 100")]
            let percent = (part * 100.0) as usize;
            let filled = percent * WIDTH / 100;
            format!("[{}{}] {percent:>3}%", "=".repeat(filled), " ".repeat(WIDTH - filled))
        }
        None => progress.progress.to_string(),
    };
    if let Some(message) = &progress.message {
        let message = visible(message);
        text.push(' ');
        text.extend(message.chars().take(MESSAGE));
        if message.chars().nth(MESSAGE).is_some() {
            text.push('…');
        }
    }
    text
}

/// Text of a server with every control character escaped, on one line.
pub(crate) fn visible(text: &str) -> String {
    escaped(text, |_| false)
}

/// The same, keeping line breaks and tabs.
pub(crate) fn visible_lines(text: &str) -> String {
    escaped(text, |c| matches!(c, '\n' | '\t'))
}

/// JSON laid out for people. It is not taken apart for that: numbers keep all of their digits.
pub(crate) fn laid_out(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let (mut depth, mut in_text, mut is_escaped) = (0_usize, false, false);
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    let mut rest = json.chars().peekable();
    while let Some(c) = rest.next() {
        if in_text {
            out.push(c);
            in_text = c != '"' || is_escaped;
            is_escaped = c == '\\' && !is_escaped;
            continue;
        }
        match c {
            ' ' | '\t' | '\n' | '\r' => {}
            '{' | '[' => {
                out.push(c);
                while rest.next_if(char::is_ascii_whitespace).is_some() {}
                if let Some(end) = rest.next_if(|next| matches!(next, '}' | ']')) {
                    out.push(end);
                } else {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            _ => {
                in_text = c == '"';
                out.push(c);
            }
        }
    }
    out
}

/// JSON with the characters escaped that JSON itself lets through and a terminal would act on. It stays the same JSON.
pub(crate) fn visible_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        // All of them are in the plane that four digits reach, and none can stand outside of a string except line breaks.
        if steers(c) && c != '\n' {
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

fn escaped(text: &str, keeps: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if steers(c) && !keeps(c) { out.extend(c.escape_default()) } else { out.push(c) }
    }
    out
}

/// Whether a terminal acts on it. Directional overrides are no control characters and can reorder what is read all the same.
fn steers(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn progress_is_a_bar_where_there_is_a_total() {
        let check = |json: Value| serde_json::from_value(json).map(|progress| bar(&progress)).unwrap_or_default();
        assert_eq!(
            check(json!({ "progressToken": 1, "progress": 1, "total": 4, "message": "a\u{1b}b" })),
            "[=====               ]  25% a\\u{1b}b"
        );
        assert_eq!(check(json!({ "progressToken": 1, "progress": 9, "total": 4 })), "[====================] 100%");
        assert_eq!(check(json!({ "progressToken": 1, "progress": 9, "total": 0 })), "9");
        let long = check(json!({ "progressToken": 1, "progress": 1.5, "message": "x".repeat(99) }));
        assert_eq!(long, format!("1.5 {}…", "x".repeat(48)));
    }

    #[test]
    fn json_is_laid_out_and_keeps_its_digits() {
        let json = r#"{"a":[1,{"b":"x, \\\"{\\\\"},[ ],{}],"big":123456789012345678901234567890.10,"c":{"d":null}}"#;
        let shown = laid_out(json);
        assert!(shown.contains("\n  \"big\": 123456789012345678901234567890.10,\n"), "{shown}");
        let value: Value = serde_json::from_str(json).expect("JSON");
        let number = "123456789012345678901234567890.10";
        let plain = serde_json::to_string_pretty(&value).expect("JSON");
        assert_eq!(shown.replace(number, "n"), plain.replace(&value["big"].to_string(), "n"));
    }

    #[test]
    fn what_a_server_sent_cannot_steer_the_terminal() {
        assert_eq!(visible("a\u{1b}[2J\n\u{202e}b"), "a\\u{1b}[2J\\n\\u{202e}b");
        assert_eq!(visible_lines("a\n\tb\r\u{7}"), "a\n\tb\\r\\u{7}");
        assert_eq!(visible("plain ä"), "plain ä");
        let json = "{\n  \"a\": \"\u{9b}\u{202e}ä\"\n}";
        assert_eq!(visible_json(json), "{\n  \"a\": \"\\u009b\\u202eä\"\n}");
        assert_eq!(serde_json::from_str::<Value>(&visible_json(json)).ok(), serde_json::from_str(json).ok());
    }
}
