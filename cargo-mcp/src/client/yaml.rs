//! YAML: no crate edits it and keeps its comments, so lines are edited, and whoever calls reads the result again. What is
//! written in another way than a block of lines is not touched.

use std::fmt::Write as _;

use saphyr::{LoadableYamlNode as _, Scalar, Yaml};
use serde_json::{Map, Value};

/// The text as a value; no text is an empty object.
pub(super) fn read(text: &str) -> Result<Value, String> {
    let documents = Yaml::load_from_str(text).map_err(|error| error.to_string())?;
    match documents.as_slice() {
        [] => Ok(Value::Object(Map::new())),
        [only] => match value(only) {
            Some(Value::Null) => Ok(Value::Object(Map::new())),
            Some(value) => Ok(value),
            None => Err("it has tags or aliases, which are not understood here".to_owned()),
        },
        _ => Err("it holds several documents".to_owned()),
    }
}

fn value(node: &Yaml<'_>) -> Option<Value> {
    Some(match node {
        Yaml::Value(Scalar::Null) => Value::Null,
        Yaml::Value(Scalar::Boolean(value)) => (*value).into(),
        Yaml::Value(Scalar::Integer(value)) => (*value).into(),
        Yaml::Value(Scalar::FloatingPoint(value)) => value.into_inner().into(),
        Yaml::Value(Scalar::String(text)) => text.as_ref().into(),
        Yaml::Sequence(items) => Value::Array(items.iter().map(value).collect::<Option<_>>()?),
        Yaml::Mapping(members) => {
            let pairs = members.iter().map(|(name, member)| Some((value(name)?.as_str()?.to_owned(), value(member)?)));
            Value::Object(pairs.collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

/// The text with the entry in its section, or without it.
pub(super) fn edit(text: &str, section: &str, name: &str, entry: Option<&Value>) -> Option<String> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    // What stands behind the section's name: nothing, or what says that it is empty, and a comment.
    let behind = |line: &str| -> Option<(bool, String)> {
        let rest = line.strip_prefix(section)?.strip_prefix(':')?.trim();
        let bare = ["{}", "null", "~"].iter().find_map(|empty| rest.strip_prefix(empty));
        let comment = bare.unwrap_or(rest).trim_start();
        (comment.is_empty() || comment.starts_with('#')).then(|| (bare.is_some(), comment.to_owned()))
    };
    let heading = lines.iter().position(|line| behind(line).is_some());
    let Some(heading) = heading else {
        let mut out = text.to_owned();
        if !out.is_empty() && !out.ends_with('\n') {
            out.push('\n');
        }
        let _ = writeln!(out, "{section}:");
        write(&mut out, "  ", name, entry?);
        return Some(out);
    };
    let ends_section = |line: &&str| !line.trim().is_empty() && !line.starts_with([' ', '\t', '#']);
    let end = lines.iter().skip(heading + 1).position(ends_section).map_or(lines.len(), |at| heading + 1 + at);
    let indent_of = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let says = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let body = lines.get(heading + 1..end)?;
    let indent = body.iter().find(|line| says(line)).map_or(2, |line| indent_of(line));
    let names_it = |line: &str| {
        let line = line.trim_end();
        indent_of(line) == indent
            && [name.to_owned(), format!("\"{name}\""), format!("'{name}'")]
                .iter()
                .any(|key| line.trim_start().strip_prefix(key.as_str()).is_some_and(|rest| rest.starts_with(':')))
    };
    let there = body.iter().position(|line| names_it(line)).map(|at| heading + 1 + at);
    let (from, to) = match there {
        Some(from) => {
            let follows = |line: &&str| !line.trim().is_empty() && indent_of(line) <= indent;
            let next = lines.iter().take(end).skip(from + 1).position(follows).map_or(end, |at| from + 1 + at);
            // Empty lines and comments above the next entry belong to that.
            let said = (from..next).rev().find(|at| lines.get(*at).is_some_and(|line| says(line))).unwrap_or(from);
            (from, said + 1)
        }
        None => {
            let last = (heading..end).rev().find(|at| lines.get(*at).is_some_and(|line| says(line))).unwrap_or(heading);
            (last + 1, last + 1)
        }
    };
    let mut out: String = lines.get(..from)?.concat();
    if !out.ends_with('\n') {
        out.push('\n');
    }
    let (is_marked, comment) = lines.get(heading).and_then(|line| behind(line))?;
    let headed = |value: &str| format!("{section}:{value} {comment}").trim_end().to_owned() + "\n";
    if is_marked {
        out = lines.get(..heading)?.concat() + &headed("");
    }
    match entry {
        Some(entry) => write(&mut out, &" ".repeat(indent), name, entry),
        None if body.iter().enumerate().all(|(at, line)| !says(line) || (from..to).contains(&(heading + 1 + at))) => {
            // A section without entries would be null.
            out = lines.get(..heading)?.concat() + &headed(" {}");
        }
        None => {}
    }
    out.push_str(&lines.get(to..)?.concat());
    Some(out)
}

/// Writes an entry as lines. Texts are written as JSON has them, which is YAML, too.
fn write(out: &mut String, indent: &str, name: &str, value: &Value) {
    let is_plain = !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && !matches!(
            name.to_ascii_lowercase().as_str(),
            "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n"
        );
    let key = if is_plain { name.to_owned() } else { Value::from(name).to_string() };
    match value {
        Value::Object(members) if !members.is_empty() => {
            let _ = writeln!(out, "{indent}{key}:");
            for (name, value) in members {
                write(out, &format!("{indent}  "), name, value);
            }
        }
        other => drop(writeln!(out, "{indent}{key}: {other}")),
    }
}
