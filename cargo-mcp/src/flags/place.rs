//! Where in a tool's arguments the value of a flag belongs: `--filter.min` is the member `min` of the object `filter`. Walks
//! the tool's schema as far as a name reaches; knows nothing of words and values.

use mcp_runtime::model::JsonObject;
use serde_json::Value;

/// The most steps from one schema to the next that describe the same value: references may lead in a circle.
const STEPS: usize = 16;
/// The most schemas that are looked at for the types of one value: branches may lead to many others.
const LOOKS: usize = 256;
/// The deepest that flags are listed, and the most of them; a name that somebody writes may lead further.
const LISTED: (usize, usize) = (4, 512);
/// What a schema says that says nothing.
const ANYTHING: &Value = &Value::Bool(true);

/// A value's place.
#[derive(Clone, Debug)]
pub(crate) struct Place<'s> {
    /// The names of the members, from the outside.
    pub(crate) path: Vec<String>,
    pub(crate) schema: &'s Value,
}

impl Place<'_> {
    /// As one writes it behind two dashes.
    pub(crate) fn name(&self) -> String {
        self.path.join(".")
    }
}

/// The place that a flag names. A whole name goes before one that is taken apart at its dots.
pub(crate) fn find<'s>(root: &'s JsonObject, name: &str) -> Option<Place<'s>> {
    if let Some((known, schema)) = member(root, name) {
        return Some(Place { path: vec![known.to_owned()], schema });
    }
    name.match_indices('.').find_map(|(at, _)| {
        let (head, rest) = (name.get(..at)?, name.get(at + 1..)?);
        let (known, schema) = member(root, head)?;
        within(root, schema, rest).map(|mut inner| {
            inner.path.insert(0, known.to_owned());
            inner
        })
    })
}

/// The place within an object that a value of this schema is.
fn within<'s>(root: &'s JsonObject, schema: &'s Value, name: &str) -> Option<Place<'s>> {
    if name.is_empty() || !kinds(root, schema).contains(&"object") {
        return None;
    }
    let object = resolved(root, schema)?;
    if let Some((known, schema)) = member(object, name) {
        return Some(Place { path: vec![known.to_owned()], schema });
    }
    let inner = name.match_indices('.').find_map(|(at, _)| {
        let (head, rest) = (name.get(..at)?, name.get(at + 1..)?);
        let (known, schema) = member(object, head).or_else(|| Some((head, open(object)?)))?;
        within(root, schema, rest).map(|mut inner| {
            inner.path.insert(0, known.to_owned());
            inner
        })
    });
    inner.or_else(|| Some(Place { path: vec![name.to_owned()], schema: open(object)? }))
}

/// The member of that name; `-` in a flag stands for `_` in a name.
fn member<'s, 'n>(object: &'s JsonObject, name: &'n str) -> Option<(&'n str, &'s Value)>
where
    's: 'n,
{
    let members = object.get("properties")?.as_object()?;
    let same = |known: &str| known.replace('_', "-") == name.replace('_', "-");
    let exact = members.get_key_value(name);
    exact.or_else(|| members.iter().find(|(known, _)| same(known))).map(|(known, schema)| (known.as_str(), schema))
}

/// The schema of members that have no name in the schema, where there may be some that were meant: a map's, or those of an
/// object of which nothing is known.
fn open(object: &JsonObject) -> Option<&Value> {
    match object.get("additionalProperties") {
        Some(Value::Bool(false)) => None,
        Some(schema @ Value::Object(_)) => Some(schema),
        _ => {
            let is_known = object.get("properties").and_then(Value::as_object).is_some_and(|known| !known.is_empty());
            (!is_known).then_some(ANYTHING)
        }
    }
}

/// What a schema amounts to where it says it elsewhere: behind a reference, in an `allOf` of one, or beside `null`.
pub(crate) fn resolved<'s>(root: &'s JsonObject, schema: &'s Value) -> Option<&'s JsonObject> {
    let mut schema = schema.as_object()?;
    for _ in 0..STEPS {
        if schema.contains_key("type") || schema.contains_key("properties") {
            break;
        }
        let Some(next) = reference(root, schema).or_else(|| only(schema)) else { break };
        schema = next;
    }
    Some(schema)
}

/// The schema behind a reference within the document.
fn reference<'s>(root: &'s JsonObject, schema: &JsonObject) -> Option<&'s JsonObject> {
    let path = schema.get("$ref")?.as_str()?.strip_prefix('#')?;
    if path.is_empty() {
        return Some(root);
    }
    let mut steps = path.strip_prefix('/')?.split('/').map(|step| step.replace("~1", "/").replace("~0", "~"));
    let mut found = root.get(&steps.next()?)?;
    for step in steps {
        found = match found {
            Value::Object(members) => members.get(&step)?,
            Value::Array(items) => items.get(step.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    found.as_object()
}

/// The only branch that is not `null`.
fn only(schema: &JsonObject) -> Option<&JsonObject> {
    ["allOf", "anyOf", "oneOf"].iter().find_map(|key| {
        let is_null = |branch: &&Value| branch.get("type").is_some_and(|name| name == "null");
        let mut branches = schema.get(*key)?.as_array()?.iter().filter(|branch| !is_null(branch));
        let first = branches.next()?.as_object()?;
        branches.next().is_none().then_some(first)
    })
}

/// The types that a value may have; none where nothing is said.
pub(crate) fn kinds<'s>(root: &'s JsonObject, schema: &'s Value) -> Vec<&'s str> {
    let mut found = Vec::new();
    let is_said = schema.as_object().is_some_and(|schema| gather(root, schema, &mut found, &mut 0));
    if is_said { found } else { Vec::new() }
}

fn gather<'s>(root: &'s JsonObject, schema: &'s JsonObject, found: &mut Vec<&'s str>, looks: &mut usize) -> bool {
    let mut add = |name: &'s str| {
        if !found.contains(&name) {
            found.push(name);
        }
    };
    match schema.get("type") {
        Some(Value::String(name)) => {
            add(name);
            return true;
        }
        Some(Value::Array(names)) => {
            names.iter().filter_map(Value::as_str).for_each(add);
            return true;
        }
        _ => {}
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        for value in values {
            add(kind_of(value));
        }
        return true;
    }
    if let Some(value) = schema.get("const") {
        add(kind_of(value));
        return true;
    }
    if schema.contains_key("properties") {
        add("object");
        return true;
    }
    *looks += 1;
    if *looks >= LOOKS {
        return false;
    }
    if let Some(next) = reference(root, schema) {
        return gather(root, next, found, looks);
    }
    let branches = |key: &str| schema.get(key).and_then(Value::as_array).map(|branches| branches.iter());
    let mut branch = |branch: &'s Value| branch.as_object().is_some_and(|next| gather(root, next, found, looks));
    if let Some(mut all) = branches("allOf") {
        return all.any(branch);
    }
    branches("anyOf").or_else(|| branches("oneOf")).is_some_and(|mut branches| branches.all(&mut branch))
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// A flag that a schema names.
#[derive(Clone, Debug)]
pub(crate) struct Flag<'s> {
    pub(crate) place: Place<'s>,
    /// Whether the object that it is a member of must have it.
    pub(crate) required: bool,
}

/// The flags that a schema names, each followed by those of its members.
pub(crate) fn flags(root: &JsonObject) -> Vec<Flag<'_>> {
    let mut found = Vec::new();
    list(root, &mut vec![root], &[], &mut found);
    found
}

/// Those of the innermost object, which the others are around. What is within itself is listed once.
fn list<'s>(root: &'s JsonObject, around: &mut Vec<&'s JsonObject>, path: &[String], found: &mut Vec<Flag<'s>>) {
    let Some(object) = around.last().copied() else { return };
    for argument in crate::signature::arguments(object) {
        if found.len() >= LISTED.1 {
            return;
        }
        let mut path = path.to_vec();
        path.push(argument.name.to_owned());
        let place = Place { path: path.clone(), schema: argument.schema };
        found.push(Flag { place, required: argument.required });
        if path.len() < LISTED.0
            && let Some(inner) = resolved(root, argument.schema)
            && !around.iter().any(|object| std::ptr::eq(*object, inner))
        {
            around.push(inner);
            list(root, around, &path, found);
            around.pop();
        }
    }
}
