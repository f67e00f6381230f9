//! Says everything that is wrong with some arguments, by their schema: path, what was expected, what came, the nearest
//! valid name. Runs only for calls that failed; a small subset of JSON Schema is enough, because the type decides. Floor 2.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::error::{quoted, reason, shortened};
use crate::model::JsonObject;

/// The most problems that one answer lists.
const MOST: usize = 20;
/// The deepest schema that is followed.
const DEPTH: usize = 32;
/// The most values that are compared with a schema for one answer. Each branch of a type that is within itself is tried, and
/// what is within it again: without this a small message could take hours. Where they run out the type's own words must do.
const STEPS: usize = 10_000;

/// What is wrong, gathered.
pub(crate) struct Problems<'s> {
    root: Root<'s>,
    lines: Vec<String>,
    more: usize,
    /// How many steps are left.
    left: usize,
}

/// A schema, or what makes it once there is something to say.
#[derive(Clone, Copy)]
enum Root<'s> {
    Known(&'s JsonObject),
    Late(&'s dyn Fn() -> &'s JsonObject),
}

impl<'s> Problems<'s> {
    pub(crate) fn new(root: &'s JsonObject) -> Self {
        Self::about(Root::Known(root))
    }

    /// By a schema that is made only if something is wrong.
    pub(super) fn late(root: &'s dyn Fn() -> &'s JsonObject) -> Self {
        Self::about(Root::Late(root))
    }

    fn about(root: Root<'s>) -> Self {
        Self { root, lines: Vec::new(), more: 0, left: STEPS }
    }

    fn root(&self) -> &'s JsonObject {
        match self.root {
            Root::Known(root) => root,
            Root::Late(root) => root(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    pub(crate) fn add(&mut self, path: &str, problem: &str) {
        if self.lines.len() < MOST {
            let line = format!("{}: {problem}", quoted(path));
            if !self.lines.contains(&line) {
                self.lines.push(line);
            }
        } else {
            self.more += 1;
        }
    }

    pub(super) fn unknown(&mut self, name: &str, known: &[&str]) {
        let mut problem = String::from("unknown argument");
        match nearest(name, known.iter().copied()) {
            Some(nearest) => drop(write!(problem, "; did you mean {}?", quoted(nearest))),
            None if known.is_empty() => problem.push_str("; there are none"),
            None => drop(write!(problem, "; known are {}", list(known.iter().map(|name| quoted(name))))),
        }
        self.add(name, &problem);
    }

    pub(super) fn missing(&mut self, name: &str) {
        let required = self.root().get("required").and_then(Value::as_array);
        if !required.is_some_and(|names| names.iter().any(|required| required == name)) {
            return;
        }
        let schema = self.property(name);
        let mut problem =
            format!("required argument is missing, expected {}", describe(schema.unwrap_or(&Value::Null)));
        if let Some(doc) = schema.and_then(|schema| schema.get("description")).and_then(Value::as_str) {
            let _ = write!(problem, " ({})", shortened(doc.lines().next().unwrap_or_default().trim_end_matches('.')));
        }
        self.add(name, &problem);
    }

    /// A value that its type refused: by the schema where that sees the fault, else in the type's own words.
    pub(crate) fn mistyped(&mut self, name: &str, value: &Value, error: Option<&serde_json::Error>) {
        let before = self.lines.len() + self.more;
        self.out_of_bounds(name, value);
        if self.lines.len() + self.more == before {
            let reason = error.map_or_else(|| "it does not fit".to_owned(), reason);
            self.add(name, &format!("{reason}, got {}", shown(value)));
        }
    }

    /// Checks one argument against its schema.
    pub(crate) fn out_of_bounds(&mut self, name: &str, value: &Value) {
        if let Some(schema) = self.property(name) {
            let (mut search, mut found) = (Search { root: self.root(), left: self.left }, Vec::new());
            search.check(schema, value, name, &mut found, 0);
            self.left = search.left;
            for (path, problem) in found {
                self.add(&path, &problem);
            }
        }
    }

    pub(crate) fn into_text(self) -> String {
        let mut text = match self.lines.as_slice() {
            [] => String::from("they do not fit the schema"),
            [only] => only.clone(),
            lines => lines.iter().fold(String::new(), |text, line| text + "\n- " + line),
        };
        if self.more > 0 {
            let _ = write!(text, "\n- and {} more", self.more);
        }
        text
    }

    fn property(&self, name: &str) -> Option<&'s Value> {
        self.root().get("properties")?.get(name)
    }
}

/// What is wrong with a value by a whole schema, if anything is that so many steps find. Paths begin with `name`.
pub(crate) fn mismatch(schema: &JsonObject, value: &Value, name: &str, steps: usize) -> Option<String> {
    let (mut search, mut found) = (Search { root: schema, left: steps }, Vec::new());
    search.check(&Value::Object(schema.clone()), value, name, &mut found, 0);
    let mut problems = Problems::new(schema);
    for (path, problem) in &found {
        problems.add(path, problem);
    }
    (!found.is_empty()).then(|| problems.into_text())
}

type Found = Vec<(String, String)>;

/// A walk over a value beside its schema.
struct Search<'s> {
    root: &'s JsonObject,
    /// How many steps are left.
    left: usize,
}

impl Search<'_> {
    fn check(&mut self, schema: &Value, value: &Value, path: &str, found: &mut Found, depth: usize) {
        let Some(left) = self.left.checked_sub(1) else { return };
        self.left = left;
        let Some(schema) = resolve(self.root, schema).filter(|_| depth < DEPTH && found.len() < MOST) else { return };
        for key in ["anyOf", "oneOf"] {
            if let Some(branches) = schema.get(key).and_then(Value::as_array) {
                return self.check_branches(schema, branches, value, path, found, depth);
            }
        }
        if !has_type(schema, value) || !is_listed(schema, value) {
            found.push((path.to_owned(), format!("expected {}, got {}", describe_object(schema), shown(value))));
            return;
        }
        match value {
            Value::Object(members) => self.check_members(schema, members, path, found, depth),
            Value::Array(items) => {
                if !within(schema, "minItems", "maxItems", items.len()) {
                    let got = format!("got {} items", items.len());
                    found.push((path.to_owned(), format!("expected {}, {got}", describe_object(schema))));
                }
                for (index, item) in items.iter().enumerate() {
                    let schema = schema.get("prefixItems").and_then(|s| s.get(index)).or_else(|| schema.get("items"));
                    if let Some(schema) = schema {
                        self.check(schema, item, &format!("{path}[{index}]"), found, depth + 1);
                    }
                }
            }
            Value::String(text) if is_texty(schema) => {
                let length = text.chars().count();
                let matches = schema.get("pattern").and_then(Value::as_str).is_none_or(|pattern| {
                    regex_lite::Regex::new(pattern).map_or(true, |pattern| pattern.is_match(text))
                });
                if !matches || !within(schema, "minLength", "maxLength", length) {
                    found
                        .push((path.to_owned(), format!("expected {}, got {}", describe_object(schema), shown(value))));
                }
            }
            _ => {
                if let Some(number) = as_number(value) {
                    let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
                    let inside = bound("minimum").is_none_or(|least| number >= least)
                        && bound("maximum").is_none_or(|most| number <= most)
                        && bound("exclusiveMinimum").is_none_or(|least| number > least)
                        && bound("exclusiveMaximum").is_none_or(|most| number < most);
                    if !inside {
                        found.push((
                            path.to_owned(),
                            format!("expected {}, got {}", describe_object(schema), shown(value)),
                        ));
                    }
                }
            }
        }
    }

    fn check_branches(
        &mut self,
        schema: &JsonObject,
        branches: &[Value],
        value: &Value,
        path: &str,
        found: &mut Found,
        depth: usize,
    ) {
        let tried: Vec<Found> = branches
            .iter()
            .map(|branch| {
                let mut found = Vec::new();
                self.check(branch, value, path, &mut found, depth + 1);
                found
            })
            .collect();
        if tried.iter().any(Vec::is_empty) {
            return;
        }
        // The only branch whose fault lies deeper is the one that was meant.
        let mut deeper = tried.into_iter().filter(|found| found.iter().all(|(at, _)| at != path));
        match (deeper.next(), deeper.next()) {
            (Some(meant), None) => found.extend(meant),
            _ => found.push((path.to_owned(), format!("expected {}, got {}", describe_object(schema), shown(value)))),
        }
    }

    fn check_members(
        &mut self,
        schema: &JsonObject,
        members: &Map<String, Value>,
        path: &str,
        found: &mut Found,
        depth: usize,
    ) {
        let empty = Map::new();
        let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
        for name in schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            if !members.contains_key(name) {
                let expected = properties.get(name).map_or_else(|| "a value".to_owned(), describe);
                found.push((format!("{path}.{name}"), format!("required member is missing, expected {expected}")));
            }
        }
        for (name, value) in members {
            let path = format!("{path}.{}", shortened(name));
            match properties.get(name).or_else(|| schema.get("additionalProperties")) {
                Some(Value::Bool(false)) => {
                    let hint = nearest(name, properties.keys().map(String::as_str))
                        .map_or_else(String::new, |nearest| format!("; did you mean {}?", quoted(nearest)));
                    found.push((path, format!("unknown member{hint}")));
                }
                Some(schema) => self.check(schema, value, &path, found, depth + 1),
                None => {}
            }
        }
    }
}

fn resolve<'s>(root: &'s JsonObject, schema: &'s Value) -> Option<&'s JsonObject> {
    let schema = schema.as_object()?;
    let Some(reference) = schema.get("$ref").and_then(Value::as_str) else { return Some(schema) };
    root.get("$defs")?.get(reference.strip_prefix("#/$defs/")?)?.as_object()
}

fn types(schema: &JsonObject) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn is_texty(schema: &JsonObject) -> bool {
    let types = types(schema);
    types.is_empty() || types.contains(&"string")
}

/// Whether the value has the schema's type, with the leniency that arguments have.
fn has_type(schema: &JsonObject, value: &Value) -> bool {
    let types = types(schema);
    types.is_empty()
        || types.iter().any(|name| match *name {
            "string" => value.is_string(),
            "integer" => as_number(value).is_some_and(|number| number.fract() == 0.0),
            "number" => as_number(value).is_some(),
            "boolean" => value.is_boolean() || matches!(value.as_str(), Some("true" | "false")),
            "array" => value.is_array(),
            "object" => value.is_object(),
            "null" => value.is_null(),
            _ => true,
        })
}

fn is_listed(schema: &JsonObject, value: &Value) -> bool {
    schema.get("enum").and_then(Value::as_array).is_none_or(|values| values.contains(value))
        && schema.get("const").is_none_or(|only| only == value)
}

fn as_number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
        _ => None,
    }
}

fn within(schema: &JsonObject, least: &str, most: &str, size: usize) -> bool {
    let bound = |key| schema.get(key).and_then(Value::as_u64);
    let size = size as u64;
    bound(least).is_none_or(|least| size >= least) && bound(most).is_none_or(|most| size <= most)
}

/// What a schema asks for, in words: "an integer from 1 to 100".
pub(crate) fn describe(schema: &Value) -> String {
    schema.as_object().map_or_else(|| "a value".to_owned(), describe_object)
}

fn describe_object(schema: &JsonObject) -> String {
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        let values = values.iter().take(MOST).map(ToString::to_string);
        return format!("one of {}", list(values));
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(branches) = schema.get(key).and_then(Value::as_array) {
            let mut words: Vec<_> = branches.iter().take(MOST).map(describe).collect();
            words.dedup();
            return words.join(" or ");
        }
    }
    let types = types(schema);
    let mut words = match types.as_slice() {
        [] => "a value".to_owned(),
        types => types.iter().map(|name| article(name)).collect::<Vec<_>>().join(" or "),
    };
    for (least, most, unit) in [
        ("minimum", "maximum", ""),
        ("exclusiveMinimum", "exclusiveMaximum", " (both excluded)"),
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", " items"),
    ] {
        let of = if unit.starts_with(" c") || unit.starts_with(" i") { " of" } else { "" };
        match (schema.get(least), schema.get(most)) {
            (Some(least), Some(most)) if !of.is_empty() => drop(write!(words, " of {least} to {most}{unit}")),
            (Some(least), Some(most)) => drop(write!(words, " from {least} to {most}{unit}")),
            (Some(least), None) => drop(write!(words, "{of} at least {least}{unit}")),
            (None, Some(most)) => drop(write!(words, "{of} at most {most}{unit}")),
            (None, None) => {}
        }
    }
    if let Some(pattern) = schema.get("pattern").and_then(Value::as_str) {
        let _ = write!(words, " that matches {}", quoted(pattern));
    }
    words
}

fn article(name: &str) -> String {
    match name {
        "integer" | "array" | "object" => format!("an {name}"),
        "null" => name.to_owned(),
        _ => format!("a {name}"),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Object(_) => "an object".to_owned(),
        Value::Array(_) => "an array".to_owned(),
        Value::String(text) => format!("\"{}\"", shortened(text).escape_debug()),
        scalar => scalar.to_string(),
    }
}

fn list(words: impl Iterator<Item = String>) -> String {
    words.collect::<Vec<_>>().join(", ")
}

/// The known name that was probably meant.
pub fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let name = shortened(name);
    known
        .map(|known| (strsim::osa_distance(&name.to_lowercase(), &known.to_lowercase()), known))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, known)| *distance <= 1 + known.chars().count() / 3)
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> JsonObject {
        let Value::Object(schema) = json!({
            "type": "object",
            "properties": {
                "limit": { "type": "integer", "minimum": 1, "maximum": 100 },
                "tags": { "type": "array", "items": { "type": "string", "maxLength": 3 } },
                "filter": {
                    "type": "object",
                    "properties": { "kind": { "type": "string", "enum": ["article", "image"] } },
                    "required": ["kind"],
                    "additionalProperties": false
                }
            },
            "required": ["limit"]
        }) else {
            unreachable!()
        };
        schema
    }

    #[test]
    fn every_wrong_path_is_listed() {
        let schema = schema();
        let mut problems = Problems::new(&schema);
        problems.out_of_bounds("limit", &json!(500));
        problems.out_of_bounds("tags", &json!(["ok", 5, "long"]));
        problems.out_of_bounds("filter", &json!({ "kin": "x" }));
        problems.unknown("limt", &["limit", "tags"]);
        let expected = "\n- `limit`: expected an integer from 1 to 100, got 500\
            \n- `tags[1]`: expected a string of at most 3 characters, got 5\
            \n- `tags[2]`: expected a string of at most 3 characters, got \"long\"\
            \n- `filter.kind`: required member is missing, expected one of \"article\", \"image\"\
            \n- `filter.kin`: unknown member; did you mean `kind`?\
            \n- `limt`: unknown argument; did you mean `limit`?";
        assert_eq!(problems.into_text(), expected);
    }

    #[test]
    fn what_fits_is_no_problem() {
        let schema = schema();
        let mut problems = Problems::new(&schema);
        problems.out_of_bounds("limit", &json!("7"));
        problems.out_of_bounds("tags", &json!(["a"]));
        problems.out_of_bounds("filter", &json!({ "kind": "image" }));
        assert!(problems.is_empty());
    }

    #[test]
    fn names_are_near_when_a_person_would_say_so() {
        let known = || ["query", "limit", "language"].into_iter();
        assert_eq!(nearest("qurey", known()), Some("query"));
        assert_eq!(nearest("Lang", known()), None);
        assert_eq!(nearest("langauge", known()), Some("language"));
        assert_eq!(nearest("zzz", known()), None);
    }
}
