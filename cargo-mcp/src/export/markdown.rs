//! Markdown: a reference of the server for people.

use std::fmt::Write as _;

use mcp_runtime::model::Tool;
use serde_json::Value;

use super::identity;
use crate::print::{visible, visible_lines};
use crate::signature::{self, arguments, type_of};
use crate::surface::Surface;

pub(super) fn document(surface: &Surface) -> String {
    let (name, version) = identity(surface);
    let mut text = format!("# {} {}\n", plain(name), plain(version));
    if let Some(instructions) = &surface.instructions {
        let _ = write!(text, "\n{}\n", quote(instructions));
    }
    if !surface.tools.is_empty() {
        text.push_str("\n## Tools\n");
    }
    for tool in &surface.tools {
        one(&mut text, tool);
    }
    let resources = surface.resources.iter().map(|one| (&one.uri, &one.name, &one.description, &one.mime_type));
    table(&mut text, "Resources", "URI", resources.collect());
    let templates =
        surface.resource_templates.iter().map(|one| (&one.uri_template, &one.name, &one.description, &one.mime_type));
    table(&mut text, "Resource templates", "URI", templates.collect());
    if !surface.prompts.is_empty() {
        text.push_str("\n## Prompts\n");
    }
    for prompt in &surface.prompts {
        let _ = write!(text, "\n### {}\n", plain(&prompt.name));
        if let Some(description) = &prompt.description {
            let _ = write!(text, "\n{}\n", quote(description));
        }
        let arguments = prompt.arguments.as_deref().unwrap_or_default();
        if !arguments.is_empty() {
            text.push_str("\n| argument | required | |\n|---|---|---|\n");
        }
        for argument in arguments {
            let required = if argument.required == Some(true) { "yes" } else { "" };
            let doc = argument.description.as_deref().unwrap_or_default();
            let _ = writeln!(text, "| {} | {required} | {} |", code(&argument.name), cell(doc));
        }
    }
    text
}

fn one(text: &mut String, tool: &Tool) {
    let _ = write!(text, "\n### {}\n\n    {}\n", plain(&tool.name), signature::of(tool));
    if let Some(description) = &tool.description {
        let _ = write!(text, "\n{}\n", quote(description));
    }
    for (title, schema) in [("argument", Some(&tool.input_schema)), ("result", tool.output_schema.as_ref())] {
        let members = schema.map(arguments).unwrap_or_default();
        if members.is_empty() {
            continue;
        }
        let _ = write!(text, "\n| {title} | type | required | default | |\n|---|---|---|---|---|\n");
        for member in members {
            let required = if member.required { "yes" } else { "" };
            let default = member.schema.get("default").map(|value| code(&value.to_string())).unwrap_or_default();
            let doc = member.schema.get("description").and_then(Value::as_str).unwrap_or_default();
            let kind = code(&type_of(member.schema, 0));
            let _ = writeln!(text, "| {} | {kind} | {required} | {default} | {} |", code(member.name), cell(doc));
        }
    }
}

type Row<'r> = (&'r String, &'r String, &'r Option<String>, &'r Option<String>);

fn table(text: &mut String, title: &str, first: &str, rows: Vec<Row<'_>>) {
    if rows.is_empty() {
        return;
    }
    let _ = write!(text, "\n## {title}\n\n| {first} | name | type | |\n|---|---|---|---|\n");
    for (uri, name, description, mime) in rows {
        let (doc, mime) = (description.as_deref().unwrap_or_default(), mime.as_deref().unwrap_or_default());
        let _ = writeln!(text, "| {} | {} | {} | {} |", code(uri), cell(name), cell(mime), cell(doc));
    }
}

/// Text on one line, with nothing in it that Markdown or HTML would act on.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for c in visible(text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            '|' | '*' | '_' | '`' | '[' | ']' | '#' | '\\' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

fn cell(text: &str) -> String {
    plain(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Code within a table. The fence is longer than any in the text, and a bar would end the cell.
fn code(text: &str) -> String {
    let text = visible(text).replace('|', "\\|");
    if text.is_empty() {
        return String::new();
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    if longest > 0 { format!("{fence} {text} {fence}") } else { format!("{fence}{text}{fence}") }
}

/// A description, which may be Markdown itself; without HTML, and without headings of its own.
fn quote(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let line = visible_lines(line).replace('&', "&amp;").replace('<', "&lt;");
        if line.trim_start().starts_with('#') { format!("\\{}", line.trim_start()) } else { line }
    });
    lines.collect::<Vec<_>>().join("\n")
}
