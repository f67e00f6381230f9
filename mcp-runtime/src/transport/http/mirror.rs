//! Compares the `Mcp-*` headers with the body that they mirror (2026-07-28, "Server Validation"), so that whoever routes by
//! a header and whoever runs the call see the same. Does not decide which requests need these headers. Floor 5.

use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::error::{ProtocolError, quoted, reason};
use crate::message::{DEPTH, Text};

/// The most arguments of one tool that are mirrored; whatever is in front of a server bounds its headers too.
const MOST: usize = 64;

/// How the headers begin that arguments are mirrored to.
pub(crate) const PARAMETER: &str = "mcp-param-";

const VERSION: &str = "MCP-Protocol-Version";
const METHOD: &str = "Mcp-Method";
const NAME: &str = "Mcp-Name";

/// Compares what every request mirrors. `name` is what `Mcp-Name` must say where the method has one.
///
/// # Errors
/// -32020 for the first header that is missing, ill-formed or different.
pub(crate) fn check_standard(
    headers: &HeaderMap,
    revision: Option<&str>,
    method: &str,
    name: Option<&str>,
) -> Result<(), ProtocolError> {
    let version = read(headers, VERSION)?.filter(|version| !version.is_empty());
    match (version, revision) {
        (Some(said), Some(revision)) => compare(VERSION, said, revision, said == revision)?,
        // What a body without a revision gets is another matter.
        (Some(_), None) => {}
        (None, Some(revision)) => return Err(missing(VERSION, revision)),
        (None, None) => return Err(ProtocolError::header_mismatch(format!("the header `{VERSION}` is missing"))),
    }
    let said = read(headers, METHOD)?.ok_or_else(|| missing(METHOD, method))?;
    compare(METHOD, said, method, said == method)?;
    if let Some(name) = name {
        let said = read(headers, NAME)?.ok_or_else(|| missing(NAME, name))?;
        let said = decoded(NAME, said)?;
        compare(NAME, &said, name, said == name)?;
    }
    Ok(())
}

/// The headers that a tool's arguments are mirrored to, found once in its input schema.
///
/// It has the shape of the arguments, so that one walk over them finds every value.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mirrors {
    values: Vec<Mirror>,
    objects: Vec<(Box<str>, Mirrors)>,
}

/// One argument that is mirrored.
#[derive(Clone, Debug)]
struct Mirror {
    key: Box<str>,
    header: HeaderName,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    String,
    Integer,
    Boolean,
}

impl Mirrors {
    /// Finds `x-mcp-header` in a tool's input schema; an annotation that is ill-formed mirrors nothing.
    pub(crate) fn of(schema: &Map<String, Value>) -> Self {
        Self::within(schema, schema, &mut Vec::new(), DEPTH)
    }

    /// The specification (2026-07-28, "Schema Extension") counts only what a chain of `properties` leads to.
    fn within(
        schema: &Map<String, Value>,
        root: &Map<String, Value>,
        seen: &mut Vec<HeaderName>,
        depth: usize,
    ) -> Self {
        let mut mirrors = Self::default();
        let Some(depth) = depth.checked_sub(1) else { return mirrors };
        let Some(Value::Object(properties)) = schema.get("properties") else { return mirrors };
        for (key, property) in properties {
            let Value::Object(property) = property else { continue };
            if let (Some(header), Some(kind)) = (header(property), kind(property, root, DEPTH)) {
                if seen.len() < MOST && !seen.contains(&header) {
                    seen.push(header.clone());
                    mirrors.values.push(Mirror { key: key.as_str().into(), header, kind });
                }
                continue;
            }
            let inside = Self::within(property, root, seen, depth);
            if !inside.is_empty() {
                mirrors.objects.push((key.as_str().into(), inside));
            }
        }
        mirrors
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.values.is_empty() && self.objects.is_empty()
    }

    /// Compares the headers with `params.arguments`, given as it stands in the frame.
    ///
    /// # Errors
    /// -32020 for the first header that is ill-formed or different, that is missing though the body has a value, or that
    /// stands there though the body has none.
    pub(crate) fn check(&self, headers: &HeaderMap, arguments: Option<&str>) -> Result<(), ProtocolError> {
        if self.is_empty() {
            return Ok(());
        }
        let arguments = arguments
            .map(|json| serde_json::from_str::<&RawValue>(json).map_err(|error| unreadable("arguments", &error)))
            .transpose()?;
        self.check_object(headers, "arguments", arguments)
    }

    fn check_object(&self, headers: &HeaderMap, key: &str, json: Option<&RawValue>) -> Result<(), ProtocolError> {
        let mut found = Found { values: vec![None; self.values.len()], objects: vec![None; self.objects.len()] };
        if let Some(json) = json.filter(|json| json.get() != "null") {
            // Some types read themselves from an array or a string as well, and what is in there would go unseen.
            let mut deserializer = serde_json::Deserializer::from_str(json.get());
            found = deserializer.deserialize_map(Pick(self)).map_err(|error| unreadable(key, &error))?;
        }
        for (mirror, value) in self.values.iter().zip(found.values) {
            mirror.check(headers, value)?;
        }
        for ((key, inside), object) in self.objects.iter().zip(found.objects) {
            inside.check_object(headers, key, object)?;
        }
        Ok(())
    }
}

impl Mirror {
    fn check(&self, headers: &HeaderMap, value: Option<&RawValue>) -> Result<(), ProtocolError> {
        let header = self.header.as_str();
        let said = read(headers, header)?;
        let Some(value) = value.map(RawValue::get).filter(|value| *value != "null") else {
            return match said {
                None => Ok(()),
                Some(said) => Err(ProtocolError::header_mismatch(format!(
                    "the header `{header}` says {} but the body has no value for `{}`; leave the header out",
                    quoted(said),
                    self.key
                ))),
            };
        };
        let value = match serde_json::from_str::<Text<'_>>(value) {
            Ok(text) => text.0,
            Err(_) => Cow::Borrowed(value),
        };
        let said = decoded(header, said.ok_or_else(|| missing(header, &value))?)?;
        let is_same =
            said == value || (self.kind == Kind::Integer && integer(&said).is_some_and(|n| integer(&value) == Some(n)));
        compare(header, &said, &value, is_same)
    }
}

/// What a walk over one object found of the values that are looked for.
struct Found<'de> {
    values: Vec<Option<&'de RawValue>>,
    objects: Vec<Option<&'de RawValue>>,
}

/// Looks for values among an object's members and passes over the rest unread.
struct Pick<'a>(&'a Mirrors);

impl<'de> Visitor<'de> for Pick<'_> {
    type Value = Found<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let Mirrors { values, objects } = self.0;
        let mut found = Found { values: vec![None; values.len()], objects: vec![None; objects.len()] };
        while let Some(Text(key)) = map.next_key()? {
            let value = values.iter().position(|mirror| *mirror.key == *key);
            let object = || objects.iter().position(|(name, _)| **name == *key);
            let slot = match value {
                Some(index) => found.values.get_mut(index),
                None => object().and_then(|index| found.objects.get_mut(index)),
            };
            match slot {
                // Whoever reads the body may take the other one.
                Some(Some(_)) => return Err(A::Error::custom(format!("{} stands twice", quoted(&key)))),
                Some(slot) => *slot = Some(map.next_value()?),
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(found)
    }
}

/// The header that a property names, if the name is one.
fn header(property: &Map<String, Value>) -> Option<HeaderName> {
    let name = property.get("x-mcp-header")?.as_str().filter(|name| !name.is_empty())?;
    HeaderName::from_bytes(format!("{PARAMETER}{name}").as_bytes()).ok()
}

/// What a property holds beside `null`, if that is one kind of value that can be mirrored.
fn kind(property: &Map<String, Value>, root: &Map<String, Value>, depth: usize) -> Option<Kind> {
    let depth = depth.checked_sub(1)?;
    if let Some(names) = property.get("type") {
        return match names {
            Value::String(name) => kind_of(name),
            Value::Array(names) => {
                one(names.iter().filter_map(Value::as_str).filter(|name| *name != "null").map(kind_of))
            }
            _ => None,
        };
    }
    if let Some(values) = property.get("enum").and_then(Value::as_array) {
        return one(values.iter().filter(|value| !value.is_null()).map(kind_of_value));
    }
    if let Some(value) = property.get("const") {
        return kind_of_value(value);
    }
    for keyword in ["anyOf", "oneOf"] {
        if let Some(branches) = property.get(keyword).and_then(Value::as_array) {
            let is_null = |branch: &&Value| branch.get("type").is_some_and(|name| name == "null");
            let branches = branches.iter().filter(|branch| !is_null(branch));
            return one(branches.map(|branch| kind(branch.as_object()?, root, depth)));
        }
    }
    let name = property.get("$ref")?.as_str()?.strip_prefix("#/$defs/")?;
    kind(root.get("$defs")?.get(name)?.as_object()?, root, depth)
}

fn kind_of(name: &str) -> Option<Kind> {
    match name {
        "string" => Some(Kind::String),
        "integer" => Some(Kind::Integer),
        "boolean" => Some(Kind::Boolean),
        _ => None,
    }
}

fn kind_of_value(value: &Value) -> Option<Kind> {
    match value {
        Value::String(_) => Some(Kind::String),
        Value::Number(number) if !number.is_f64() => Some(Kind::Integer),
        Value::Bool(_) => Some(Kind::Boolean),
        _ => None,
    }
}

/// The kind on which all agree.
fn one(mut kinds: impl Iterator<Item = Option<Kind>>) -> Option<Kind> {
    let first = kinds.next()??;
    kinds.all(|kind| kind == Some(first)).then_some(first)
}

/// What a header says, without the white space around it.
fn read<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, ProtocolError> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(ProtocolError::header_mismatch(format!("the header `{name}` stands more than once; send it once")));
    }
    let trimmed = |value: &'a HeaderValue| Some(value.to_str().ok()?.trim_matches([' ', '\t']));
    let said = trimmed(value).ok_or_else(|| {
        ProtocolError::header_mismatch(format!(
            "the header `{name}` has characters that headers must not have: {}",
            quoted(&String::from_utf8_lossy(value.as_bytes()))
        ))
    })?;
    Ok(Some(said))
}

/// What a header means (2026-07-28, "Value Encoding"): between the two marks stands base64, anything else is literal.
fn decoded<'a>(name: &str, said: &'a str) -> Result<Cow<'a, str>, ProtocolError> {
    let Some(encoded) = said.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?=")) else {
        return Ok(Cow::Borrowed(said));
    };
    let text = STANDARD.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    text.map(Cow::Owned).ok_or_else(|| {
        ProtocolError::header_mismatch(format!(
            "the header `{name}` does not hold the base64 of UTF-8 text, with padding: {}",
            quoted(said)
        ))
    })
}

fn compare(name: &str, said: &str, expected: &str, is_same: bool) -> Result<(), ProtocolError> {
    if is_same {
        return Ok(());
    }
    Err(ProtocolError::header_mismatch(format!(
        "the header `{name}` says {} but the body says {}",
        quoted(said),
        quoted(expected)
    )))
}

fn missing(name: &str, expected: &str) -> ProtocolError {
    let expected = quoted(expected);
    ProtocolError::header_mismatch(format!("the header `{name}` is missing; the body says {expected}"))
}

fn unreadable(key: &str, error: &serde_json::Error) -> ProtocolError {
    ProtocolError::header_mismatch(format!("`{key}` cannot be compared with the headers: {}", reason(error)))
}

/// A whole number, however it is written: `42`, `42.0` and `4.2e1` are the same.
fn integer(text: &str) -> Option<i128> {
    // More digits or a larger power mean nothing that a number in JSON could hold.
    const LONGEST: usize = 64;
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent = exponent.parse::<i8>().ok()?;
    let digits = format!("{whole}{fraction}");
    if whole.is_empty() || digits.len() > LONGEST || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let power = i32::from(exponent).checked_sub(i32::try_from(fraction.len()).ok()?)?;
    let digits = digits.parse::<i128>().ok()?;
    let scale = 10_i128.checked_pow(power.unsigned_abs());
    let value = if digits == 0 {
        0
    } else if power >= 0 {
        digits.checked_mul(scale?)?
    } else {
        let scale = scale?;
        (digits % scale == 0).then_some(digits / scale)?
    };
    Some(sign * value)
}

#[cfg(test)]
mod tests;
