//! Puts text into a file at byte offsets. Every byte of the user's stays; what is put in takes over the file's line ends and
//! indentation.

use super::place::List;

/// A text to be put in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Edit {
    pub(crate) at: usize,
    pub(crate) text: String,
}

/// The text with all edits made; `None` if one is not at the border of a character.
pub(crate) fn apply(text: &str, mut edits: Vec<Edit>) -> Option<String> {
    let has_returns = text.split_once('\n').is_some_and(|(first, _)| first.ends_with('\r'));
    // What goes to the same place keeps its order.
    edits.sort_by_key(|edit| edit.at);
    let mut out = String::with_capacity(text.len() + edits.iter().map(|edit| edit.text.len()).sum::<usize>());
    let mut done = 0;
    for edit in edits {
        out.push_str(text.get(done..edit.at)?);
        out.push_str(&if has_returns { edit.text.replace('\n', "\r\n") } else { edit.text });
        done = edit.at;
    }
    out.push_str(text.get(done..)?);
    Some(out)
}

/// The name at the end of a list.
pub(crate) fn listed(text: &str, list: &List, name: &str) -> Option<Vec<Edit>> {
    let Some(before) = &list.last else {
        return Some(vec![Edit {
            at: list.open,
            text: if list.has_crate { format!(" {name}") } else { name.to_owned() },
        }]);
    };
    let end = list.comma.unwrap_or(before.end);
    let has_comma = list.comma.is_some();
    let is_spread = text.get(list.open..before.start)?.contains('\n');
    if !is_spread {
        let text = if has_comma { format!(" {name},") } else { format!(", {name}") };
        return Some(vec![Edit { at: end, text }]);
    }
    // On a line of its own, below whatever is said behind the last one.
    let below = end + line_end(text.get(end..list.close)?);
    let line = Edit { at: below, text: format!("\n{}{name},", indent_at(text, before.start)) };
    if has_comma {
        return Some(vec![line]);
    }
    Some(vec![Edit { at: before.end, text: ",".to_owned() }, line])
}

/// How far it is to the end of the line, if nothing but comments is on the way.
pub(crate) fn line_end(rest: &str) -> usize {
    let line = rest.split('\n').next().unwrap_or_default().trim_end();
    let mut said = line.trim_start();
    while let Some((_, behind)) = said.strip_prefix("/*").and_then(|comment| comment.split_once("*/")) {
        said = behind.trim_start();
    }
    if said.is_empty() || said.starts_with("//") { line.len() } else { 0 }
}

/// The indentation of the line that a place is on.
pub(crate) fn indent_at(text: &str, at: usize) -> String {
    let start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1);
    text.get(start..).unwrap_or_default().chars().take_while(|c| matches!(c, ' ' | '\t')).collect()
}

/// Lines with an indentation in front of each. A level is a tab where the file has tabs.
pub(crate) fn indented(lines: &str, indent: &str, text: &str) -> String {
    let has_tabs = text.lines().any(|line| line.starts_with('\t'));
    let level = |line: &str| if has_tabs { line.replacen("    ", "\t", 1) } else { line.to_owned() };
    let put = |line: &str| {
        let inner = if line.starts_with("    ") { level(line) } else { line.to_owned() };
        if line.is_empty() { String::new() } else { format!("{indent}{inner}") }
    };
    lines.split('\n').map(put).collect::<Vec<_>>().join("\n")
}
