//! Between a struct of the user's and a form: the fields that `schemars` sees in the type, and the value that is read from
//! what was filled in. Asking for it and waiting for the answer is not done here. Floor 2.

use std::any::TypeId;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error as _, MapAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};
use serde_json::{Map, Number, Value, json};

use crate::arguments::{Problems, describe, read_leniently};
use crate::error::{quoted, reason};
use crate::model::{FormFields, JsonObject, NumberType, PrimitiveSchemaDefinition, RequestedSchema};
use crate::schema::without_null;

/// The form whose fields are those of `T`: made when it is asked for first, because a type is known only then.
///
/// # Errors
/// Every field that a form has no place for, in one text.
pub(crate) fn form_of<T: JsonSchema + 'static>() -> Result<RequestedSchema, String> {
    static MADE: Mutex<BTreeMap<TypeId, Result<RequestedSchema, String>>> = Mutex::new(BTreeMap::new());
    // Nothing but the map is touched while it is locked: what a type's schema does may panic, or ask for a form.
    let known = MADE.lock().unwrap_or_else(PoisonError::into_inner).get(&TypeId::of::<T>()).cloned();
    known.unwrap_or_else(|| {
        let form = make_form::<T>();
        MADE.lock().unwrap_or_else(PoisonError::into_inner).insert(TypeId::of::<T>(), form.clone());
        form
    })
}

fn make_form<T: JsonSchema>() -> Result<RequestedSchema, String> {
    // A definition that is used in many places stands in each of them; only a type inside itself stays a reference.
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let schema = settings.into_generator().into_root_schema_for::<T>();
    form(schema.to_value()).map_err(|problem| format!("{} cannot be a form: {problem}", quoted(&T::schema_name())))
}

/// Reads what the user filled in. Fields that were left out get the form's defaults; what the form does not ask for is
/// ignored.
///
/// # Errors
/// Every field that does not fit, in one text.
pub(crate) fn filled<T: DeserializeOwned>(form: &RequestedSchema, content: Option<&JsonObject>) -> Result<T, String> {
    let schema = plain_form(form);
    let mut problems = Problems::new(&schema);
    let mut answers = answers(form, content, &schema, &mut problems);
    let mut refused_so_far = 0;
    while problems.is_empty() || refused_so_far > 0 {
        let refused = Cell::new(None);
        let error = match T::deserialize(Answers { answers: &answers, refused: &refused }) {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        match refused.get() {
            // The type says only what it refuses first. Read last, that no longer hides what else it refuses.
            Some(index) if index + refused_so_far < answers.len() => {
                let answer = answers.remove(index);
                problems.mistyped(answer.0, &answer.1, Some(&error));
                answers.push(answer);
                refused_so_far += 1;
            }
            None if refused_so_far == 0 => return Err(misfit(&reason(&error))),
            Some(_) | None => break,
        }
    }
    Err(misfit(&problems.into_text()))
}

fn misfit(problems: &str) -> String {
    // Several problems begin on a line of their own.
    let gap = if problems.starts_with('\n') { "" } else { " " };
    format!("the answer does not fit the form:{gap}{problems}")
}

fn form(schema: Value) -> Result<RequestedSchema, String> {
    const NO_STRUCT: &str = "a form is made of a struct with named fields";
    let Value::Object(mut schema) = schema else { return Err(NO_STRUCT.to_owned()) };
    without_null(&mut schema);
    // A struct without fields, and one without braces.
    let is_closed = schema.get("additionalProperties").is_none_or(|others| *others == Value::Bool(false));
    let is_struct = match schema.get("type").and_then(Value::as_str) {
        Some("object") => schema.contains_key("properties") || is_closed,
        Some("null") => true,
        _ => false,
    };
    if !is_struct || branches(&schema).is_some() {
        return Err(NO_STRUCT.to_owned());
    }

    let needed: Vec<_> = schema.get("required").and_then(Value::as_array).into_iter().flatten().cloned().collect();
    let nothing = JsonObject::new();
    let mut problems = Problems::new(&nothing);
    let (mut fields, mut required) = (Vec::new(), Vec::new());
    for (name, property) in schema.get("properties").and_then(Value::as_object).unwrap_or(&nothing) {
        let is_needed = needed.iter().any(|needed| needed == name);
        match field(property, is_needed) {
            Ok((field, has_default)) => {
                if is_needed && !has_default {
                    required.push(name.clone());
                }
                fields.push((name.clone(), field));
            }
            Err(problem) => problems.add(name, &problem),
        }
    }
    if !problems.is_empty() {
        return Err(problems.into_text());
    }
    Ok(RequestedSchema {
        schema: None,
        properties: FormFields(fields),
        required: Some(required).filter(|required| !required.is_empty()),
    })
}

/// One field, and whether it has a default.
fn field(property: &Value, is_needed: bool) -> Result<(PrimitiveSchemaDefinition, bool), String> {
    let Some(property) = property.as_object() else { return Err(UNTYPED.to_owned()) };
    let mut property = property.clone();
    without_null(&mut property);
    let default = property.shift_remove("default").filter(|default| !default.is_null());
    let mut wanted = wanted(&property)?;
    let bare = decode(&wanted)?;
    let Some(default) = default else { return Ok((bare, false)) };

    let default = if property.get("format").is_some_and(|format| format == "float") { short(default) } else { default };
    let schema = Map::from_iter([("properties".to_owned(), json!({ "default": plain(&bare) }))]);
    let mut problems = Problems::new(&schema);
    match meant(&bare, &default) {
        Ok(default) => {
            problems.out_of_bounds("default", &default);
            wanted.insert("default".to_owned(), default);
        }
        Err(error) => problems.mistyped("default", &default, Some(&error)),
    }
    if problems.is_empty() {
        return decode(&wanted).map(|field| (field, true));
    }
    // What serde fills in may be outside of what a person may answer, such as an empty text for "nothing"; that is not
    // for the form to show. A default which only the schema knows of has no such use.
    if is_needed { Err(format!("the field does not take its own {}", problems.into_text())) } else { Ok((bare, false)) }
}

fn decode(field: &JsonObject) -> Result<PrimitiveSchemaDefinition, String> {
    PrimitiveSchemaDefinition::deserialize(Value::Object(field.clone())).map_err(|error| reason(&error))
}

/// A default of type `f32` as it is written in the source: as an `f64` it would have digits that nobody wrote.
fn short(default: Value) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "it was an f32 before")]
    let written = default.as_f64().and_then(|number| (number as f32).to_string().parse().ok());
    written.and_then(Number::from_f64).map_or(default, Value::Number)
}

const UNTYPED: &str = "its type can be anything; a field is text, a number, a boolean or a choice";

/// What a property becomes, as far as a form can say it, without its default.
fn wanted(property: &JsonObject) -> Result<JsonObject, String> {
    let mut keywords = vec!["title", "description"];
    let mut further = JsonObject::new();
    if let Some(choices) = choices(property)? {
        if let Some(names) = property.get("enumNames") {
            further.insert("enumNames".to_owned(), names.clone());
            further.extend(untitled(choices));
        } else if choices.iter().any(|choice| choice.title.is_some()) {
            further.insert("type".to_owned(), "string".into());
            further.insert("oneOf".to_owned(), titled(choices));
        } else {
            further.extend(untitled(choices));
        }
    } else {
        match property.get("type").and_then(Value::as_str) {
            Some("string") => {
                keywords.extend(["type", "minLength", "maxLength"]);
                if matches!(text(property, "format"), Some("email" | "uri" | "date" | "date-time")) {
                    keywords.push("format");
                }
            }
            Some("integer" | "number") => keywords.extend(["type", "minimum", "maximum"]),
            Some("boolean") => keywords.push("type"),
            Some("array") => {
                keywords.extend(["type", "minItems", "maxItems"]);
                further.insert("items".to_owned(), items(property)?.into());
            }
            _ => return Err(unfit(property).to_owned()),
        }
    }
    let kept = property.iter().filter(|(keyword, _)| keywords.contains(&keyword.as_str()));
    further.extend(kept.map(|(keyword, value)| (keyword.clone(), value.clone())));
    Ok(further)
}

/// What a list chooses among.
fn items(property: &JsonObject) -> Result<JsonObject, String> {
    let items = property.get("items").and_then(Value::as_object);
    let choices = items.map(choices).transpose()?.flatten();
    match (items, choices) {
        (Some(_), Some(choices)) if choices.iter().any(|choice| choice.title.is_some()) => {
            Ok(Map::from_iter([("anyOf".to_owned(), titled(choices))]))
        }
        (Some(_), Some(choices)) => Ok(untitled(choices)),
        (Some(_), None) => {
            Err("a list of anything but choices; in a form a list chooses among the variants of an enum".to_owned())
        }
        (None, _) => Err("a tuple; give each part a field of its own".to_owned()),
    }
}

/// Why a property that is neither a scalar nor a list cannot be a field.
fn unfit(property: &JsonObject) -> &'static str {
    match property.get("type").and_then(Value::as_str) {
        _ if branches(property).is_some() => "an enum whose variants hold data; a choice is among names alone",
        _ if property.contains_key("$ref") => "a nested object; a form is flat",
        Some("object") if !property.contains_key("properties") && property.contains_key("additionalProperties") => {
            "a map; a form has fields whose names are known beforehand"
        }
        Some("object") => {
            "a nested object; a form is flat, so add `#[serde(flatten)]` or ask for it in a form of its own"
        }
        Some("null") => "its type has a single value, so there is nothing to ask for",
        _ => UNTYPED,
    }
}

/// A value to choose, and the name that it is shown by if it has one.
struct Choice {
    value: String,
    title: Option<String>,
}

/// What a schema chooses among; `None` if it is no choice of texts.
fn choices(schema: &JsonObject) -> Result<Option<Vec<Choice>>, String> {
    if let Some(branches) = branches(schema) {
        let mut all = Vec::new();
        for branch in branches {
            let Some(branch) = branch.as_object() else { return Ok(None) };
            let Some(mut choices) = choices(branch)? else { return Ok(None) };
            if let [Choice { title: title @ None, .. }] = choices.as_mut_slice() {
                *title = text(branch, "title").map(str::to_owned).or_else(|| first_paragraph(branch));
            }
            all.append(&mut choices);
        }
        return Ok(Some(all));
    }

    let values = schema.get("const").map(std::slice::from_ref);
    let Some(values) = values.or_else(|| list(schema, "enum")) else { return Ok(None) };
    let values: Option<Vec<_>> = values.iter().map(Value::as_str).collect();
    let Some(values) = values else {
        return Err("a choice among values that are not text; name its values by the variants of an enum".to_owned());
    };
    let names = list(schema, "enumNames");
    if let Some(names) = names.filter(|names| names.len() != values.len()) {
        return Err(format!("{} values have {} `enumNames`; give each value one", values.len(), names.len()));
    }
    let title = |index: usize| names.and_then(|names| names.get(index)?.as_str()).map(str::to_owned);
    let choices = values.into_iter().enumerate();
    Ok(Some(choices.map(|(index, value)| Choice { value: value.to_owned(), title: title(index) }).collect()))
}

fn titled(choices: Vec<Choice>) -> Value {
    choices
        .into_iter()
        .map(|Choice { value, title }| json!({ "const": value, "title": title.as_ref().unwrap_or(&value) }))
        .collect()
}

fn untitled(choices: Vec<Choice>) -> JsonObject {
    let values: Value = choices.into_iter().map(|choice| choice.value).collect();
    Map::from_iter([("type".to_owned(), "string".into()), ("enum".to_owned(), values)])
}

/// A description may be long; its first paragraph, on one line, can be a name.
fn first_paragraph(schema: &JsonObject) -> Option<String> {
    let lines = text(schema, "description")?.lines().map(str::trim);
    let paragraph: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
    Some(paragraph.join(" "))
}

fn branches(schema: &JsonObject) -> Option<&[Value]> {
    list(schema, "oneOf").or_else(|| list(schema, "anyOf"))
}

fn list<'s>(schema: &'s JsonObject, keyword: &str) -> Option<&'s [Value]> {
    schema.get(keyword).and_then(Value::as_array).map(Vec::as_slice)
}

fn text<'s>(schema: &'s JsonObject, keyword: &str) -> Option<&'s str> {
    schema.get(keyword).and_then(Value::as_str)
}

/// The form as a schema to check answers by.
fn plain_form(form: &RequestedSchema) -> JsonObject {
    let properties: JsonObject = form.properties.0.iter().map(|(name, field)| (name.clone(), plain(field))).collect();
    Map::from_iter([("properties".to_owned(), properties.into())])
}

/// A field whose choices are listed without their names: a message lists the values that would be right.
fn plain(field: &PrimitiveSchemaDefinition) -> Value {
    fn list_values(schema: &mut Value) {
        let Some(schema) = schema.as_object_mut() else { return };
        for keyword in ["oneOf", "anyOf"] {
            if let Some(Value::Array(options)) = schema.shift_remove(keyword) {
                let values: Value = options.iter().filter_map(|option| option.get("const").cloned()).collect();
                schema.insert("enum".to_owned(), values);
            }
        }
        if let Some(items) = schema.get_mut("items") {
            list_values(items);
        }
    }
    let mut schema = serde_json::to_value(field).unwrap_or_default();
    list_values(&mut schema);
    schema
}

/// What each field holds: what came, or its default. What does not fit the form is a problem.
fn answers<'f>(
    form: &'f RequestedSchema,
    content: Option<&JsonObject>,
    schema: &JsonObject,
    problems: &mut Problems<'_>,
) -> Vec<(&'f str, Value)> {
    let mut answers = Vec::new();
    for (name, field) in &form.properties.0 {
        let schema = schema.get("properties").and_then(|properties| properties.get(name)).unwrap_or(&Value::Null);
        let given = content.and_then(|content| content.get(name)).filter(|value| !value.is_null());
        match (given.map(|value| (value, meant(field, value))), schema.get("default")) {
            (Some((_, Ok(value))), _) => {
                problems.out_of_bounds(name, &value);
                answers.push((name.as_str(), value));
            }
            (Some((value, Err(error))), _) => problems.mistyped(name, value, Some(&error)),
            (None, Some(default)) => answers.push((name, default.clone())),
            (None, None) => {
                if form.required.iter().flatten().any(|required| required == name) {
                    problems.add(name, &format!("required field is missing, expected {}", describe(schema)));
                }
            }
        }
    }
    answers
}

/// A text is taken for a number or a boolean where the field is one. Done by the form and not while the type is read,
/// because a flattened struct is read in a way that no longer tells what it asks for.
fn meant(field: &PrimitiveSchemaDefinition, value: &Value) -> Result<Value, serde_json::Error> {
    match field {
        PrimitiveSchemaDefinition::Number(field) if field.number_type == NumberType::Integer => {
            let number = Number::from_i128(read_leniently(value)?);
            number.map(Value::Number).ok_or_else(|| serde_json::Error::custom("the number is too large"))
        }
        // A number that is one already keeps its digits.
        PrimitiveSchemaDefinition::Number(_) if !value.is_number() => read_leniently::<f64>(value).map(Value::from),
        PrimitiveSchemaDefinition::Boolean(_) => read_leniently(value).map(Value::Bool),
        _ => Ok(value.clone()),
    }
}

/// The answers as a struct to be read; keeps in mind at which of them the reading ended.
struct Answers<'a> {
    answers: &'a [(&'a str, Value)],
    refused: &'a Cell<Option<usize>>,
}

impl<'de> Deserializer<'de> for Answers<'de> {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_map(Members { of: self, next: 0 })
    }
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_some(self)
    }
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(self)
    }
    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_unit()
    }
    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_unit()
    }
    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf seq tuple tuple_struct map
        struct enum identifier ignored_any
    }
}

struct Members<'a> {
    of: Answers<'a>,
    next: usize,
}

impl<'de> MapAccess<'de> for Members<'de> {
    type Error = serde_json::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Self::Error> {
        let name = self.of.answers.get(self.next).map(|(name, _)| *name);
        name.map(|name| seed.deserialize(BorrowedStrDeserializer::new(name))).transpose()
    }
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Self::Error> {
        let index = self.next;
        let answers = self.of.answers;
        let (_, value) = answers.get(index).ok_or_else(|| Self::Error::custom("there is no further value"))?;
        self.next += 1;
        seed.deserialize(value).inspect_err(|_| self.of.refused.set(Some(index)))
    }
}

#[cfg(test)]
mod tests;
