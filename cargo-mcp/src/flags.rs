//! A tool's arguments from the command line, by the tool's own schema: `--name value`, `--name=value`, `name=value`,
//! `name:=json`, `--input`. What does not fit is found here, before anything is sent.

use std::io::Read;

pub(crate) use mcp_runtime::__private::nearest;
use mcp_runtime::model::{JsonObject, Tool};
use serde_json::{Map, Value};

use crate::error::Failure;
use crate::print::visible;
use crate::signature::{self, Argument};

/// What the words after a tool's name ask for.
#[derive(Debug, PartialEq)]
pub(crate) enum Asked {
    /// The tool's help.
    Help,
    /// A call with these arguments.
    Call(JsonObject),
}

/// The name that comes first, and the words that are its arguments: whatever follows the name is for what it names.
pub(crate) fn named<'w>(words: &'w [String], kind: &str) -> Result<(&'w str, &'w [String]), Failure> {
    let (name, arguments) = words.split_first().ok_or_else(|| Failure::usage(format!("which {kind}?")))?;
    if name.starts_with('-') {
        let command = if kind == "tool" { "call" } else { kind };
        return Err(Failure::usage(format!("unknown option {}", visible(name))).hint(format!(
            "options stand before the {kind}'s name, its arguments after it; `cargo mcp {command} --help` lists them"
        )));
    }
    Ok((name, arguments))
}

/// The one of that name among what a server has.
pub(crate) fn find<'t, T>(kind: &str, all: &'t [T], name: &str, name_of: fn(&T) -> &str) -> Result<&'t T, Failure> {
    all.iter().find(|one| name_of(one) == name).ok_or_else(|| {
        let failure = Failure::usage(format!("the server has no {kind} `{}`", visible(name)));
        match nearest(name, all.iter().map(name_of)) {
            Some(nearest) => failure.hint(format!("did you mean `{}`?", visible(nearest))),
            None if all.is_empty() => failure.hint("it has none at all"),
            None => {
                let names: Vec<_> = all.iter().take(20).map(|one| visible(name_of(one))).collect();
                failure.hint(format!("it has {}", names.join(", ")))
            }
        }
    })
}

/// Reads the words after a tool's name.
pub(crate) fn parse(tool: &Tool, words: &[String]) -> Result<Asked, Failure> {
    let mut reader = Reader { arguments: signature::arguments(&tool.input_schema), values: Map::new() };
    let mut words = words.iter().map(String::as_str).peekable();
    while let Some(word) = words.next() {
        if matches!(word, "--help" | "-h") {
            return Ok(Asked::Help);
        }
        let Some(flag) = word.strip_prefix("--") else {
            reader.pair(tool, word)?;
            continue;
        };
        let (name, given) = match flag.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (flag, None),
        };
        if name == "input" && reader.find("input").is_none() {
            let value = given.or_else(|| words.next()).ok_or_else(|| lacks(tool, word))?;
            reader.values.extend(whole(value)?);
            continue;
        }
        if let Some(argument) =
            name.strip_prefix("no-").filter(|_| reader.find(name).is_none()).and_then(|name| reader.find(name))
            && kind(argument.schema) == "boolean"
        {
            let name = argument.name.to_owned();
            reader.values.insert(name, Value::Bool(false));
            continue;
        }
        let (argument_name, is_boolean) = match reader.find(name) {
            Some(argument) => (argument.name.to_owned(), kind(argument.schema) == "boolean"),
            None if accepts_more(tool) => (name.to_owned(), false),
            None => return Err(unknown(tool, &reader, &format!("--{name}"), name)),
        };
        let value = match given {
            Some(value) => value,
            None if is_boolean && words.peek().is_none_or(|next| !matches!(*next, "true" | "false")) => "true",
            None => words.next().ok_or_else(|| lacks(tool, word))?,
        };
        reader.set(tool, &argument_name, &format!("--{name}"), value)?;
    }
    reader.finish(tool).map(Asked::Call)
}

struct Reader<'t> {
    arguments: Vec<Argument<'t>>,
    values: JsonObject,
}

impl<'t> Reader<'t> {
    /// The argument of that name; `-` in a flag stands for `_` in a name.
    fn find(&self, name: &str) -> Option<&Argument<'t>> {
        let same = |known: &str| known == name || known.replace('_', "-") == name.replace('_', "-");
        self.arguments
            .iter()
            .find(|argument| argument.name == name)
            .or_else(|| self.arguments.iter().find(|argument| same(argument.name)))
    }

    /// `name=value` or `name:=json`.
    fn pair(&mut self, tool: &Tool, word: &str) -> Result<(), Failure> {
        let Some((name, value)) = word.split_once('=') else {
            return Err(Failure::usage(format!("unexpected {:?}", visible(word)))
                .hint(format!("  arguments are `--name value` or `name=value`\n  {}", signature::of(tool))));
        };
        let (name, is_json) = name.strip_suffix(':').map_or((name, false), |name| (name, true));
        let argument_name = match self.find(name) {
            Some(argument) => argument.name.to_owned(),
            None if accepts_more(tool) => name.to_owned(),
            None => return Err(unknown(tool, self, name, name)),
        };
        if is_json {
            let value = json(name, value)?;
            self.check(tool, &argument_name, name, &value)?;
            self.values.insert(argument_name, value);
            return Ok(());
        }
        self.set(tool, &argument_name, name, value)
    }

    fn set(&mut self, tool: &Tool, name: &str, shown: &str, text: &str) -> Result<(), Failure> {
        let schema = self.arguments.iter().find(|argument| argument.name == name).map(|argument| argument.schema);
        let Some(schema) = schema else {
            let value = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
            self.values.insert(name.to_owned(), value);
            return Ok(());
        };
        if kind(schema) == "array" && !text.trim_start().starts_with('[') {
            let item = schema.get("items").unwrap_or(&Value::Null);
            let value = value_of(item, text).ok_or_else(|| mismatch(tool, shown, item, text))?;
            // A flag that stands again adds an item.
            match self.values.get_mut(name) {
                Some(Value::Array(items)) => items.push(value),
                _ => drop(self.values.insert(name.to_owned(), Value::Array(vec![value]))),
            }
            return Ok(());
        }
        let value = value_of(schema, text).ok_or_else(|| mismatch(tool, shown, schema, text))?;
        self.check(tool, name, shown, &value)?;
        self.values.insert(name.to_owned(), value);
        Ok(())
    }

    /// Checks the plain bounds of a value, so that nothing is sent that the schema refuses.
    fn check(&self, tool: &Tool, name: &str, shown: &str, value: &Value) -> Result<(), Failure> {
        let Some(schema) = self.arguments.iter().find(|argument| argument.name == name).map(|argument| argument.schema)
        else {
            return Ok(());
        };
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if !has_kind(schema, value) {
            return Err(mismatch(tool, shown, schema, &text));
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array)
            && !values.contains(value)
        {
            return Err(mismatch(tool, shown, schema, &text));
        }
        let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
        let (size, unit, least, most) = match value {
            Value::Number(number) => (number.as_f64(), "", bound("minimum"), bound("maximum")),
            #[expect(clippy::cast_precision_loss, reason = "no command line is that long")]
            Value::String(text) => {
                (Some(text.chars().count() as f64), " characters", bound("minLength"), bound("maxLength"))
            }
            _ => (None, "", None, None),
        };
        let Some(size) = size else { return Ok(()) };
        if least.is_some_and(|least| size < least) || most.is_some_and(|most| size > most) {
            let range = match (least, most) {
                (Some(least), Some(most)) => format!("{least} to {most}{unit}"),
                (Some(least), None) => format!("at least {least}{unit}"),
                (_, most) => format!("at most {}{unit}", most.unwrap_or_default()),
            };
            let got = if unit.is_empty() { text } else { format!("{size}") };
            return Err(Failure::usage(format!("{shown}: expected {range}, got {got}"))
                .hint(format!("  {}", signature::of(tool))));
        }
        Ok(())
    }

    fn finish(self, tool: &Tool) -> Result<JsonObject, Failure> {
        let missing: Vec<_> = self
            .arguments
            .iter()
            .filter(|argument| argument.required && !self.values.contains_key(argument.name))
            .map(|argument| format!("--{}", argument.name))
            .collect();
        if !missing.is_empty() {
            return Err(
                Failure::usage(format!("missing {}", missing.join(", "))).hint(format!("  {}", signature::of(tool)))
            );
        }
        Ok(self.values)
    }
}

/// All arguments at once: JSON, `@file`, or `-` for standard input.
fn whole(text: &str) -> Result<JsonObject, Failure> {
    let mut read = String::new();
    let text = if text == "-" {
        std::io::stdin()
            .read_to_string(&mut read)
            .map_err(|error| Failure::usage("--input: standard input cannot be read").cause(error))?;
        read.as_str()
    } else if let Some(path) = text.strip_prefix('@') {
        read = std::fs::read_to_string(path)
            .map_err(|error| Failure::usage(format!("--input: {} cannot be read", visible(path))).cause(error))?;
        read.as_str()
    } else {
        text
    };
    match json("--input", text)? {
        Value::Object(values) => Ok(values),
        _ => Err(Failure::usage("--input: expected an object, as in '{\"a\": 1}'")),
    }
}

fn json(shown: &str, text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text).map_err(|error| Failure::usage(format!("{shown}: this is not JSON: {error}")))
}

/// The type that a schema names, or nothing where it names several.
fn kind(schema: &Value) -> &str {
    schema.get("type").and_then(Value::as_str).unwrap_or_default()
}

fn has_kind(schema: &Value, value: &Value) -> bool {
    match kind(schema) {
        "integer" => value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|value| value.fract() == 0.0),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => true,
    }
}

/// A word as a value of the schema's type; `None` if it cannot be one.
fn value_of(schema: &Value, text: &str) -> Option<Value> {
    let as_json = || serde_json::from_str::<Value>(text).ok();
    match kind(schema) {
        "string" => Some(Value::String(text.to_owned())),
        "" => Some(
            // Of several types: what JSON says, unless a text is all that fits.
            as_json().filter(|value| !value.is_string()).unwrap_or_else(|| Value::String(text.to_owned())),
        ),
        _ => as_json().filter(|value| has_kind(schema, value)),
    }
}

fn accepts_more(tool: &Tool) -> bool {
    tool.input_schema.get("additionalProperties").is_none_or(|more| *more != Value::Bool(false))
        && tool
            .input_schema
            .get("properties")
            .is_none_or(|properties| properties.as_object().is_some_and(Map::is_empty))
}

fn lacks(tool: &Tool, word: &str) -> Failure {
    Failure::usage(format!("{}: expected a value", visible(word))).hint(format!("  {}", signature::of(tool)))
}

fn mismatch(tool: &Tool, shown: &str, schema: &Value, text: &str) -> Failure {
    let expected = match schema.get("enum").and_then(Value::as_array) {
        Some(values) => {
            format!("one of {}", values.iter().map(|value| visible(&value.to_string())).collect::<Vec<_>>().join(", "))
        }
        None => kind(schema).to_owned(),
    };
    Failure::usage(format!("{shown}: expected {expected}, got {:?}", visible(text)))
        .hint(format!("  {}", signature::of(tool)))
}

fn unknown(tool: &Tool, reader: &Reader<'_>, shown: &str, name: &str) -> Failure {
    let nearest = nearest(name, reader.arguments.iter().map(|argument| argument.name));
    let hint = match nearest {
        Some(nearest) => format!("  did you mean `{}`?\n  {}", visible(nearest), signature::of(tool)),
        None if ["json", "quiet", "verbose", "release", "bin", "package", "save"].contains(&name) => {
            format!("  `--{name}` is an option of cargo mcp and goes before the tool's name\n  {}", signature::of(tool))
        }
        None => format!("  {}", signature::of(tool)),
    };
    Failure::usage(format!("{} has no argument {}", visible(&tool.name), visible(shown))).hint(hint)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tool() -> Tool {
        let Value::Object(schema) = json!({
            "type": "object",
            "properties": {
                "a": { "type": "integer", "minimum": 0, "maximum": 9 },
                "max_size": { "type": "number" },
                "deep": { "type": "boolean" },
                "name": { "type": "string" },
                "tags": { "type": "array", "items": { "type": "string" } },
                "kind": { "type": "string", "enum": ["x", "y"] },
                "filter": { "type": "object" },
            },
            "required": ["a"],
            "additionalProperties": false,
        }) else {
            panic!("a schema is an object")
        };
        Tool::new("add", schema)
    }

    fn check(line: &str) -> Result<Value, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        match parse(&tool(), &words) {
            Ok(Asked::Call(values)) => Ok(Value::Object(values)),
            Ok(Asked::Help) => Ok(Value::Null),
            Err(failure) => Err(failure.message().to_owned()),
        }
    }

    #[test]
    fn words_become_values_of_the_schemas_types() {
        assert_eq!(
            check("--a 1 --max-size=2.5 --deep --name 7 --tags p --tags q kind=x filter:={\"k\":[1]}"),
            Ok(
                json!({"a": 1, "max_size": 2.5, "deep": true, "name": "7", "tags": ["p", "q"], "kind": "x", "filter": {"k": [1]}})
            )
        );
        assert_eq!(
            check("--a -0 --no-deep --tags [\"r\"]"),
            Ok(json!({"a": 0, "deep": false, "tags": ["r"]})).map(|mut v| {
                v["a"] = json!(-0.0);
                v
            })
        );
        assert_eq!(check("--input {\"a\":3}"), Ok(json!({"a": 3})));
        assert_eq!(check("--help --nonsense"), Ok(Value::Null));
    }

    #[test]
    fn what_does_not_fit_is_told_before_anything_is_sent() {
        let told = |line| check(line).expect_err(line);
        assert_eq!(told("--a x"), "--a: expected integer, got \"x\"");
        assert_eq!(told("--a 10"), "--a: expected 0 to 9, got 10");
        assert_eq!(told("a:=true"), "a: expected integer, got \"true\"");
        assert_eq!(told("--a 1 --kind z"), "--kind: expected one of \"x\", \"y\", got \"z\"");
        assert_eq!(told("--a 1 --nam z"), "add has no argument --nam");
        assert_eq!(told("--a"), "--a: expected a value");
        assert_eq!(told("--deep"), "missing --a");
        assert_eq!(told("oops"), "unexpected \"oops\"");
        assert_eq!(told("--input {"), "--input: this is not JSON: EOF while parsing an object at line 1 column 1");
        assert_eq!(told("--input [1]"), "--input: expected an object, as in '{\"a\": 1}'");
    }
}
