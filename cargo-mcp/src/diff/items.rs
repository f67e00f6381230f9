//! What changed outside of schemas: items that came and went, arguments of prompts, templates' variables, annotations,
//! texts, capabilities, revisions.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Change, Rule, header, schema};
use crate::lock::{Lock, LockedPrompt, LockedResource, LockedTool};
use crate::print::visible;

/// How each kind of item is called when it comes and goes.
struct Rules {
    kind: &'static str,
    removed: Rule,
    renamed: Rule,
    added: Rule,
}

const TOOLS: Rules =
    Rules { kind: "tool", removed: Rule::ToolRemoved, renamed: Rule::ToolRenamed, added: Rule::ToolAdded };
const PROMPTS: Rules =
    Rules { kind: "prompt", removed: Rule::PromptRemoved, renamed: Rule::PromptRenamed, added: Rule::PromptAdded };
const RESOURCES: Rules = Rules {
    kind: "resource",
    removed: Rule::ResourceRemoved,
    renamed: Rule::ResourceRenamed,
    added: Rule::ResourceAdded,
};
const TEMPLATES: Rules = Rules {
    kind: "resource template",
    removed: Rule::TemplateRemoved,
    renamed: Rule::TemplateRenamed,
    added: Rule::TemplateAdded,
};

pub(super) fn changes(old: &Lock, new: &Lock) -> Vec<Change> {
    let (mut found, mut headers) = (Vec::new(), Vec::new());
    server(old, new, &mut found);
    let same_tool = |a: &LockedTool, b: &LockedTool| {
        a.input_schema == b.input_schema && a.output_schema == b.output_schema && {
            let has_arguments =
                a.input_schema.get("properties").is_some_and(|members| *members != serde_json::json!({}));
            has_arguments || a.description == b.description
        }
    };
    // A tool that no client can have is not fine for being new.
    for (name, tool) in new.tools.iter().filter(|(name, _)| !old.tools.contains_key(*name)) {
        headers.extend(header::headers(&visible(name), &tool.input_schema));
    }
    for (name, old, new) in pairs(&TOOLS, &old.tools, &new.tools, same_tool, &mut found) {
        tool(name, old, new, &mut found);
    }
    found.append(&mut headers);
    let same_prompt = |a: &LockedPrompt, b: &LockedPrompt| {
        a.arguments == b.arguments && (!a.arguments.is_empty() || a.description == b.description)
    };
    for (name, old, new) in pairs(&PROMPTS, &old.prompts, &new.prompts, same_prompt, &mut found) {
        prompt(name, old, new, &mut found);
    }
    let same_resource = |a: &LockedResource, b: &LockedResource| a.name == b.name && a.mime_type == b.mime_type;
    for (uri, old, new) in pairs(&RESOURCES, &old.resources, &new.resources, same_resource, &mut found) {
        resource(uri, old, new, &mut found);
    }
    templates(&old.resource_templates, &new.resource_templates, &mut found);
    found
}

fn server(old: &Lock, new: &Lock, found: &mut Vec<Change>) {
    text(Rule::InstructionsChanged, "server", old.instructions.as_deref(), new.instructions.as_deref(), found);
    for name in old.capabilities.keys().filter(|name| !new.capabilities.contains_key(*name)) {
        found.push(Change::new(Rule::CapabilityRemoved, "server", format!("the capability {} is gone", quoted(name))));
    }
    for name in new.capabilities.keys().filter(|name| !old.capabilities.contains_key(*name)) {
        found.push(Change::new(Rule::CapabilityAdded, "server", format!("the capability {} is new", quoted(name))));
    }
    for (name, value) in &old.capabilities {
        let Some(other) = new.capabilities.get(name) else { continue };
        for (part, is_removed) in flags(value, other) {
            let rule = if is_removed { Rule::CapabilityRemoved } else { Rule::CapabilityAdded };
            let what = if is_removed { "gone" } else { "new" };
            found.push(Change::new(
                rule,
                "server",
                format!("the capability {} is {what}", quoted(&format!("{name}.{part}"))),
            ));
        }
    }
    for name in old.protocol_versions.iter().filter(|name| !new.protocol_versions.contains(name)) {
        found.push(Change::new(
            Rule::ProtocolDropped,
            "server",
            format!("the revision {} is no longer spoken", visible(name)),
        ));
    }
    for name in new.protocol_versions.iter().filter(|name| !old.protocol_versions.contains(name)) {
        found.push(Change::new(Rule::ProtocolAdded, "server", format!("the revision {} is spoken now", visible(name))));
    }
}

/// The parts of a capability that came and went: `listChanged`, `subscribe`, and whatever else is declared.
fn flags(old: &Value, new: &Value) -> Vec<(String, bool)> {
    let declared = |value: &Value| -> BTreeSet<String> {
        let members = value.as_object().into_iter().flatten();
        members.filter(|(_, value)| **value != Value::Bool(false)).map(|(name, _)| name.clone()).collect()
    };
    let (old, new) = (declared(old), declared(new));
    let removed = old.difference(&new).map(|name| (name.clone(), true));
    removed.chain(new.difference(&old).map(|name| (name.clone(), false))).collect()
}

/// The items that are in both; reports the others.
fn pairs<'l, T>(
    rules: &Rules,
    old: &'l BTreeMap<String, T>,
    new: &'l BTreeMap<String, T>,
    is_same: impl Fn(&T, &T) -> bool,
    found: &mut Vec<Change>,
) -> Vec<(&'l str, &'l T, &'l T)> {
    let Rules { kind, removed, renamed, added } = *rules;
    let mut came: BTreeMap<&String, &T> = new.iter().filter(|(name, _)| !old.contains_key(*name)).collect();
    for (name, item) in old.iter().filter(|(name, _)| !new.contains_key(*name)) {
        let alike: Vec<_> = came.iter().filter(|(_, other)| is_same(item, other)).map(|(other, _)| *other).collect();
        let nearest = crate::flags::nearest(name, alike.iter().map(|other| other.as_str()));
        let other = match (nearest, alike.as_slice()) {
            (Some(nearest), _) => alike.iter().copied().find(|other| *other == nearest),
            (None, [only]) => Some(*only),
            _ => None,
        };
        match other {
            Some(other) => {
                came.remove(other);
                let message = format!("the {kind} is gone; {} takes and gives the same", quoted(other));
                found.push(Change::new(renamed, visible(name), message));
            }
            None => found.push(Change::new(removed, visible(name), format!("the {kind} is gone"))),
        }
    }
    for name in came.keys() {
        found.push(Change::new(added, visible(name), format!("the {kind} is new")));
    }
    old.iter().filter_map(|(name, old)| Some((name.as_str(), old, new.get(name)?))).collect()
}

fn tool(name: &str, old: &LockedTool, new: &LockedTool, found: &mut Vec<Change>) {
    let item = visible(name);
    text(Rule::TitleChanged, &item, old.title.as_deref(), new.title.as_deref(), found);
    text(Rule::DescriptionChanged, &item, old.description.as_deref(), new.description.as_deref(), found);
    annotations(&item, old.annotations.as_ref(), new.annotations.as_ref(), found);
    found.extend(schema::input(&item, &old.input_schema, &new.input_schema));
    match (&old.output_schema, &new.output_schema) {
        (Some(old), Some(new)) => found.extend(schema::output(&item, old, new)),
        (Some(_), None) => {
            found.push(Change::new(Rule::OutputSchemaRemoved, item, "results have no structure any more"));
        }
        (None, Some(_)) => found.push(Change::new(Rule::OutputSchemaAdded, item, "results have a structure now")),
        (None, None) => {}
    }
}

/// One hint of a tool: its name, what holds where it is absent, and what a change of it is in either direction.
struct Hint {
    name: &'static str,
    default: bool,
    when_true: Rule,
    when_false: Rule,
}

const HINTS: &[Hint] = &[
    Hint { name: "readOnlyHint", default: false, when_true: Rule::ReadOnlyClaimed, when_false: Rule::ReadOnlyDropped },
    Hint {
        name: "destructiveHint",
        default: true,
        when_true: Rule::BecameDestructive,
        when_false: Rule::DestructiveDropped,
    },
    Hint {
        name: "idempotentHint",
        default: false,
        when_true: Rule::IdempotentClaimed,
        when_false: Rule::IdempotentDropped,
    },
    Hint { name: "openWorldHint", default: true, when_true: Rule::BecameOpenWorld, when_false: Rule::OpenWorldDropped },
];

fn annotations(item: &str, old: Option<&Value>, new: Option<&Value>, found: &mut Vec<Change>) {
    let value = |all: Option<&Value>, hint: &Hint| {
        all.and_then(|all| all.get(hint.name)).and_then(Value::as_bool).unwrap_or(hint.default)
    };
    for hint in HINTS {
        let (before, now) = (value(old, hint), value(new, hint));
        if before != now {
            let rule = if now { hint.when_true } else { hint.when_false };
            found.push(Change::new(rule, item, format!("{} was {before}, is {now}", hint.name)));
        }
    }
}

fn prompt(name: &str, old: &LockedPrompt, new: &LockedPrompt, found: &mut Vec<Change>) {
    let item = visible(name);
    text(Rule::TitleChanged, &item, old.title.as_deref(), new.title.as_deref(), found);
    text(Rule::DescriptionChanged, &item, old.description.as_deref(), new.description.as_deref(), found);
    for argument in &old.arguments {
        let place = format!("{item}.{}", visible(&argument.name));
        let name = quoted(&argument.name);
        let Some(other) = new.arguments.iter().find(|other| other.name == argument.name) else {
            found.push(Change::new(Rule::ArgumentRemoved, place, format!("the argument {name} is gone")));
            continue;
        };
        let required = |required: Option<bool>| required == Some(true);
        match (required(argument.required), required(other.required)) {
            (false, true) => {
                found.push(Change::new(Rule::ArgumentBecameRequired, place.clone(), format!("{name} is now required")));
            }
            (true, false) => {
                found.push(Change::new(Rule::ArgumentBecameOptional, place.clone(), format!("{name} is optional now")));
            }
            _ => {}
        }
        text(Rule::DescriptionChanged, &place, argument.description.as_deref(), other.description.as_deref(), found);
    }
    for argument in new.arguments.iter().filter(|new| !old.arguments.iter().any(|old| old.name == new.name)) {
        let place = format!("{item}.{}", visible(&argument.name));
        let (rule, how) = if argument.required == Some(true) {
            (Rule::ArgumentAddedRequired, "is new and required")
        } else {
            (Rule::ArgumentAdded, "is new")
        };
        found.push(Change::new(rule, place, format!("the argument {} {how}", quoted(&argument.name))));
    }
}

fn resource(uri: &str, old: &LockedResource, new: &LockedResource, found: &mut Vec<Change>) {
    let item = visible(uri);
    text(Rule::TitleChanged, &item, old.title.as_deref(), new.title.as_deref(), found);
    text(Rule::DescriptionChanged, &item, old.description.as_deref(), new.description.as_deref(), found);
    if old.mime_type != new.mime_type {
        let shown = |mime: &Option<String>| mime.as_deref().map_or("nothing".to_owned(), quoted);
        let message = format!("the mime type was {}, is {}", shown(&old.mime_type), shown(&new.mime_type));
        found.push(Change::new(Rule::MimeType, item, message));
    }
}

/// Templates of one name are one template, whatever became of their variables.
fn templates(old: &BTreeMap<String, LockedResource>, new: &BTreeMap<String, LockedResource>, found: &mut Vec<Change>) {
    let (mut left_old, mut left_new) = (old.clone(), new.clone());
    for (uri, item) in old.iter().filter(|(uri, _)| !new.contains_key(*uri)) {
        let is_successor = |(other, candidate): &(&String, &LockedResource)| {
            candidate.name == item.name && !old.contains_key(*other) && variables(other) != variables(uri)
        };
        let Some((other, candidate)) = new.iter().find(is_successor) else { continue };
        let (before, now) = (variables(uri), variables(other));
        let gone: Vec<_> = before.iter().filter(|name| !now.contains(*name)).map(|name| quoted(name)).collect();
        let came: Vec<_> = now.iter().filter(|name| !before.contains(*name)).map(|name| quoted(name)).collect();
        let message = match (gone.is_empty(), came.is_empty()) {
            (false, false) => format!("variables {} became {}", gone.join(", "), came.join(", ")),
            (false, true) => format!("variables {} are gone", gone.join(", ")),
            _ => format!("variables {} are new", came.join(", ")),
        };
        found.push(Change::new(
            Rule::TemplateVariables,
            visible(uri),
            format!("{message}: the template is {} now", visible(other)),
        ));
        resource(uri, item, candidate, found);
        left_old.remove(uri);
        left_new.remove(other);
    }
    let is_same = |a: &LockedResource, b: &LockedResource| a.name == b.name;
    for (uri, old, new) in pairs(&TEMPLATES, &left_old, &left_new, is_same, found) {
        resource(uri, old, new, found);
    }
}

/// The variables of a URI template (RFC 6570).
fn variables(template: &str) -> BTreeSet<String> {
    let expressions = template.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(inside, _)| inside);
    let names =
        expressions.flat_map(|inside| inside.trim_start_matches(['+', '#', '.', '/', ';', '?', '&']).split(','));
    names.map(|name| name.trim_end_matches('*').split(':').next().unwrap_or_default().to_owned()).collect()
}

pub(super) fn text(rule: Rule, item: &str, old: Option<&str>, new: Option<&str>, found: &mut Vec<Change>) {
    if old == new {
        return;
    }
    let what = match rule {
        Rule::TitleChanged => "the title",
        Rule::InstructionsChanged => "the instructions",
        _ => "the description",
    };
    let verb = if what.ends_with('s') { "are" } else { "is" };
    let how = match (old, new) {
        (None, _) => "new",
        (_, None) => "gone",
        _ => "another",
    };
    found.push(Change::new(rule, item, format!("{what} {verb} {how}")));
}

/// A name in quotes, with nothing in it that a terminal acts on.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", visible(name))
}
