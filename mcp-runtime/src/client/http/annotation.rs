//! The headers that a tool wants its arguments mirrored to: `x-mcp-header` in its input schema (2026-07-28, "Streamable
//! HTTP", "Custom Headers from Tool Parameters"). A tool that annotates wrongly must not be called at all. Floor 6.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use http::header::{HeaderMap, HeaderName};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::headers::value;
use crate::error::quoted;
use crate::message::Text;

/// The deepest nesting of a schema that is looked at.
const DEPTH: usize = 64;
/// The most arguments of one tool that are mirrored.
const MOST: usize = 64;

const KEY: &str = "x-mcp-header";

/// The arguments of a tool that are mirrored, in the shape of the arguments.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Mirrors {
    values: Vec<(Box<str>, HeaderName)>,
    objects: Vec<(Box<str>, Mirrors)>,
}

impl Mirrors {
    /// Reads the annotations of an input schema.
    ///
    /// # Errors
    /// The reason why the tool must be left out.
    pub(super) fn of(schema: &Map<String, Value>) -> Result<Self, String> {
        let mut seen = HashSet::new();
        let mirrors = Self::within(schema, &mut seen, DEPTH)?;
        let annotations = count(&Value::Object(schema.clone()), DEPTH)?;
        if annotations > seen.len() {
            return Err(format!("`{KEY}` stands where no chain of `properties` leads to"));
        }
        Ok(mirrors)
    }

    fn within(schema: &Map<String, Value>, seen: &mut HashSet<HeaderName>, depth: usize) -> Result<Self, String> {
        let depth = depth.checked_sub(1).ok_or("the schema is nested too deeply")?;
        let mut mirrors = Self::default();
        let Some(Value::Object(properties)) = schema.get("properties") else { return Ok(mirrors) };
        for (key, property) in properties {
            let Value::Object(property) = property else { continue };
            if let Some(name) = property.get(KEY) {
                let header = header(key, name, property)?;
                if !seen.insert(header.clone()) {
                    return Err(format!("two parameters name the header {}", quoted(header.as_str())));
                }
                if seen.len() > MOST {
                    return Err(format!("more than {MOST} parameters name a header"));
                }
                mirrors.values.push((key.as_str().into(), header));
            }
            let inside = Self::within(property, seen, depth)?;
            if !inside.is_empty() {
                mirrors.objects.push((key.as_str().into(), inside));
            }
        }
        Ok(mirrors)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty() && self.objects.is_empty()
    }

    /// Adds the headers for these arguments. What is not there, or is no value that can be mirrored, has none.
    pub(super) fn add(&self, headers: &mut HeaderMap, arguments: &RawValue) {
        if self.is_empty() {
            return;
        }
        let Ok(found) = serde_json::from_str::<HashMap<String, &RawValue>>(arguments.get()) else { return };
        for (key, header) in &self.values {
            if let Some(text) = found.get(&**key).and_then(|value| text(value)) {
                headers.insert(header, value(&text));
            }
        }
        for (key, inside) in &self.objects {
            if let Some(object) = found.get(&**key) {
                inside.add(headers, object);
            }
        }
    }
}

fn header(key: &str, name: &Value, property: &Map<String, Value>) -> Result<HeaderName, String> {
    let key = quoted(key);
    let Value::String(name) = name else { return Err(format!("`{KEY}` of {key} is no text")) };
    if !matches!(property.get("type").and_then(Value::as_str), Some("string" | "integer" | "boolean")) {
        return Err(format!("`{KEY}` of {key} stands at what is neither string nor integer nor boolean"));
    }
    // A name of HTTP has at most 64 KiB; `HeaderName` checks the characters.
    let name = (!name.is_empty()).then(|| HeaderName::from_bytes(format!("mcp-param-{name}").as_bytes()));
    name.and_then(Result::ok).ok_or_else(|| format!("`{KEY}` of {key} is no name of a header"))
}

/// How many annotations there are anywhere in a schema.
fn count(value: &Value, depth: usize) -> Result<usize, String> {
    let depth = depth.checked_sub(1).ok_or("the schema is nested too deeply")?;
    let mut total = 0;
    match value {
        Value::Array(items) => {
            for item in items {
                total += count(item, depth)?;
            }
        }
        Value::Object(object) => {
            for (key, value) in object {
                match key.as_str() {
                    // A parameter may be called like the annotation; its schema is an object then.
                    KEY if !value.is_object() => total += 1,
                    // These hold values, not schemas.
                    "const" | "default" | "enum" | "examples" => {}
                    _ => total += count(value, depth)?,
                }
            }
        }
        _ => {}
    }
    Ok(total)
}

/// An argument as it stands in a header.
fn text(value: &RawValue) -> Option<Cow<'_, str>> {
    let raw = value.get();
    match raw.as_bytes().first()? {
        b'"' => serde_json::from_str::<Text<'_>>(raw).ok().map(|text| text.0),
        b't' | b'f' => Some(Cow::Borrowed(raw)),
        b'n' | b'{' | b'[' => None,
        _ => Some(number(raw)),
    }
}

/// A whole number without a fraction or a power, however it was written.
fn number(raw: &str) -> Cow<'_, str> {
    /// Up to here every whole number is a float.
    const WHOLE: f64 = 9_007_199_254_740_992.0;
    if raw.parse::<i64>().is_ok() {
        return Cow::Borrowed(raw);
    }
    match raw.parse::<f64>() {
        Ok(number) if number.fract() == 0.0 && number.abs() < WHOLE => Cow::Owned(format!("{number:.0}")),
        _ => Cow::Borrowed(raw),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use serde_json::value::to_raw_value;

    use super::*;

    fn mirrors(properties: &Value) -> Result<Mirrors, String> {
        let Value::Object(schema) = json!({ "type": "object", "properties": properties }) else { unreachable!() };
        Mirrors::of(&schema)
    }

    fn lines(mirrors: &Mirrors, arguments: &Value) -> Vec<String> {
        let mut headers = HeaderMap::new();
        mirrors.add(&mut headers, &to_raw_value(arguments).unwrap());
        let mut lines: Vec<_> =
            headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        lines.sort();
        lines
    }

    #[test]
    fn arguments_are_found_where_they_stand() {
        let mirrors = mirrors(&json!({
            "region": { "type": "string", "x-mcp-header": "Region" },
            "count": { "type": "integer", "x-mcp-header": "Count" },
            "dry": { "type": "boolean", "x-mcp-header": "Dry" },
            "query": { "type": "string" },
            "where": { "type": "object", "properties": { "zone": { "type": "string", "x-mcp-header": "Zone" } } },
        }))
        .unwrap();
        let arguments =
            json!({ "region": " \u{4e16}", "count": 42.0, "dry": false, "query": "q", "where": { "zone": "z" } });
        let expected = [
            "mcp-param-count: 42",
            "mcp-param-dry: false",
            "mcp-param-region: =?base64?IOS4lg==?=",
            "mcp-param-zone: z",
        ];
        assert_eq!(lines(&mirrors, &arguments), expected);
        assert_eq!(lines(&mirrors, &json!({ "region": null, "count": [1], "where": "z" })), [""; 0]);
        assert_eq!(lines(&mirrors, &json!({ "region": "" })), ["mcp-param-region: "]);
    }

    #[test]
    fn annotations_that_are_wrong_are_refused_with_the_reason() {
        let string = |name: Value| json!({ "a": { "type": "string", "x-mcp-header": name } });
        for (properties, expected) in [
            (string(json!("")), "no name of a header"),
            (string(json!("a b")), "no name of a header"),
            (string(json!("a:b")), "no name of a header"),
            (string(json!("a\r\nb")), "no name of a header"),
            (string(json!("\u{e9}")), "no name of a header"),
            (string(json!(7)), "is no text"),
            (json!({ "a": { "type": "number", "x-mcp-header": "A" } }), "neither string nor integer"),
            (json!({ "a": { "type": "object", "x-mcp-header": "A" } }), "neither string nor integer"),
            (json!({ "a": { "type": "null", "x-mcp-header": "A" } }), "neither string nor integer"),
            (json!({ "a": { "x-mcp-header": "A" } }), "neither string nor integer"),
            (
                json!({ "a": { "type": "string", "x-mcp-header": "A" }, "b": { "type": "string", "x-mcp-header": "a" } }),
                "two parameters",
            ),
            (
                json!({ "a": { "type": "array", "items": { "type": "string", "x-mcp-header": "A" } } }),
                "no chain of `properties`",
            ),
            (
                json!({ "a": { "anyOf": [{ "properties": { "b": { "type": "string", "x-mcp-header": "A" } } }] } }),
                "no chain of `properties`",
            ),
        ] {
            let reason = mirrors(&properties).unwrap_err();
            assert!(reason.contains(expected), "{properties}: {reason}");
        }
        assert!(mirrors(&string(json!("A-b_c.1"))).is_ok());
        let named_alike = json!({ "x-mcp-header": { "type": "string" }, "b": { "type": "string", "default": { "x-mcp-header": "A" } } });
        assert_eq!(mirrors(&named_alike), Ok(Mirrors::default()));
    }
}
