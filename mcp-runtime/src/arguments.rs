//! From raw JSON to the arguments of a function. The strict parse is the only one on a good call's path; when it fails,
//! `lenient` tries again and `diagnose` says everything that is wrong at once. Floor 2.

mod diagnose;
mod lenient;

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

pub use self::diagnose::nearest;
pub(crate) use self::diagnose::{Problems, describe, mismatch};
pub(crate) use self::lenient::read_leniently;
use self::lenient::{OneJson, OneText};
use crate::context::Context;
use crate::error::{ProtocolError, quoted, shortened};
use crate::message::Text;
use crate::model::CallToolResult;
use crate::piece::Piece;
use crate::schema::{ArgumentsSchema, Fields};

/// What a call of one entry brings: its context and its arguments as they came.
#[derive(Debug)]
pub struct Input {
    /// The call's context.
    pub context: Context,
    pub(crate) source: Source,
    pub(crate) schema: ArgumentsSchema,
}

#[derive(Debug)]
pub(crate) enum Source {
    /// The `arguments` of a tool: an object, or nothing.
    Typed(Option<Piece>),
    /// The `arguments` of a prompt: an object of strings, or nothing.
    Strings(Option<Piece>),
    /// The URI of a resource and the variables of its template, decoded.
    Variables { uri: Box<str>, values: Vec<(&'static str, String)> },
}

/// The arguments of one function, each in a slot of its own until all are there. Implemented by the macros.
pub trait Slots<'de>: Default {
    /// The names as a client writes them.
    const NAMES: &'static [&'static str];
    /// Whether arguments of other names are ignored instead of refused.
    const OPEN: bool;

    /// Reads the next value into a slot.
    ///
    /// # Errors
    /// When the value does not fit the slot's type.
    fn fill<A: MapAccess<'de>>(&mut self, index: usize, map: &mut A) -> Result<(), A::Error>;

    /// Fills empty slots with their defaults; says whether every slot is full and within its bounds.
    fn complete(&mut self) -> bool;

    /// Describes the slots for the schema, in order.
    fn describe(fields: &mut Fields<'_>);
}

impl Input {
    /// Parses the arguments.
    ///
    /// # Errors
    /// Every argument that is wrong, in one text.
    pub fn arguments<'de, S: Slots<'de>>(&'de self) -> Result<S, BadArguments> {
        let mut slots = S::default();
        let parsed = match &self.source {
            Source::Typed(None) => true,
            Source::Typed(Some(json)) => strict(&mut slots, json).is_ok(),
            Source::Strings(_) | Source::Variables { .. } => return self.forgiving(),
        };
        if parsed && slots.complete() { Ok(slots) } else { self.forgiving() }
    }

    /// The URI that was asked for; empty for tools and prompts.
    pub fn uri(&self) -> &str {
        match &self.source {
            Source::Variables { uri, .. } => uri,
            Source::Typed(_) | Source::Strings(_) => "",
        }
    }

    /// Reads argument by argument, accepts what is meant without doubt, and gathers what is wrong.
    fn forgiving<'de, S: Slots<'de>>(&'de self) -> Result<S, BadArguments> {
        let mut slots = S::default();
        let schema = self.schema.get();
        let mut problems = diagnose::Problems::new(&schema);
        let mut seen = vec![false; S::NAMES.len()];
        let mut take = |name: &str, value: Given<'de>, problems: &mut diagnose::Problems<'_>| {
            let Some(index) = S::NAMES.iter().position(|known| *known == name) else {
                if !S::OPEN {
                    problems.unknown(name, S::NAMES);
                }
                return;
            };
            if std::mem::replace(&mut seen[index], true) {
                problems.add(name, "stands twice");
            }
            // `null` for an argument that has a default means the default.
            if value.fill(&mut slots, index).is_err_and(|_| !value.is_null()) {
                problems.mistyped(name, &value.to_json(), value.fill(&mut S::default(), index).as_ref().err());
            }
        };
        match &self.source {
            Source::Variables { values, .. } => {
                for (name, value) in values {
                    take(name, Given::Text(value), &mut problems);
                }
            }
            Source::Typed(json) | Source::Strings(json) => {
                let members = match json.as_deref().map(members).transpose() {
                    Ok(members) => members.unwrap_or_default(),
                    Err(reason) => return Err(self.bad(format!("the arguments {reason}"))),
                };
                for (name, value) in members {
                    take(&name.0, Given::Json(value), &mut problems);
                }
            }
        }
        let complete = slots.complete();
        if problems.is_empty() && complete {
            return Ok(slots);
        }
        for (name, seen) in S::NAMES.iter().zip(&seen) {
            if !seen {
                problems.missing(name);
            }
        }
        if !complete {
            self.check_bounds(&mut problems);
        }
        Err(self.bad(problems.into_text()))
    }

    fn bad(&self, problems: String) -> BadArguments {
        BadArguments { problems, uri: self.uri().to_owned() }
    }

    fn check_bounds(&self, problems: &mut diagnose::Problems<'_>) {
        match &self.source {
            Source::Variables { values, .. } => {
                for (name, value) in values {
                    problems.out_of_bounds(name, &Value::from(value.as_str()));
                }
            }
            Source::Typed(Some(json)) | Source::Strings(Some(json)) => {
                for (name, value) in members(json).unwrap_or_default() {
                    problems.out_of_bounds(&name.0, &Given::Json(value).to_json());
                }
            }
            Source::Typed(None) | Source::Strings(None) => {}
        }
    }
}

/// One argument as it came.
#[derive(Clone, Copy)]
enum Given<'de> {
    Json(&'de RawValue),
    Text(&'de str),
}

impl<'de> Given<'de> {
    fn fill<S: Slots<'de>>(self, slots: &mut S, index: usize) -> Result<(), serde_json::Error> {
        match self {
            Self::Json(raw) => slots.fill(index, &mut OneJson(Some(raw))),
            Self::Text(text) => slots.fill(index, &mut OneText(Some(text))),
        }
    }

    fn is_null(self) -> bool {
        matches!(self, Self::Json(raw) if raw.get() == "null")
    }

    /// The value as a tree, for messages only; a large one is not looked into.
    fn to_json(self) -> Value {
        const LARGEST: usize = 64 * 1024;
        match self {
            // A number out of range, for one, is no value; its text says what came.
            Self::Json(raw) => Some(raw.get())
                .filter(|text| text.len() <= LARGEST)
                .and_then(|text| serde_json::from_str(text).ok())
                .unwrap_or_else(|| Value::String(shortened(raw.get()).into_owned())),
            Self::Text(text) => Value::String(text.to_owned()),
        }
    }
}

/// Parses an object straight into the slots; the first thing that does not fit ends it.
fn strict<'de, S: Slots<'de>>(slots: &mut S, json: &'de str) -> Result<(), serde_json::Error> {
    struct Object<'s, S>(&'s mut S);
    impl<'de, S: Slots<'de>> DeserializeSeed<'de> for Object<'_, S> {
        type Value = ();
        fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
            deserializer.deserialize_map(self)
        }
    }
    impl<'de, S: Slots<'de>> Visitor<'de> for Object<'_, S> {
        type Value = ();
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
            let mut seen = 0_u64;
            while let Some(key) = map.next_key::<Text<'_>>()? {
                match S::NAMES.iter().position(|name| *name == key.0) {
                    Some(index) if index < 64 && seen & (1 << index) == 0 => {
                        seen |= 1 << index;
                        self.0.fill(index, &mut map)?;
                    }
                    None if S::OPEN => {
                        map.next_value::<IgnoredAny>()?;
                    }
                    _ => return Err(A::Error::custom("unknown or repeated argument")),
                }
            }
            Ok(())
        }
    }
    let mut deserializer = serde_json::Deserializer::from_str(json);
    Object(slots).deserialize(&mut deserializer)?;
    deserializer.end()
}

/// Splits an object into its members without looking into them.
fn members(json: &str) -> Result<Vec<(Text<'_>, &RawValue)>, String> {
    struct Members;
    impl<'de> Visitor<'de> for Members {
        type Value = Vec<(Text<'de>, &'de RawValue)>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some(member) = map.next_entry()? {
                if members.len() == 1024 {
                    return Err(A::Error::custom("more than 1024 arguments"));
                }
                members.push(member);
            }
            Ok(members)
        }
    }
    let mut deserializer = serde_json::Deserializer::from_str(json);
    (&mut deserializer)
        .deserialize_map(Members)
        .map_err(|_| format!("must be an object of at most 1024 members, not {}", crate::message::kind_of(json)))
}

/// Why arguments were refused: a text for a model to mend its call by.
#[derive(Debug)]
pub struct BadArguments {
    problems: String,
    /// The URI that was asked for; empty for tools and prompts.
    uri: String,
}

impl BadArguments {
    /// As the answer of this kind of entry.
    ///
    /// # Errors
    /// Where the protocol has it so: prompts and resources have no other way to say it.
    pub fn answer<R: Answer>(self, entry: &str) -> Result<R, ProtocolError> {
        R::bad_arguments(entry, &self)
    }

    fn message(&self, entry: &str) -> String {
        // Several problems begin on a line of their own.
        let gap = if self.problems.starts_with('\n') { "" } else { " " };
        format!("invalid arguments for {}:{gap}{}", quoted(entry), self.problems)
    }
}

/// What an entry answers with: decides how bad arguments are told.
pub trait Answer: Sized {
    #[doc(hidden)]
    fn bad_arguments(entry: &str, bad: &BadArguments) -> Result<Self, ProtocolError>;
}

impl Answer for CallToolResult {
    /// A tool error, so that a model can mend its call (2025-11-25, "Tools", "Error Handling").
    fn bad_arguments(entry: &str, bad: &BadArguments) -> Result<Self, ProtocolError> {
        Ok(Self::error(bad.message(entry)))
    }
}

impl Answer for crate::model::GetPromptResult {
    fn bad_arguments(entry: &str, bad: &BadArguments) -> Result<Self, ProtocolError> {
        Err(ProtocolError::invalid_params(bad.message(entry)))
    }
}

impl Answer for crate::model::ReadResourceResult {
    /// A URI whose variables do not fit names no resource.
    fn bad_arguments(_: &str, bad: &BadArguments) -> Result<Self, ProtocolError> {
        Err(ProtocolError::resource_not_found(&bad.uri).because(&bad.problems))
    }
}
