//! From raw JSON to the arguments of a function. The exact parse is the only one on a good call's path; when it fails,
//! `lenient` tries again and `diagnose` says everything that is wrong at once. Floor 2.

mod diagnose;
mod lenient;
mod walk;

use std::cell::LazyCell;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

pub use self::diagnose::nearest;
pub(crate) use self::diagnose::{Problems, describe, mismatch};
pub(crate) use self::lenient::read_leniently;
use self::walk::Walk;
use crate::context::Context;
use crate::error::{ProtocolError, quoted, shortened};
use crate::message::Text;
use crate::model::{CallToolResult, JsonObject};
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
///
/// It is used as an object: whatever is the same for every function is not compiled again for each.
pub trait Slots<'de> {
    /// The names as a client writes them.
    fn names(&self) -> &'static [&'static str];

    /// Whether arguments of other names are ignored instead of refused.
    fn is_open(&self) -> bool;

    /// Reads a value into a slot, which stays as it was where that fails.
    ///
    /// # Errors
    /// When the value does not fit the slot's type.
    fn fill(&mut self, index: usize, value: &mut Given<'_, 'de>) -> Result<(), serde_json::Error>;

    /// Fills empty slots with their defaults; says whether every slot is full and within its bounds.
    fn complete(&mut self) -> bool;

    /// Describes the slots for the schema, in order.
    fn describe(fields: &mut Fields<'_>)
    where
        Self: Sized;
}

impl Input {
    /// Parses the arguments.
    ///
    /// # Errors
    /// Every argument that is wrong, in one text.
    pub fn arguments<'de>(&'de self, slots: &mut dyn Slots<'de>) -> Result<(), BadArguments> {
        let is_read = match &self.source {
            Source::Typed(None) => true,
            Source::Typed(Some(json)) => exact(slots, json).is_ok(),
            Source::Strings(_) | Source::Variables { .. } => false,
        };
        if is_read && slots.complete() { Ok(()) } else { self.forgiving(slots) }
    }

    /// The URI that was asked for; empty for tools and prompts.
    pub fn uri(&self) -> &str {
        match &self.source {
            Source::Variables { uri, .. } => uri,
            Source::Typed(_) | Source::Strings(_) => "",
        }
    }

    /// Reads argument by argument, accepts what is meant without doubt, and gathers what is wrong. What stands in the slots by
    /// then was read from the same arguments.
    fn forgiving<'de>(&'de self, slots: &mut dyn Slots<'de>) -> Result<(), BadArguments> {
        let names = slots.names();
        let schema = LazyCell::new(|| self.schema.get());
        let root = || -> &JsonObject { &schema };
        let mut problems = diagnose::Problems::late(&root);
        let mut seen = vec![false; names.len()];
        let mut take = |name: &str, value: Loose<'de>, problems: &mut diagnose::Problems<'_>| {
            let Some(index) = find(names, name) else {
                if !slots.is_open() {
                    problems.unknown(name, names);
                }
                return;
            };
            if std::mem::replace(&mut seen[index], true) {
                problems.add(name, "stands twice");
            }
            if let Err(error) = slots.fill(index, &mut Given(Way::Lenient(value)))
                // `null` for an argument that has a default means the default.
                && !value.is_null()
            {
                problems.mistyped(name, &value.to_json(), Some(&error));
            }
        };
        match &self.source {
            Source::Variables { values, .. } => {
                for (name, value) in values {
                    take(name, Loose::Text(value), &mut problems);
                }
            }
            Source::Typed(json) | Source::Strings(json) => {
                let members = match json.as_deref().map(members).transpose() {
                    Ok(members) => members.unwrap_or_default(),
                    Err(reason) => return Err(self.bad(format!("the arguments {reason}"))),
                };
                for (name, value) in members {
                    take(&name.0, Loose::Json(value), &mut problems);
                }
            }
        }
        let complete = slots.complete();
        if problems.is_empty() && complete {
            return Ok(());
        }
        for (name, seen) in names.iter().zip(&seen) {
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
                    problems.out_of_bounds(&name.0, &Loose::Json(value).to_json());
                }
            }
            Source::Typed(None) | Source::Strings(None) => {}
        }
    }
}

/// One argument as it came, for a slot to read.
pub struct Given<'g, 'de>(Way<'g, 'de>);

/// How an argument is read.
enum Way<'g, 'de> {
    /// As it stands; the only way on a good call's path.
    Exact(&'g mut Walk<'de>),
    /// As it is meant.
    Lenient(Loose<'de>),
}

impl<'de> Given<'_, 'de> {
    /// Reads the argument into its slot.
    ///
    /// # Errors
    /// When it does not fit the type.
    pub fn fill<T: Deserialize<'de>>(&mut self, slot: &mut Option<T>) -> Result<(), serde_json::Error> {
        *slot = Some(self.read()?);
        Ok(())
    }

    fn read<T: Deserialize<'de>>(&mut self) -> Result<T, serde_json::Error> {
        match &mut self.0 {
            Way::Exact(walk) => walk.value(),
            Way::Lenient(Loose::Json(raw)) => lenient::json(raw.get()),
            Way::Lenient(Loose::Text(text)) => lenient::text(text),
        }
    }
}

/// One argument that may not stand as its type has it.
#[derive(Clone, Copy)]
enum Loose<'de> {
    Json(&'de RawValue),
    Text(&'de str),
}

impl Loose<'_> {
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
fn exact<'de>(slots: &mut dyn Slots<'de>, json: &'de str) -> Result<(), serde_json::Error> {
    let names = slots.names();
    let mut walk = Walk::new(json)?;
    let mut seen = 0_u64;
    while let Some(name) = walk.name()? {
        match find(names, &name.0) {
            Some(index) if index < 64 && seen & (1 << index) == 0 => {
                seen |= 1 << index;
                slots.fill(index, &mut Given(Way::Exact(&mut walk)))?;
            }
            None if slots.is_open() => walk.skip()?,
            _ => return Err(serde_json::Error::custom("unknown or repeated argument")),
        }
    }
    Ok(())
}

/// Which of the names this is.
fn find(names: &[&str], name: &str) -> Option<usize> {
    names.iter().position(|known| *known == name)
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
