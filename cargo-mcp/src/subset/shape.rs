//! A schema as a union of shapes, each of one type: what `type`, `enum`, `$ref`, `allOf` and `anyOf` come down to. Schemas of
//! members and items stay as they stand and are taken apart when they are reached, so that recursive ones end.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::meet::{accepts, meet_all};
use super::number::{Bound, Exact, Interval};

/// How deep references and combinations may be nested.
const DEPTH: usize = 64;
/// The most shapes of one schema.
const SHAPES: usize = 256;

/// A limit was reached, or a reference leads nowhere.
#[derive(Clone, Copy, Debug)]
pub(super) struct Undecided;

/// Values of one type.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shape {
    pub(super) kind: Kind,
    /// Keywords that are not taken apart. A value may be refused by them.
    pub(super) opaque: Vec<(String, Value)>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// One value. Booleans and null come as these, too.
    Constant(Value),
    Number(Numbers),
    Text(Texts),
    Array(Box<Arrays>),
    Object(Box<Objects>),
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Numbers {
    pub(super) are_integers: bool,
    pub(super) interval: Interval,
    pub(super) multiple_of: Option<Exact>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Texts {
    pub(super) least: u64,
    pub(super) most: Option<u64>,
    pub(super) patterns: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Arrays {
    pub(super) prefix: Vec<Value>,
    pub(super) rest: Value,
    pub(super) least: u64,
    pub(super) most: Option<u64>,
    pub(super) are_unique: bool,
}

impl Arrays {
    pub(super) fn at(&self, index: usize) -> &Value {
        self.prefix.get(index).unwrap_or(&self.rest)
    }

    /// The most items that an array can have.
    pub(super) fn longest(&self) -> Option<u64> {
        let closed = (self.rest == Value::Bool(false)).then_some(self.prefix.len() as u64);
        [closed, self.most].into_iter().flatten().min()
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Objects {
    pub(super) members: BTreeMap<String, Value>,
    pub(super) others: Value,
    pub(super) required: Vec<String>,
    pub(super) least: u64,
    pub(super) most: Option<u64>,
}

impl Objects {
    pub(super) fn member(&self, name: &str) -> &Value {
        self.members.get(name).unwrap_or(&self.others)
    }

    /// Whether it says nothing about the names that it does not mention.
    pub(super) fn is_open(&self) -> bool {
        self.others == Value::Bool(true)
    }
}

impl Default for Arrays {
    fn default() -> Self {
        Self { prefix: Vec::new(), rest: Value::Bool(true), least: 0, most: None, are_unique: false }
    }
}

impl Default for Objects {
    fn default() -> Self {
        Self { members: BTreeMap::new(), others: Value::Bool(true), required: Vec::new(), least: 0, most: None }
    }
}

/// A schema with what its references mean.
#[derive(Clone, Copy)]
pub(super) struct Document<'d> {
    pub(super) root: &'d Value,
}

impl<'d> Document<'d> {
    /// The union of shapes that a schema of this document is.
    pub(super) fn shapes(self, schema: &Value) -> Result<Vec<Shape>, Undecided> {
        self.shapes_at(schema, 0)
    }

    fn shapes_at(self, schema: &Value, depth: usize) -> Result<Vec<Shape>, Undecided> {
        if depth > DEPTH {
            return Err(Undecided);
        }
        let schema = match schema {
            Value::Bool(true) => return Ok(every_type(&Map::new())),
            Value::Bool(false) => return Ok(Vec::new()),
            Value::Object(schema) => schema,
            _ => return Err(Undecided),
        };
        let mut shapes = every_type(schema);
        if let Some(reference) = schema.get("$ref") {
            let target = self.resolve(reference)?;
            shapes = meet_all(&shapes, &self.shapes_at(target, depth + 1)?);
        }
        for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            shapes = meet_all(&shapes, &self.shapes_at(part, depth + 1)?);
        }
        if let Some(branches) = schema.get("anyOf").and_then(Value::as_array) {
            shapes = meet_all(&shapes, &self.union(branches, depth)?.concat());
        }
        if let Some(branches) = schema.get("oneOf").and_then(Value::as_array) {
            let parts = self.union(branches, depth)?;
            let are_apart = are_apart(&parts);
            let mut union = parts.concat();
            if !are_apart {
                // A value that fits two branches is refused.
                mark(&mut union, "oneOf", &Value::Array(branches.clone()));
            }
            shapes = meet_all(&shapes, &union);
        }
        if shapes.len() > SHAPES {
            return Err(Undecided);
        }
        Ok(shapes)
    }

    fn union(self, branches: &[Value], depth: usize) -> Result<Vec<Vec<Shape>>, Undecided> {
        branches.iter().map(|branch| self.shapes_at(branch, depth + 1)).collect()
    }

    /// Follows a reference within the document.
    fn resolve(self, reference: &Value) -> Result<&'d Value, Undecided> {
        let pointer = reference.as_str().and_then(|text| text.strip_prefix('#')).ok_or(Undecided)?;
        if pointer.contains('%') || !(pointer.is_empty() || pointer.starts_with('/')) {
            return Err(Undecided);
        }
        self.root.pointer(pointer).ok_or(Undecided)
    }
}

/// Adds a keyword that is not taken apart.
fn mark(shapes: &mut [Shape], keyword: &str, value: &Value) {
    for shape in shapes {
        shape.opaque.push((keyword.to_owned(), value.clone()));
    }
}

/// Whether no value fits two of these unions.
fn are_apart(unions: &[Vec<Shape>]) -> bool {
    let differ = |a: &Shape, b: &Shape| match (&a.kind, &b.kind) {
        (Kind::Constant(value), _) => accepts(b, value) == Some(false),
        (_, Kind::Constant(value)) => accepts(a, value) == Some(false),
        (Kind::Object(a), Kind::Object(b)) => {
            // Both must have a member that is one constant here and another there: what tells an enum's variants apart.
            a.required.iter().filter(|name| b.required.contains(name)).any(|name| {
                let (a, b) = (a.member(name).get("const"), b.member(name).get("const"));
                a.is_some() && b.is_some() && !same(a, b)
            }) || a.required.iter().any(|name| *b.member(name) == Value::Bool(false))
                || b.required.iter().any(|name| *a.member(name) == Value::Bool(false))
        }
        (Kind::Number(a), Kind::Number(b)) => a.interval.meet(b.interval).is_empty(),
        (a, b) => std::mem::discriminant(a) != std::mem::discriminant(b),
    };
    unions
        .iter()
        .enumerate()
        .all(|(index, a)| unions.iter().skip(index + 1).all(|b| a.iter().all(|a| b.iter().all(|b| differ(a, b)))))
}

/// Whether two constants are one value: 1 and 1.0 are.
pub(super) fn same(a: Option<&Value>, b: Option<&Value>) -> bool {
    match (a, b) {
        (Some(Value::Number(a)), Some(Value::Number(b))) => match (Exact::of(a), Exact::of(b)) {
            (Some(a), Some(b)) => a.compare(b).is_eq(),
            _ => false,
        },
        (Some(Value::Array(a)), Some(Value::Array(b))) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(Some(a), Some(b)))
        }
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            a.len() == b.len() && a.iter().all(|(name, value)| same(Some(value), b.get(name)))
        }
        (a, b) => a == b,
    }
}

/// What the schema's own keywords say, type by type; what they refer to or combine is not in it.
fn every_type(schema: &Map<String, Value>) -> Vec<Shape> {
    let mut opaque = Vec::new();
    let mut types: Vec<&str> = match schema.get("type") {
        None => vec!["null", "boolean", "number", "string", "array", "object"],
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        Some(_) => Vec::new(),
    };
    if types.contains(&"number") {
        types.retain(|name| *name != "integer");
    }
    for (keyword, value) in schema {
        if !is_understood(keyword, value, schema) {
            opaque.push((keyword.clone(), value.clone()));
        }
    }
    let shape = |kind| Shape { kind, opaque: opaque.clone() };
    let mut shapes = Vec::new();
    for name in types {
        match name {
            "null" => shapes.push(shape(Kind::Constant(Value::Null))),
            "boolean" => {
                shapes.extend([true, false].map(|value| shape(Kind::Constant(Value::Bool(value)))));
            }
            "number" | "integer" => shapes.push(shape(Kind::Number(numbers(schema, name == "integer")))),
            "string" => shapes.push(shape(Kind::Text(texts(schema)))),
            "array" => shapes.push(shape(Kind::Array(Box::new(arrays(schema))))),
            "object" => shapes.push(shape(Kind::Object(Box::new(objects(schema))))),
            _ => {}
        }
    }
    for values in
        [schema.get("enum").and_then(Value::as_array).cloned(), schema.get("const").map(|value| vec![value.clone()])]
            .into_iter()
            .flatten()
    {
        let constants: Vec<_> =
            values.into_iter().map(|value| Shape { kind: Kind::Constant(value), opaque: Vec::new() }).collect();
        shapes = meet_all(&shapes, &constants);
    }
    shapes
}

/// Keywords that say nothing about which values are accepted.
const SILENT: &[&str] = &[
    "$schema",
    "$id",
    "$defs",
    "definitions",
    "$comment",
    "$anchor",
    "title",
    "description",
    "default",
    "examples",
    "example",
    "deprecated",
    "readOnly",
    "writeOnly",
    "format",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
];

fn is_understood(keyword: &str, value: &Value, schema: &Map<String, Value>) -> bool {
    match keyword {
        "type" => match value {
            Value::String(_) => true,
            Value::Array(names) => names.iter().all(Value::is_string),
            _ => false,
        },
        "enum" | "allOf" | "anyOf" | "oneOf" | "prefixItems" => value.is_array(),
        // An older draft ignores what stands beside a reference; what is meant is not guessed at.
        "$ref" => schema.keys().all(|key| key == "$ref" || SILENT.contains(&key.as_str()) && key != "$id"),
        "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" | "multipleOf" => value.is_number(),
        "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties" | "maxProperties" => {
            whole(Some(value)).is_some()
        }
        "pattern" => value.is_string(),
        // Which members the keyword sees depends on the patterns.
        "additionalProperties" if schema.contains_key("patternProperties") => false,
        "items" | "additionalProperties" => value.is_object() || value.is_boolean(),
        "uniqueItems" => value.is_boolean(),
        "properties" => value.is_object(),
        "required" => value.as_array().is_some_and(|names| names.iter().all(Value::is_string)),
        "patternProperties"
        | "if"
        | "then"
        | "else"
        | "not"
        | "contains"
        | "minContains"
        | "maxContains"
        | "propertyNames"
        | "dependentRequired"
        | "dependentSchemas"
        | "dependencies"
        | "unevaluatedItems"
        | "unevaluatedProperties"
        | "additionalItems"
        | "$dynamicRef"
        | "$recursiveRef" => false,
        _ => true,
    }
}

fn whole(value: Option<&Value>) -> Option<u64> {
    match Exact::of_value(value?)? {
        Exact::Integer(value) => u64::try_from(value).ok(),
        Exact::Float(_) => None,
    }
}

fn numbers(schema: &Map<String, Value>, are_integers: bool) -> Numbers {
    let mut interval = Interval::default();
    let bound = |key: &str, is_open| schema.get(key).and_then(Exact::of_value).map(|at| Bound { at, is_open });
    for (key, is_open) in [("minimum", false), ("exclusiveMinimum", true)] {
        if let Some(bound) = bound(key, is_open) {
            interval.raise(bound);
        }
    }
    for (key, is_open) in [("maximum", false), ("exclusiveMaximum", true)] {
        if let Some(bound) = bound(key, is_open) {
            interval.lower(bound);
        }
    }
    Numbers { are_integers, interval, multiple_of: schema.get("multipleOf").and_then(Exact::of_value) }
}

fn texts(schema: &Map<String, Value>) -> Texts {
    Texts {
        least: whole(schema.get("minLength")).unwrap_or(0),
        most: whole(schema.get("maxLength")),
        patterns: schema.get("pattern").and_then(Value::as_str).map(str::to_owned).into_iter().collect(),
    }
}

fn arrays(schema: &Map<String, Value>) -> Arrays {
    Arrays {
        prefix: schema.get("prefixItems").and_then(Value::as_array).cloned().unwrap_or_default(),
        rest: open(schema.get("items")),
        least: whole(schema.get("minItems")).unwrap_or(0),
        most: whole(schema.get("maxItems")),
        are_unique: schema.get("uniqueItems") == Some(&Value::Bool(true)),
    }
}

fn objects(schema: &Map<String, Value>) -> Objects {
    let members = schema.get("properties").and_then(Value::as_object);
    let mut others = open(schema.get("additionalProperties"));
    if schema.contains_key("patternProperties") {
        // What the others are is not known; the keyword itself is opaque.
        others = Value::Bool(true);
    }
    let names = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    let mut required: Vec<_> = names.filter_map(Value::as_str).map(str::to_owned).collect();
    required.sort_unstable();
    required.dedup();
    Objects {
        members: members.into_iter().flatten().map(|(name, schema)| (name.clone(), schema.clone())).collect(),
        others,
        required,
        least: whole(schema.get("minProperties")).unwrap_or(0),
        most: whole(schema.get("maxProperties")),
    }
}

/// A schema of items or members; one that is empty says no more than `true`.
fn open(schema: Option<&Value>) -> Value {
    match schema {
        Some(schema @ (Value::Object(_) | Value::Bool(_))) if *schema != json!({}) => schema.clone(),
        _ => Value::Bool(true),
    }
}
