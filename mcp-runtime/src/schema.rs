//! JSON Schemas of arguments and results: made by `schemars`, then brought to the subset that every known client takes.
//! What cannot be made portable stays correct. Runs when a schema is first asked for, never during a call that
//! succeeds. Floor 2.

use std::fmt;
use std::sync::{Arc, OnceLock};

use regex_lite::Regex;
use schemars::Schema;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};

use crate::model::JsonObject;

/// Which way a value goes: it decides what an optional member looks like.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// A client sends it; leaving it out says "none".
    In,
    /// The server sends it; "none" may stand as `null`.
    Out,
}

/// A schema in the making: the arguments of one function, in source order.
pub struct Fields<'g> {
    generator: &'g mut SchemaGenerator,
    properties: Map<String, Value>,
    required: Vec<Value>,
}

impl Fields<'_> {
    /// What makes a type's schema.
    pub fn generator(&mut self) -> &mut SchemaGenerator {
        self.generator
    }

    /// Adds an argument.
    pub fn add(&mut self, name: &'static str, description: &'static str, need: Need, schema: Schema) -> Field<'_> {
        let mut property = match schema.to_value() {
            Value::Object(property) => property,
            _ => Map::new(),
        };
        if !description.is_empty() {
            property.insert("description".to_owned(), description.into());
        }
        if need == Need::Required {
            self.required.push(name.into());
        }
        let slot = self.properties.entry(name).or_insert(Value::Null);
        *slot = Value::Object(property);
        Field(slot)
    }
}

/// Whether an argument must be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// It must.
    Required,
    /// It may be left out.
    Optional,
}

/// One argument's schema, to be refined by what `#[arg(…)]` says.
pub struct Field<'f>(&'f mut Value);

impl Field<'_> {
    /// Sets a keyword; a value that does not serialize leaves it out.
    #[must_use]
    pub fn with(self, keyword: &'static str, value: Option<Value>) -> Self {
        if let (Value::Object(property), Some(value)) = (&mut *self.0, value) {
            property.insert(keyword.to_owned(), value);
        }
        self
    }

    /// Ends the description.
    pub fn end(self) {}
}

/// The regular expression of an argument, compiled when it is first needed.
pub struct Pattern {
    text: &'static str,
    regex: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// The macro has compiled the text already to see that it can be.
    pub const fn new(text: &'static str) -> Self {
        Self { text, regex: OnceLock::new() }
    }

    /// Whether it is found in a text.
    pub fn matches(&self, text: &str) -> bool {
        self.regex.get_or_init(|| Regex::new(self.text).ok()).as_ref().is_none_or(|regex| regex.is_match(text))
    }
}

/// The schema of a function's arguments.
pub(crate) fn of_arguments(describe: impl FnOnce(&mut Fields<'_>), open: bool) -> JsonObject {
    let mut generator = SchemaSettings::draft2020_12().with(settings).into_generator();
    let mut fields = Fields { generator: &mut generator, properties: Map::new(), required: Vec::new() };
    describe(&mut fields);
    let Fields { properties, required, .. } = fields;
    let mut schema = Map::new();
    schema.insert("type".to_owned(), "object".into());
    schema.insert("properties".to_owned(), properties.into());
    if !required.is_empty() {
        schema.insert("required".to_owned(), required.into());
    }
    if !open {
        schema.insert("additionalProperties".to_owned(), false.into());
    }
    finish(schema, &mut generator, Way::In)
}

/// Where the schema of an entry's arguments comes from. A call of a tool needs it only to say what is wrong.
#[derive(Clone)]
pub(crate) enum ArgumentsSchema {
    /// It is made when it is asked for; `true` for a schema that lets in other arguments too.
    Described(fn(&mut Fields<'_>), bool),
    Made(Arc<JsonObject>),
}

impl ArgumentsSchema {
    /// The schema.
    pub(crate) fn get(&self) -> Arc<JsonObject> {
        match self {
            Self::Described(describe, open) => Arc::new(of_arguments(describe, *open)),
            Self::Made(schema) => Arc::clone(schema),
        }
    }
}

impl fmt::Debug for ArgumentsSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArgumentsSchema").finish_non_exhaustive()
    }
}

/// The schema of a result, or `None` where it says nothing.
pub(crate) fn of_result(schema: impl FnOnce(&mut SchemaGenerator) -> Schema) -> Option<JsonObject> {
    let mut generator = SchemaSettings::draft2020_12().with(settings).for_serialize().into_generator();
    match schema(&mut generator).to_value() {
        Value::Object(schema) if !schema.is_empty() => Some(finish(schema, &mut generator, Way::Out)),
        _ => None,
    }
}

fn settings(settings: &mut SchemaSettings) {
    settings.inline_subschemas = true;
    settings.meta_schema = None;
}

fn finish(mut schema: JsonObject, generator: &mut SchemaGenerator, way: Way) -> JsonObject {
    let definitions = generator.take_definitions(true);
    if !definitions.is_empty() {
        schema.insert("$defs".to_owned(), definitions.into());
    }
    portable(&mut schema, way);
    schema
}

/// Brings a schema, and every schema inside it, to the portable subset.
pub(crate) fn portable(schema: &mut JsonObject, way: Way) {
    for keyword in ["$schema", "nullable"] {
        schema.shift_remove(keyword);
    }
    if way == Way::In {
        optional_members_are_not_null(schema);
    }
    for_each_inside(schema, &mut |inner| portable(inner, way));
    drop_numeric_format(schema);
    constant_is_enumeration(schema);
    named_constants_are_one_enumeration(schema);
    // Branches that schemars makes exclude each other, so that `anyOf`, which more clients take, says the same.
    if let Some(branches) = schema.shift_remove("oneOf") {
        schema.insert("anyOf".to_owned(), branches);
    }
    null_is_a_branch(schema);
}

/// Calls `visit` on every schema directly inside this one; a schema that is `true` becomes `{}`.
fn for_each_inside(schema: &mut JsonObject, visit: &mut dyn FnMut(&mut JsonObject)) {
    let mut one = |value: &mut Value| {
        if *value == Value::Bool(true) {
            *value = Value::Object(Map::new());
        }
        if let Value::Object(inner) = value {
            visit(inner);
        }
    };
    for (keyword, value) in schema {
        match (keyword.as_str(), value) {
            ("properties" | "$defs" | "patternProperties", Value::Object(schemas)) => {
                schemas.values_mut().for_each(&mut one);
            }
            ("anyOf" | "oneOf" | "allOf" | "prefixItems", Value::Array(schemas)) => {
                schemas.iter_mut().for_each(&mut one);
            }
            ("items" | "not" | "contains" | "propertyNames", value)
            | ("additionalProperties", value @ Value::Object(_)) => {
                one(value);
            }
            _ => {}
        }
    }
}

fn drop_numeric_format(schema: &mut JsonObject) {
    let numeric = schema.get("format").and_then(Value::as_str).is_some_and(|format| {
        matches!(format, "float" | "double") || format.trim_start_matches('u').starts_with("int")
    });
    if numeric {
        schema.shift_remove("format");
    }
}

fn constant_is_enumeration(schema: &mut JsonObject) {
    if let Some(constant) = schema.shift_remove("const") {
        schema.insert("enum".to_owned(), Value::Array(vec![constant]));
    }
}

/// `oneOf` over documented unit variants becomes one `enum`; what the variants' docs say joins the description.
fn named_constants_are_one_enumeration(schema: &mut JsonObject) {
    let Some(branches) = schema.get("oneOf").and_then(Value::as_array) else { return };
    let (mut names, mut docs) = (Vec::new(), Vec::new());
    for branch in branches {
        let plain = branch.as_object().filter(|branch| {
            branch.get("type").is_some_and(|name| name == "string")
                && branch.keys().all(|key| matches!(key.as_str(), "type" | "enum" | "description"))
        });
        let Some(values) = plain.and_then(|branch| branch.get("enum")).and_then(Value::as_array) else { return };
        if let (Some(doc), [name]) = (branch.get("description").and_then(Value::as_str), values.as_slice()) {
            docs.push(format!("- {}: {doc}", name.as_str().unwrap_or_default()));
        }
        names.extend(values.iter().cloned());
    }
    schema.shift_remove("oneOf");
    schema.insert("type".to_owned(), "string".into());
    schema.insert("enum".to_owned(), names.into());
    if !docs.is_empty() {
        let own = schema.get("description").and_then(Value::as_str).map(|own| format!("{own}\n")).unwrap_or_default();
        schema.insert("description".to_owned(), format!("{own}{}", docs.join("\n")).into());
    }
}

/// A member that may be left out need not be `null` as well; the parser takes both.
fn optional_members_are_not_null(schema: &mut JsonObject) {
    let required: Vec<Value> = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return };
    for (name, property) in properties.iter_mut() {
        if let Some(property) = property.as_object_mut().filter(|_| !required.iter().any(|required| required == name)) {
            without_null(property);
        }
        leave_out_null_members(property);
    }
}

/// A default says "none" by leaving the member out too, or it would not fit its own schema.
fn leave_out_null_members(property: &mut Value) {
    let Some(property) = property.as_object_mut() else { return };
    let Some(Value::Object(mut default)) = property.get("default").cloned() else { return };
    if let Some(known) = property.get("properties").and_then(Value::as_object) {
        default.retain(|name, value| !value.is_null() || !known.contains_key(name));
        property.insert("default".to_owned(), default.into());
    }
}

fn is_null_schema(schema: &Value) -> bool {
    schema.get("type").is_some_and(|name| name == "null")
}

/// Takes `null` out of what a schema accepts; says whether it was in.
pub(crate) fn without_null(schema: &mut JsonObject) -> bool {
    let mut was_in = false;
    if let Some(Value::Array(names)) = schema.get_mut("type") {
        let before = names.len();
        names.retain(|name| name != "null");
        was_in = names.len() != before;
        if let [only] = names.as_mut_slice() {
            let only = only.take();
            schema.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum") {
        let before = values.len();
        values.retain(|value| !value.is_null());
        was_in |= values.len() != before;
    }
    for keyword in ["anyOf", "oneOf"] {
        let Some(Value::Array(branches)) = schema.get_mut(keyword) else { continue };
        let before = branches.len();
        branches.retain(|branch| !is_null_schema(branch));
        was_in |= branches.len() != before;
        if let [Value::Object(only)] = branches.as_mut_slice() {
            let only = std::mem::take(only);
            schema.shift_remove(keyword);
            for (key, value) in only {
                schema.entry(key).or_insert(value);
            }
        }
    }
    if schema.get("default").is_some_and(Value::is_null) {
        schema.shift_remove("default");
    }
    was_in
}

/// `"type": ["T", "null"]` becomes a branch of `anyOf`, which more clients take.
fn null_is_a_branch(schema: &mut JsonObject) {
    let listed =
        schema.get("type").and_then(Value::as_array).is_some_and(|names| names.iter().any(|name| name == "null"));
    if !listed {
        return;
    }
    without_null(schema);
    let outside = ["description", "title", "default", "examples", "$defs", "x-mcp-header"];
    let (kept, inner): (Map<_, _>, Map<_, _>) =
        std::mem::take(schema).into_iter().partition(|(key, _)| outside.contains(&key.as_str()));
    *schema = kept;
    schema.insert("anyOf".to_owned(), json!([inner, { "type": "null" }]));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made_portable(schema: Value, way: Way) -> Value {
        let Value::Object(mut schema) = schema else { panic!("a schema is an object") };
        portable(&mut schema, way);
        schema.into()
    }

    #[test]
    fn an_optional_member_loses_null_on_the_way_in_and_keeps_it_on_the_way_out() {
        let schema = json!({"type": "object", "properties": {"a": {"type": ["integer", "null"], "format": "uint8"}}});
        assert_eq!(
            made_portable(schema.clone(), Way::In),
            json!({"type": "object", "properties": {"a": {"type": "integer"}}})
        );
        assert_eq!(
            made_portable(schema, Way::Out),
            json!({"type": "object", "properties": {"a": {"anyOf": [{"type": "integer"}, {"type": "null"}]}}})
        );
    }

    #[test]
    fn documented_variants_become_one_enumeration() {
        let schema = json!({"oneOf": [
            {"type": "string", "enum": ["a", "b"]},
            {"type": "string", "const": "c", "description": "The third."},
        ]});
        let expected = json!({"type": "string", "enum": ["a", "b", "c"], "description": "- c: The third."});
        assert_eq!(made_portable(schema, Way::In), expected);
    }
}
