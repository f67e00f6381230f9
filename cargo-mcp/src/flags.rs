//! A tool's arguments from the command line, by the tool's own schema: `--name value`, `--name=value`, `name=value`,
//! `name:=json`, `--input`, and `--filter.min value` for a member of an object. What does not fit is found here, before anything
//! is sent.

mod judge;
pub(crate) mod place;
mod value;

use std::io::Read;

pub(crate) use mcp_runtime::__private::nearest;
use mcp_runtime::model::{JsonObject, Tool};
use serde_json::{Map, Value};

use self::place::{Place, kinds, resolved};
use crate::error::Failure;
use crate::print::visible;
use crate::signature;

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

/// Reads standard input if the words want it, while an interruption can be heard: the thread that reads ends with the process.
pub(crate) async fn standard_input(tool: &Tool, words: &[String]) -> Result<Option<String>, Failure> {
    let wants = |pair: &[String]| pair == ["--input", "-"];
    let is_wanted = words.windows(2).any(wants) || words.iter().any(|word| word == "--input=-");
    if !is_wanted || place::find(&tool.input_schema, "input").is_some() {
        return Ok(None);
    }
    let (done, read) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        let read = std::io::stdin().read_to_string(&mut text);
        // Nobody listens after an interruption.
        let _ = done.send(read.map(|_| text));
    });
    let failed = |error: String| Failure::usage("--input: standard input cannot be read").cause(error);
    let text = read.await.map_err(|error| failed(error.to_string()))?;
    text.map(Some).map_err(|error| failed(error.to_string()))
}

/// Reads the words after a tool's name. `input` is what came through standard input, where they want it.
pub(crate) fn parse(tool: &Tool, words: &[String], input: Option<&str>) -> Result<Asked, Failure> {
    let mut reader = Reader { tool, root: &tool.input_schema, values: Map::new() };
    let mut words = words.iter().map(String::as_str).peekable();
    while let Some(word) = words.next() {
        if matches!(word, "--help" | "-h") {
            return Ok(Asked::Help);
        }
        let Some(flag) = word.strip_prefix("--") else {
            reader.pair(word)?;
            continue;
        };
        let (name, given) = match flag.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (flag, None),
        };
        if name == "input" && reader.find("input").is_none() {
            let value = given.or_else(|| words.next()).ok_or_else(|| lacks(tool, word))?;
            value::join(&mut reader.values, whole(value, input)?);
            continue;
        }
        if let Some(place) =
            name.strip_prefix("no-").filter(|_| reader.find(name).is_none()).and_then(|name| reader.find(name))
            && reader.is(&place, "boolean")
        {
            value::put(&mut reader.values, &place.path, Value::Bool(false));
            continue;
        }
        let place = reader.place(&format!("--{name}"), name)?;
        let value = match given {
            Some(value) => value,
            None if reader.is(&place, "boolean")
                && words.peek().is_none_or(|next| !matches!(*next, "true" | "false")) =>
            {
                "true"
            }
            None => words.next().ok_or_else(|| lacks(tool, word))?,
        };
        reader.set(&place, &format!("--{name}"), value)?;
    }
    reader.finish().map(Asked::Call)
}

struct Reader<'t> {
    tool: &'t Tool,
    root: &'t JsonObject,
    values: JsonObject,
}

impl<'t> Reader<'t> {
    fn find(&self, name: &str) -> Option<Place<'t>> {
        place::find(self.root, name)
    }

    /// The place that a word names, which may be one that the schema does not.
    fn place(&self, shown: &str, name: &str) -> Result<Place<'t>, Failure> {
        match self.find(name) {
            Some(place) => Ok(place),
            None if accepts_more(self.tool) => Ok(Place { path: vec![name.to_owned()], schema: &Value::Bool(true) }),
            None => Err(unknown(self.tool, shown, name)),
        }
    }

    /// Whether a value has this type, and may at most be left out by `null`.
    fn is(&self, place: &Place<'_>, kind: &str) -> bool {
        let kinds = kinds(self.root, place.schema);
        kinds.contains(&kind) && kinds.iter().all(|one| *one == kind || *one == "null")
    }

    /// `name=value` or `name:=json`.
    fn pair(&mut self, word: &str) -> Result<(), Failure> {
        let Some((name, value)) = word.split_once('=') else {
            return Err(Failure::usage(format!("unexpected {:?}", visible(word)))
                .hint(format!("  arguments are `--name value` or `name=value`\n  {}", signature::of(self.tool))));
        };
        let (name, is_json) = name.strip_suffix(':').map_or((name, false), |name| (name, true));
        let place = self.place(name, name)?;
        if is_json {
            let value = json(name, value)?;
            self.check(place.schema, name, &value)?;
            value::put(&mut self.values, &place.path, value);
            return Ok(());
        }
        self.set(&place, name, value)
    }

    fn set(&mut self, place: &Place<'_>, shown: &str, text: &str) -> Result<(), Failure> {
        let nothing = Value::Null;
        if self.is(place, "array") && !text.trim_start().starts_with('[') && text != "null" {
            let item = resolved(self.root, place.schema).and_then(|schema| schema.get("items")).unwrap_or(&nothing);
            let value = value::read(self.root, item, text).ok_or_else(|| self.mismatch(shown, item, text))?;
            self.check(item, shown, &value)?;
            // A flag that stands again adds an item.
            match value::at(&mut self.values, &place.path) {
                Some(Value::Array(items)) => items.push(value),
                _ => value::put(&mut self.values, &place.path, Value::Array(vec![value])),
            }
            return Ok(());
        }
        let value =
            value::read(self.root, place.schema, text).ok_or_else(|| self.mismatch(shown, place.schema, text))?;
        self.check(place.schema, shown, &value)?;
        value::put(&mut self.values, &place.path, value);
        Ok(())
    }

    /// Checks the plain bounds of a value while it is known how it was written; the rest is checked of all arguments at once.
    fn check(&self, schema: &Value, shown: &str, value: &Value) -> Result<(), Failure> {
        let Some(plain) = resolved(self.root, schema) else { return Ok(()) };
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let values = plain.get("enum").and_then(Value::as_array);
        if !value::fits(self.root, schema, value)
            || values.is_some_and(|values| !values.contains(value) && !value.is_null())
        {
            return Err(self.mismatch(shown, schema, &text));
        }
        let bound = |key: &str| plain.get(key).and_then(Value::as_f64);
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
            return Err(Failure::usage(format!("{}: expected {range}, got {got}", visible(shown)))
                .hint(format!("  {}", signature::of(self.tool))));
        }
        Ok(())
    }

    fn mismatch(&self, shown: &str, schema: &Value, text: &str) -> Failure {
        let values = resolved(self.root, schema).and_then(|schema| schema.get("enum")).and_then(Value::as_array);
        let expected = match values {
            Some(values) => {
                format!(
                    "one of {}",
                    values.iter().map(|value| visible(&value.to_string())).collect::<Vec<_>>().join(", ")
                )
            }
            None => visible(&kinds(self.root, schema).join(" or ")),
        };
        Failure::usage(format!("{}: expected {expected}, got {:?}", visible(shown), visible(text)))
            .hint(format!("  {}", signature::of(self.tool)))
    }

    fn finish(self) -> Result<JsonObject, Failure> {
        let missing: Vec<_> = signature::arguments(self.root)
            .iter()
            .filter(|argument| argument.required && !self.values.contains_key(argument.name))
            .map(|argument| format!("--{}", visible(argument.name)))
            .collect();
        if !missing.is_empty() {
            return Err(Failure::usage(format!("missing {}", missing.join(", ")))
                .hint(format!("  {}", signature::of(self.tool))));
        }
        judge::judge(self.tool, &self.values)?;
        Ok(self.values)
    }
}

/// All arguments at once: JSON, `@file`, or `-` for standard input.
fn whole(text: &str, input: Option<&str>) -> Result<JsonObject, Failure> {
    let read;
    let text = if text == "-" {
        input.unwrap_or_default()
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
    serde_json::from_str(text).map_err(|error| Failure::usage(format!("{}: this is not JSON: {error}", visible(shown))))
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

fn unknown(tool: &Tool, shown: &str, name: &str) -> Failure {
    let known: Vec<String> = place::flags(&tool.input_schema).iter().map(|flag| flag.place.name()).collect();
    let nearest = nearest(name, known.iter().map(String::as_str));
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
mod tests;
