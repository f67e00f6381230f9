//! One field of a form: how it is described, and what a line that somebody typed means for it.

use std::fmt::Write as _;

use mcp_runtime::model::PrimitiveSchemaDefinition as Field;
use serde_json::{Value, json};

use crate::print::visible;

/// A field with its schema at hand.
pub(super) struct Question<'f> {
    name: &'f str,
    field: &'f Field,
    schema: Value,
    pub(super) is_required: bool,
}

impl<'f> Question<'f> {
    pub(super) fn new(name: &'f str, field: &'f Field, is_required: bool) -> Self {
        Self { name, field, schema: serde_json::to_value(field).unwrap_or_default(), is_required }
    }

    pub(super) fn default(&self) -> Option<Value> {
        self.field.default()
    }

    /// The name, what kind of value it takes, and whether it must be given, on one line.
    pub(super) fn summary(&self) -> String {
        let need = if self.is_required { "required" } else { "optional" };
        format!("{} ({}, {need})", visible(self.name), self.kind())
    }

    fn kind(&self) -> String {
        let choices = self.choices();
        if !choices.is_empty() {
            let values: Vec<_> = choices.iter().map(|(value, _)| visible(value)).collect();
            let which = if self.is_multiple() { "any of" } else { "one of" };
            return format!("{which} {}", values.join(", "));
        }
        let text = |key: &str| self.schema.get(key).and_then(Value::as_str);
        let mut kind = match self.field {
            Field::Boolean(_) => "yes or no".to_owned(),
            _ => text("type").unwrap_or("text").to_owned(),
        };
        if let Some(format) = text("format") {
            format.clone_into(&mut kind);
        }
        for (key, word) in
            [("minimum", "at least"), ("maximum", "at most"), ("minLength", "at least"), ("maxLength", "at most")]
        {
            if let Some(bound) = self.schema.get(key) {
                let unit = if key.ends_with("Length") { " characters" } else { "" };
                let _ = write!(kind, ", {word} {bound}{unit}");
            }
        }
        kind
    }

    /// What is printed before the user answers.
    pub(super) fn prompt(&self) -> String {
        let text = |key: &str| self.schema.get(key).and_then(Value::as_str).map(visible);
        let mut prompt = text("title").unwrap_or_else(|| visible(self.name));
        if let Some(description) = text("description") {
            prompt.push_str(": ");
            prompt.push_str(&description);
        }
        prompt.push('\n');
        for (number, (value, title)) in self.choices().into_iter().enumerate() {
            let value = if value == title { String::new() } else { format!(" ({})", visible(value)) };
            let _ = writeln!(prompt, "  {}) {}{value}", number + 1, visible(title));
        }
        let hint = match (self.default(), self.is_required) {
            (Some(default), _) => format!(" [{}]", visible(&plain(&default))),
            (None, true) => String::new(),
            (None, false) => " [leave out]".to_owned(),
        };
        let kind = match (self.choices().is_empty(), self.is_multiple()) {
            (true, _) => self.kind(),
            (false, false) => "number or value".to_owned(),
            (false, true) => "numbers or values, with commas between".to_owned(),
        };
        format!("{prompt}  {kind}{hint}> ")
    }

    /// The choices: what is answered, and what people see.
    fn choices(&self) -> Vec<(&str, &str)> {
        fn plain(values: &[String]) -> Vec<(&str, &str)> {
            values.iter().map(|value| (value.as_str(), value.as_str())).collect()
        }
        match self.field {
            Field::UntitledSingleSelect(field) => plain(&field.values),
            Field::UntitledMultiSelect(field) => plain(&field.items.values),
            Field::TitledSingleSelect(field) => {
                field.one_of.iter().map(|option| (option.value.as_str(), option.title.as_str())).collect()
            }
            Field::TitledMultiSelect(field) => {
                field.items.any_of.iter().map(|option| (option.value.as_str(), option.title.as_str())).collect()
            }
            Field::LegacyTitled(field) => {
                let titles = field.enum_names.iter().map(Some).chain(std::iter::repeat(None));
                let named = field.values.iter().zip(titles);
                named.map(|(value, title)| (value.as_str(), title.unwrap_or(value).as_str())).collect()
            }
            _ => Vec::new(),
        }
    }

    fn is_multiple(&self) -> bool {
        matches!(self.field, Field::UntitledMultiSelect(_) | Field::TitledMultiSelect(_))
    }

    /// What a line means; why it means nothing otherwise.
    pub(super) fn read(&self, line: &str) -> Result<Value, String> {
        let value = self.value(line.trim())?;
        let validator = jsonschema::options().should_validate_formats(true).build(&self.schema);
        // A schema that makes no sense is the server's to enforce.
        let Ok(validator) = validator else { return Ok(value) };
        let wrong = validator.iter_errors(&value).next().map(|error| visible(&error.to_string()));
        wrong.map_or(Ok(value), Err)
    }

    fn value(&self, line: &str) -> Result<Value, String> {
        if self.is_multiple() {
            let words = line.split(',').map(str::trim).filter(|word| !word.is_empty());
            return Ok(Value::Array(words.map(|word| self.choice(word)).collect::<Result<_, _>>()?));
        }
        match self.field {
            Field::Boolean(_) => match line.to_ascii_lowercase().as_str() {
                "y" | "yes" | "true" => Ok(json!(true)),
                "n" | "no" | "false" => Ok(json!(false)),
                _ => Err("answer yes or no".to_owned()),
            },
            Field::Number(_) => serde_json::from_str(line)
                .ok()
                .filter(Value::is_number)
                .ok_or_else(|| format!("{:?} is no number", visible(line))),
            Field::String(_) => Ok(json!(line)),
            _ => self.choice(line),
        }
    }

    /// A choice by its value, its number or its title, in this order: a value may look like the number of another.
    fn choice(&self, word: &str) -> Result<Value, String> {
        let choices = self.choices();
        let by_value = choices.iter().find(|(value, _)| *value == word);
        let by_number = || word.parse::<usize>().ok().and_then(|number| choices.get(number.checked_sub(1)?));
        let by_title = || choices.iter().find(|(_, title)| title.eq_ignore_ascii_case(word));
        let found = by_value.or_else(by_number).or_else(by_title);
        found.map(|(value, _)| json!(value)).ok_or_else(|| format!("{:?} is none of the choices", visible(word)))
    }
}

/// A value as somebody would type it.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(schema: Value, line: &str) -> Result<Value, String> {
        let field: Field = serde_json::from_value(schema).expect("a field");
        Question::new("x", &field, true).read(line)
    }

    #[test]
    fn a_line_becomes_a_value_of_the_fields_type() {
        for (schema, line, expected) in [
            (json!({ "type": "string" }), " Ada ", json!("Ada")),
            (json!({ "type": "string", "format": "email" }), "a@example.com", json!("a@example.com")),
            (json!({ "type": "integer", "minimum": 1 }), "7", json!(7)),
            (json!({ "type": "number" }), "1.5", json!(1.5)),
            (json!({ "type": "boolean" }), "Y", json!(true)),
            (json!({ "type": "string", "enum": ["2", "1"] }), "1", json!("1")),
            (json!({ "type": "string", "enum": ["red", "blue"] }), "2", json!("blue")),
            (json!({ "type": "string", "oneOf": [{ "const": "r", "title": "Red" }] }), "red", json!("r")),
            (json!({ "type": "string", "enum": ["r", "b"], "enumNames": ["Red"] }), "Red", json!("r")),
            (json!({ "type": "array", "items": { "type": "string", "enum": ["a", "b"] } }), "2, a", json!(["b", "a"])),
            (json!({ "type": "array", "items": { "anyOf": [{ "const": "a", "title": "A" }] } }), "", json!([])),
        ] {
            assert_eq!(check(schema.clone(), line), Ok(expected), "{schema} {line}");
        }
    }

    #[test]
    fn what_does_not_fit_is_told() {
        for (schema, line, expected) in [
            (json!({ "type": "string", "minLength": 3 }), "ab", "shorter than 3"),
            (json!({ "type": "string", "format": "email" }), "nobody", "email"),
            (json!({ "type": "string", "format": "date" }), "tomorrow", "date"),
            (json!({ "type": "integer" }), "1.5", "integer"),
            (json!({ "type": "integer", "maximum": 3 }), "4", "maximum"),
            (json!({ "type": "number" }), "\"7\"", "no number"),
            (json!({ "type": "boolean" }), "maybe", "yes or no"),
            (json!({ "type": "string", "enum": ["red"] }), "2", "none of the choices"),
            (json!({ "type": "array", "minItems": 1, "items": { "type": "string", "enum": ["a"] } }), "", "1"),
        ] {
            let told = check(schema.clone(), line).expect_err("it does not fit");
            assert!(told.contains(expected), "{schema} {line}: {told}");
        }
    }
}
