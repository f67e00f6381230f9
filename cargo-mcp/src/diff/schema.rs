//! What changed in a schema. Whether it breaks anybody is decided over the whole schema by `subset`; the walk over both
//! schemas finds the words for it.

use std::collections::BTreeSet;

use jsonschema::error::ValidationErrorKind;
use serde_json::{Map, Value, json};

use super::format;
use super::header::headers;
use super::items::{quoted, text};
use super::{Change, Rule, Verdict, Witness};
use crate::print::visible;
use crate::subset::{Outcome, Strictness, compare};

/// How deep members are looked at.
const DEPTH: usize = 16;

/// Who reads the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    /// The new one must accept all that the old one accepted.
    Input,
    /// All that the new one describes must satisfy the old one.
    Output,
}

/// The changes of a tool's input schema.
pub(super) fn input(tool: &str, old: &Value, new: &Value) -> Vec<Change> {
    changes(Side::Input, tool, old, new)
}

/// The changes of a tool's output schema.
pub(super) fn output(tool: &str, old: &Value, new: &Value) -> Vec<Change> {
    changes(Side::Output, tool, old, new)
}

fn changes(side: Side, tool: &str, old: &Value, new: &Value) -> Vec<Change> {
    let mut walk = Walk { side, tool, old_root: old, new_root: new, found: Vec::new() };
    walk.schemas(&mut Vec::new(), old, new);
    let mut found = walk.found;
    if side == Side::Input {
        let known = headers(tool, old);
        found.extend(
            headers(tool, new).into_iter().filter(|change| !known.contains(change)).map(|change| (Vec::new(), change)),
        );
    }
    let (outcome, judge) = match side {
        Side::Input => (compare(old, new, Strictness::Mentioned), new),
        Side::Output => (compare(new, old, Strictness::Mentioned), old),
    };
    settle(side, tool, found, outcome, judge)
}

/// Whether the change is one of which values are accepted, which the comparison of the whole has the last word on.
fn is_about_values(rule: Rule) -> bool {
    rule.verdict(false) == Verdict::Breaking && !matches!(rule, Rule::HeaderChanged | Rule::HeaderInvalid)
}

/// Brings what the walk found together with what the comparison decided.
fn settle(side: Side, tool: &str, found: Vec<(Vec<String>, Change)>, outcome: Outcome, judge: &Value) -> Vec<Change> {
    let (generic, undecided) = match side {
        Side::Input => (Rule::InputBoundNarrowed, Rule::InputUnknown),
        Side::Output => (Rule::OutputBoundWidened, Rule::OutputUnknown),
    };
    let witnesses = match outcome {
        // What the walk took for a change of values is none.
        Outcome::Compatible => {
            return found
                .into_iter()
                .map(|(_, change)| change)
                .filter(|change| !is_about_values(change.rule))
                .collect();
        }
        Outcome::Witnesses(witnesses) => witnesses,
        Outcome::Unknown => {
            let is_told = found.iter().any(|(_, change)| is_about_values(change.rule) || change.rule == undecided);
            let mut changes: Vec<_> = found.into_iter().map(|(_, change)| change).collect();
            if !is_told {
                changes.push(Change::new(
                    undecided,
                    tool,
                    "whether the change breaks clients cannot be decided: look at it",
                ));
            }
            return changes;
        }
    };
    let validator = jsonschema::validator_for(judge).ok();
    let mut is_told = false;
    let mut changes = Vec::new();
    for (path, mut change) in found {
        if is_about_values(change.rule) {
            is_told = true;
            let shows = |value: &&Value| validator.as_ref().is_some_and(|judge| is_shown_by(judge, value, &path));
            change.witness = witnesses.iter().find(shows).cloned().map(|value| witness(side, value));
        }
        changes.push(change);
    }
    if !is_told {
        let message = match side {
            Side::Input => "arguments that were accepted are rejected now",
            Side::Output => "results can come that could not come before",
        };
        let mut change = Change::new(generic, tool, message);
        change.witness = witnesses.into_iter().next().map(|value| witness(side, value));
        changes.push(change);
    }
    changes
}

fn witness(side: Side, value: Value) -> Witness {
    match side {
        Side::Input => Witness::Input(value),
        Side::Output => Witness::Output(value),
    }
}

/// Whether the value is refused for what stands at the path, and for nothing else.
fn is_shown_by(judge: &jsonschema::Validator, value: &Value, path: &[String]) -> bool {
    let pointer = |path: &[String]| {
        path.iter().fold(String::new(), |pointer, part| {
            let part = if part == "[]" { "0".to_owned() } else { part.replace('~', "~0").replace('/', "~1") };
            format!("{pointer}/{part}")
        })
    };
    let (own, last) = (pointer(path), path.last());
    let around = pointer(path.split_last().map_or(&[], |(_, around)| around));
    judge.iter_errors(value).all(|error| {
        let at = error.instance_path().as_str().to_owned();
        match error.kind() {
            ValidationErrorKind::Required { property } => at == around && property.as_str() == last.map(String::as_str),
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                (at == around && last.is_some_and(|last| unexpected == std::slice::from_ref(last))) || at == own
            }
            _ => at == own || at.starts_with(&format!("{own}/")),
        }
    })
}

struct Walk<'s> {
    side: Side,
    tool: &'s str,
    old_root: &'s Value,
    new_root: &'s Value,
    found: Vec<(Vec<String>, Change)>,
}

impl Walk<'_> {
    fn push(&mut self, path: &[String], rule: Rule, message: impl Into<String>) {
        self.found.push((path.to_vec(), Change::new(rule, self.item(path), message)));
    }

    fn item(&self, path: &[String]) -> String {
        path.iter().fold(self.tool.to_owned(), |item, part| {
            if part == "[]" { format!("{item}[]") } else { format!("{item}.{}", visible(part)) }
        })
    }

    fn schemas(&mut self, path: &mut Vec<String>, old: &Value, new: &Value) {
        if path.len() >= DEPTH {
            return;
        }
        let (old, new) = (resolved(self.old_root, old), resolved(self.new_root, new));
        let (Value::Object(old), Value::Object(new)) = (old, new) else {
            return self.values(path, old, new);
        };
        if !path.is_empty() {
            self.notes(path, old, new);
        }
        let is = |schema: &Map<String, Value>, name: &str| schema.get("type").is_some_and(|kind| kind == name);
        if is(old, "object") && is(new, "object") && (old.contains_key("properties") || new.contains_key("properties"))
        {
            self.objects(path, old, new);
        } else if is(old, "array") && is(new, "array") && old.contains_key("items") && new.contains_key("items") {
            path.push("[]".to_owned());
            self.schemas(path, &old["items"], &new["items"]);
            path.pop();
            self.values(path, &Value::Object(without(old, &["items"])), &Value::Object(without(new, &["items"])));
        } else {
            self.values(path, &Value::Object(old.clone()), &Value::Object(new.clone()));
        }
    }

    /// What is said beside which values are accepted.
    fn notes(&mut self, path: &[String], old: &Map<String, Value>, new: &Map<String, Value>) {
        let said = |schema: &Map<String, Value>, key: &str| schema.get(key).and_then(Value::as_str).map(str::to_owned);
        for (key, rule) in [("title", Rule::TitleChanged), ("description", Rule::DescriptionChanged)] {
            let mut changes = Vec::new();
            text(rule, &self.item(path), said(old, key).as_deref(), said(new, key).as_deref(), &mut changes);
            self.found.extend(changes.into_iter().map(|change| (path.to_vec(), change)));
        }
        if self.side == Side::Output {
            return;
        }
        let shown = |value: Option<&Value>| value.map_or("nothing".to_owned(), |value| visible(&value.to_string()));
        for (key, rule) in [("default", Rule::DefaultChanged), ("x-mcp-header", Rule::HeaderChanged)] {
            let (before, now) = (old.get(key), new.get(key));
            if before != now {
                let what = if key == "default" { "the default" } else { "the header that mirrors it" };
                self.push(path, rule, format!("{what} was {}, is {}", shown(before), shown(now)));
            }
        }
        if let Some(message) = format::added((self.old_root, old), (self.new_root, new)) {
            self.push(path, Rule::FormatChanged, message);
        }
    }

    fn objects(&mut self, path: &mut Vec<String>, old: &Map<String, Value>, new: &Map<String, Value>) {
        let (before, now) = (members(old), members(new));
        let names: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
        for name in names {
            path.push(name.clone());
            if let Some((rule, message)) = member(self.side, name, old, new) {
                self.push(path, rule, message);
            }
            if let (Some(before), Some(now)) = (before.get(name), now.get(name)) {
                self.schemas(path, before, now);
            }
            path.pop();
        }
        if let Some((rule, message)) = others(self.side, is_closed(old), is_closed(new)) {
            self.push(path, rule, message);
        }
        let is_schema = |schema: &Map<String, Value>| schema.get("additionalProperties").is_some_and(Value::is_object);
        let taken: &[&str] = if is_schema(old) || is_schema(new) {
            &["properties", "required"]
        } else {
            &["properties", "required", "additionalProperties"]
        };
        self.values(path, &Value::Object(without(old, taken)), &Value::Object(without(new, taken)));
    }

    /// Which values are accepted, of a schema without members of its own.
    fn values(&mut self, path: &[String], old: &Value, new: &Value) {
        let (bare_old, bare_new) = (bare(old), bare(new));
        if bare_old == bare_new && !(has_reference(&bare_old)) {
            return;
        }
        let (whole_old, whole_new) = (within(self.old_root, &bare_old), within(self.new_root, &bare_new));
        let forward = compare(&whole_old, &whole_new, Strictness::Mentioned);
        let backward = compare(&whole_new, &whole_old, Strictness::Mentioned);
        let words = format!("was {}, is {}", brief(&bare_old), brief(&bare_new));
        match (self.side, &forward, &backward) {
            (_, Outcome::Compatible, Outcome::Compatible) => {}
            (Side::Input, Outcome::Compatible, _) => self.push(path, Rule::InputWidened, words),
            (Side::Input, Outcome::Witnesses(_), _) => self.push(path, narrowed(&bare_old, &bare_new), words),
            (Side::Input, Outcome::Unknown, _) => {
                self.push(path, Rule::InputUnknown, format!("{words}: whether that breaks clients cannot be decided"));
            }
            (Side::Output, _, Outcome::Compatible) => self.push(path, Rule::OutputNarrowed, words),
            (Side::Output, _, Outcome::Witnesses(values)) => {
                self.push(path, widened(&bare_old, &bare_new, values), words);
            }
            (Side::Output, _, Outcome::Unknown) => {
                self.push(path, Rule::OutputUnknown, format!("{words}: whether that breaks clients cannot be decided"));
            }
        }
    }
}

/// What became of a member, apart from its schema.
fn member(side: Side, name: &str, old: &Map<String, Value>, new: &Map<String, Value>) -> Option<(Rule, String)> {
    let is_there = |schema: &Map<String, Value>| members(schema).contains_key(name);
    let (was_required, is_required) = (requires(old, name), requires(new, name));
    let (rule, what) = match (is_there(old), is_there(new), side) {
        (true, false, Side::Input) if is_closed(new) => {
            (Rule::InputRemoved, "is gone, and unknown arguments are refused")
        }
        (true, false, Side::Input) => (Rule::InputForgotten, "is gone and ignored"),
        (true, false, Side::Output) if was_required => (Rule::OutputRemoved, "is gone, and was always there"),
        (true, false, Side::Output) => (Rule::OutputForgotten, "is gone"),
        (false, true, Side::Input) if is_required => (Rule::InputAddedRequired, "is new and required"),
        (false, true, Side::Input) if is_closed(old) => (Rule::InputAdded, "is new"),
        (false, true, Side::Input) => (Rule::InputNamed, "means something now; it was ignored"),
        (false, true, Side::Output) if is_closed(old) => {
            (Rule::OutputAddedClosed, "is new, and nothing more was to be expected")
        }
        (false, true, Side::Output) => (Rule::OutputAdded, "is new"),
        (true, true, side) => match (was_required, is_required, side) {
            (false, true, Side::Input) => (Rule::InputBecameRequired, "is now required"),
            (true, false, Side::Input) => (Rule::InputBecameOptional, "is optional now"),
            (true, false, Side::Output) => (Rule::OutputBecameOptional, "may be missing now"),
            (false, true, Side::Output) => (Rule::OutputBecameRequired, "is always there now"),
            _ => return None,
        },
        (false, false, _) => return None,
    };
    Some((rule, format!("{} {what}", quoted(name))))
}

/// What became of the members that have no name.
fn others(side: Side, was_closed: bool, is_closed: bool) -> Option<(Rule, &'static str)> {
    match (was_closed, is_closed, side) {
        (false, true, Side::Input) => Some((Rule::InputClosed, "arguments that it does not name are refused now")),
        (true, false, Side::Input) => Some((Rule::InputOpened, "arguments that it does not name are ignored now")),
        (true, false, Side::Output) => Some((Rule::OutputOpened, "members that it does not name may come now")),
        (false, true, Side::Output) => Some((Rule::OutputClosed, "members that it does not name no longer come")),
        _ => None,
    }
}

fn is_closed(schema: &Map<String, Value>) -> bool {
    schema.get("additionalProperties") == Some(&Value::Bool(false))
}

fn narrowed(old: &Value, new: &Value) -> Rule {
    let differs = |key: &str| old.get(key) != new.get(key);
    if differs("type") {
        Rule::InputTypeNarrowed
    } else if differs("enum") || differs("const") {
        Rule::InputEnumNarrowed
    } else if differs("pattern") {
        Rule::InputPatternNarrowed
    } else {
        Rule::InputBoundNarrowed
    }
}

fn widened(old: &Value, new: &Value, witnesses: &[Value]) -> Rule {
    let differs = |key: &str| old.get(key) != new.get(key);
    if witnesses.iter().all(Value::is_null) {
        Rule::OutputNullAdded
    } else if differs("type") {
        Rule::OutputTypeWidened
    } else if differs("enum") || differs("const") {
        Rule::OutputEnumWidened
    } else {
        Rule::OutputBoundWidened
    }
}

/// What a reference means, as far as it leads within the document.
pub(super) fn resolved<'s>(root: &'s Value, schema: &'s Value) -> &'s Value {
    let mut schema = schema;
    for _ in 0..DEPTH {
        let target = schema.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix('#'));
        match target.and_then(|pointer| root.pointer(pointer)) {
            Some(target) => schema = target,
            None => break,
        }
    }
    schema
}

fn members(schema: &Map<String, Value>) -> Map<String, Value> {
    schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default()
}

fn requires(schema: &Map<String, Value>, name: &str) -> bool {
    schema.get("required").and_then(Value::as_array).is_some_and(|names| names.iter().any(|other| other == name))
}

fn without(schema: &Map<String, Value>, keys: &[&str]) -> Map<String, Value> {
    schema
        .iter()
        .filter(|(key, _)| !keys.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// A schema without what says nothing about values.
fn bare(schema: &Value) -> Value {
    const SILENT: &[&str] = &[
        "$schema",
        "$id",
        "$defs",
        "definitions",
        "title",
        "description",
        "default",
        "examples",
        "format",
        "x-mcp-header",
    ];
    schema.as_object().map_or_else(|| schema.clone(), |schema| Value::Object(without(schema, SILENT)))
}

/// A part of a schema as a schema of its own, with what its references lead to.
fn within(root: &Value, part: &Value) -> Value {
    let Value::Object(part) = part else { return part.clone() };
    let mut whole = json!({ "allOf": [part] });
    for key in ["$schema", "$defs", "definitions"] {
        if let Some(value) = root.get(key) {
            whole[key] = value.clone();
        }
    }
    whole
}

fn has_reference(schema: &Value) -> bool {
    match schema {
        Value::Object(members) => members.contains_key("$ref") || members.values().any(has_reference),
        Value::Array(items) => items.iter().any(has_reference),
        _ => false,
    }
}

/// A schema in a few words.
fn brief(schema: &Value) -> String {
    /// The most characters of a schema in a message.
    const LENGTH: usize = 100;
    let text = match schema.as_object() {
        Some(members) if members.is_empty() => "anything".to_owned(),
        Some(members) if members.len() == 1 && members.contains_key("type") => {
            schema["type"].as_str().map_or_else(|| schema["type"].to_string(), str::to_owned)
        }
        _ => schema.to_string(),
    };
    let short: String = text.chars().take(LENGTH).collect();
    visible(&if short.len() < text.len() { format!("{short}…") } else { short })
}
