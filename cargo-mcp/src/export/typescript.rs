//! TypeScript: a type for each tool's arguments and result, and interfaces that go from names to them. What a type cannot
//! say, such as bounds, stands in the comments.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::identity;
use super::jsonschema::arguments;
use super::name::{Names, pascal};
use crate::surface::Surface;

/// How deep a type is written out.
const DEPTH: usize = 32;

pub(super) fn module(surface: &Surface) -> String {
    let (server, version) = identity(surface);
    let mut text = format!("// Types of {} {}, written by `cargo mcp schema`.\n", line(server), line(version));
    // The names of the interfaces at the end.
    let mut names = Names::default();
    for taken in ["Tools", "Prompts", "Resource", "ResourceTemplate", "Array", "Record"] {
        names.unique(taken);
    }
    let mut tools = String::new();
    for tool in &surface.tools {
        let name = pascal(&tool.name);
        let doc = tool.description.as_deref().or(tool.title.as_deref());
        let input = declare(&mut text, &mut names, &format!("{name}Input"), &tool.input_schema, doc);
        let output = match &tool.output_schema {
            Some(schema) => declare(&mut text, &mut names, &format!("{name}Output"), schema, None),
            None => "unknown".to_owned(),
        };
        comment(&mut tools, "  ", doc, &Map::new());
        let _ = writeln!(tools, "  {}: {{ input: {input}; output: {output} }};", literal(&tool.name));
    }
    let mut prompts = String::new();
    for prompt in &surface.prompts {
        let Value::Object(schema) = arguments(prompt) else { continue };
        let doc = prompt.description.as_deref();
        let name = declare(&mut text, &mut names, &format!("{}Arguments", pascal(&prompt.name)), &schema, doc);
        comment(&mut prompts, "  ", doc, &Map::new());
        let _ = writeln!(prompts, "  {}: {name};", literal(&prompt.name));
    }
    let _ =
        write!(text, "\n/** Arguments and results of the tools, by name. */\nexport interface Tools {{\n{tools}}}\n");
    let _ = write!(text, "\n/** Arguments of the prompts, by name. */\nexport interface Prompts {{\n{prompts}}}\n");
    let union = |all: Vec<String>| if all.is_empty() { "never".to_owned() } else { all.join(" | ") };
    let uris = union(surface.resources.iter().map(|one| literal(&one.uri)).collect());
    let templates = union(surface.resource_templates.iter().map(|one| literal(&one.uri_template)).collect());
    let _ = write!(text, "\n/** URIs of the resources. */\nexport type Resource = {uris};\n");
    let _ = write!(text, "\n/** Templates of more URIs (RFC 6570). */\nexport type ResourceTemplate = {templates};\n");
    text
}

/// Declares a schema and its definitions; returns its type's name.
fn declare(
    text: &mut String,
    names: &mut Names,
    wanted: &str,
    schema: &Map<String, Value>,
    doc: Option<&str>,
) -> String {
    let name = names.unique(wanted);
    let mut references = BTreeMap::from([("#".to_owned(), name.clone())]);
    let mut definitions = Vec::new();
    for key in ["$defs", "definitions"] {
        for (part, schema) in schema.get(key).and_then(Value::as_object).into_iter().flatten() {
            let alias = names.unique(&format!("{name}{}", pascal(part)));
            let pointer = format!("#/{key}/{}", part.replace('~', "~0").replace('/', "~1"));
            references.insert(pointer, alias.clone());
            definitions.push((alias, schema));
        }
    }
    let writer = Writer { references };
    text.push('\n');
    comment(text, "", doc.or_else(|| schema.get("description").and_then(Value::as_str)), &Map::new());
    let _ = writeln!(text, "export type {name} = {};", writer.object_or(schema, 0));
    for (alias, schema) in definitions {
        text.push('\n');
        comment(text, "", schema.get("description").and_then(Value::as_str), &Map::new());
        let _ = writeln!(text, "export type {alias} = {};", writer.of(schema, 0));
    }
    name
}

struct Writer {
    /// What each reference is called.
    references: BTreeMap<String, String>,
}

impl Writer {
    fn of(&self, schema: &Value, depth: usize) -> String {
        match schema {
            Value::Bool(false) => "never".to_owned(),
            Value::Object(schema) if depth < DEPTH => self.object_or(schema, depth),
            _ => "unknown".to_owned(),
        }
    }

    fn object_or(&self, schema: &Map<String, Value>, depth: usize) -> String {
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            return self.references.get(reference).cloned().unwrap_or_else(|| "unknown".to_owned());
        }
        if let Some(value) = schema.get("const") {
            return constant(value);
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            return union(values.iter().map(constant).collect());
        }
        let mut parts = Vec::new();
        match schema.get("type") {
            Some(Value::String(kind)) => parts.push(self.kind(kind, schema, depth)),
            Some(Value::Array(kinds)) => {
                let kinds = kinds.iter().filter_map(Value::as_str).map(|kind| self.kind(kind, schema, depth));
                parts.push(union(kinds.collect()));
            }
            _ if schema.contains_key("properties") => parts.push(self.kind("object", schema, depth)),
            _ => {}
        }
        for key in ["anyOf", "oneOf"] {
            if let Some(branches) = schema.get(key).and_then(Value::as_array) {
                parts.push(union(branches.iter().map(|branch| self.of(branch, depth + 1)).collect()));
            }
        }
        for branch in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            parts.push(self.of(branch, depth + 1));
        }
        parts.retain(|part| part != "unknown");
        match parts.as_slice() {
            [] => "unknown".to_owned(),
            [only] => only.clone(),
            several => several.iter().map(|part| format!("({part})")).collect::<Vec<_>>().join(" & "),
        }
    }

    fn kind(&self, kind: &str, schema: &Map<String, Value>, depth: usize) -> String {
        match kind {
            "string" | "boolean" | "null" => kind.to_owned(),
            "integer" | "number" => "number".to_owned(),
            "array" => self.array(schema, depth),
            "object" => self.object(schema, depth),
            _ => "unknown".to_owned(),
        }
    }

    fn array(&self, schema: &Map<String, Value>, depth: usize) -> String {
        let rest = schema.get("items").map(|items| self.of(items, depth + 1));
        let Some(prefix) = schema.get("prefixItems").and_then(Value::as_array) else {
            return format!("Array<{}>", rest.unwrap_or_else(|| "unknown".to_owned()));
        };
        let least = schema.get("minItems").and_then(Value::as_u64).unwrap_or(0);
        let mut items: Vec<_> = prefix
            .iter()
            .zip(0_u64..)
            .map(|(item, index)| {
                let item = self.of(item, depth + 1);
                if index < least { item } else { format!("({item})?") }
            })
            .collect();
        if rest.as_deref() != Some("never") {
            items.push(format!("...Array<{}>", rest.unwrap_or_else(|| "unknown".to_owned())));
        }
        format!("[{}]", items.join(", "))
    }

    fn object(&self, schema: &Map<String, Value>, depth: usize) -> String {
        let others = schema.get("additionalProperties").map(|others| self.of(others, depth + 1));
        let members = schema.get("properties").and_then(Value::as_object).filter(|members| !members.is_empty());
        let Some(members) = members else {
            return match others.as_deref() {
                None | Some("unknown") => "Record<string, unknown>".to_owned(),
                // Not `Record`, which the compiler refuses in a type that leads to itself.
                Some(others) => format!("{{ [key: string]: {others} }}"),
            };
        };
        let indent = "  ".repeat(depth + 1);
        let required = |name: &String| {
            schema
                .get("required")
                .and_then(Value::as_array)
                .is_some_and(|names| names.iter().any(|other| other == name))
        };
        let mut text = String::from("{\n");
        for (name, member) in members {
            let nothing = Map::new();
            let notes = member.as_object().unwrap_or(&nothing);
            comment(&mut text, &indent, notes.get("description").and_then(Value::as_str), notes);
            let mark = if required(name) { "" } else { "?" };
            let _ = writeln!(text, "{indent}{}{mark}: {};", key(name), self.of(member, depth + 1));
        }
        if others.as_deref().is_some_and(|others| others != "never") {
            // A member may be of any type beside those that are named, which a narrower signature would forbid.
            let _ = writeln!(text, "{indent}[key: string]: unknown;");
        }
        let _ = write!(text, "{}}}", "  ".repeat(depth));
        text
    }
}

fn union(mut parts: Vec<String>) -> String {
    let mut seen = Vec::new();
    parts.retain(|part| {
        let is_new = !seen.contains(part);
        seen.push(part.clone());
        is_new
    });
    if parts.iter().any(|part| part == "unknown") {
        return "unknown".to_owned();
    }
    if parts.is_empty() { "never".to_owned() } else { parts.join(" | ") }
}

fn constant(value: &Value) -> String {
    match value {
        Value::Array(_) | Value::Object(_) => "unknown".to_owned(),
        Value::String(text) => literal(text),
        other => other.to_string(),
    }
}

/// A text literal. JSON's are TypeScript's.
fn literal(text: &str) -> String {
    crate::print::visible_json(&Value::String(text.to_owned()).to_string())
}

fn key(name: &str) -> String {
    let mut letters = name.chars();
    let is_plain = letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_' || c == '$')
        && letters.all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$');
    if is_plain { name.to_owned() } else { literal(name) }
}

fn line(text: &str) -> String {
    crate::print::visible(text)
}

/// A comment that nothing in the text can end.
fn comment(out: &mut String, indent: &str, doc: Option<&str>, notes: &Map<String, Value>) {
    let mut lines: Vec<String> = doc.into_iter().flat_map(str::lines).map(line).collect();
    for (key, tag) in [("default", "@default"), ("minimum", "At least"), ("maximum", "At most"), ("pattern", "Matches")]
    {
        if let Some(value) = notes.get(key) {
            lines.push(format!("{tag} {}", line(&value.to_string())));
        }
    }
    let lines: Vec<_> = lines.iter().map(|line| line.replace("*/", "*\\/")).collect();
    match lines.as_slice() {
        [] => {}
        [only] => drop(writeln!(out, "{indent}/** {only} */")),
        several => {
            let _ = writeln!(out, "{indent}/**");
            for line in several {
                let _ = writeln!(out, "{}", format!("{indent} * {line}").trim_end());
            }
            let _ = writeln!(out, "{indent} */");
        }
    }
}
