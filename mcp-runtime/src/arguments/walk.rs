//! Goes through a JSON object member by member, reading each value as whatever its slot asks for. It knows no slots, so there
//! is one of it in a program; `serde_json` walks a map by code of its own for each function. Floor 2.

use serde::de::{Deserialize, Error as _, IgnoredAny};
use serde_json::Error;

use crate::message::Text;

/// Where a walk stands.
pub(super) struct Walk<'de> {
    rest: &'de str,
    has_begun: bool,
}

impl<'de> Walk<'de> {
    /// Enters an object.
    ///
    /// # Errors
    /// When it is none.
    pub(super) fn new(json: &'de str) -> Result<Self, Error> {
        Ok(Self { rest: after(json, b'{').ok_or_else(broken)?, has_begun: false })
    }

    /// The name of the next member, whose value must then be read; nothing at the end.
    ///
    /// # Errors
    /// When this is no JSON.
    pub(super) fn name(&mut self) -> Result<Option<Text<'de>>, Error> {
        if let Some(end) = after(self.rest, b'}') {
            return if blank(end).is_empty() { Ok(None) } else { Err(broken()) };
        }
        if std::mem::replace(&mut self.has_begun, true) {
            self.rest = after(self.rest, b',').ok_or_else(broken)?;
        }
        let name = self.text()?;
        self.rest = after(self.rest, b':').ok_or_else(broken)?;
        Ok(Some(name))
    }

    /// The next value.
    ///
    /// # Errors
    /// When it does not fit the type.
    pub(super) fn value<T: Deserialize<'de>>(&mut self) -> Result<T, Error> {
        let mut values = serde_json::Deserializer::from_str(self.rest).into_iter();
        let value = values.next().ok_or_else(broken)??;
        self.rest = self.rest.get(values.byte_offset()..).ok_or_else(broken)?;
        Ok(value)
    }

    /// Passes over the next value.
    ///
    /// # Errors
    /// When this is no JSON.
    pub(super) fn skip(&mut self) -> Result<(), Error> {
        self.value::<IgnoredAny>().map(drop)
    }

    /// The next value, which is a text.
    fn text(&mut self) -> Result<Text<'de>, Error> {
        let inside = after(self.rest, b'"').ok_or_else(broken)?;
        // Nearly every name stands as it is meant.
        match inside.bytes().position(|byte| matches!(byte, b'"' | b'\\' | 0..b' ')) {
            Some(end) if inside.as_bytes()[end] == b'"' => {
                let (text, rest) = inside.split_at(end);
                self.rest = &rest[1..];
                Ok(Text(text.into()))
            }
            _ => self.value(),
        }
    }
}

/// What follows `mark`, if that comes next.
#[inline]
fn after(json: &str, mark: u8) -> Option<&str> {
    let json = blank(json);
    json.as_bytes().first().filter(|first| **first == mark)?;
    json.get(1..)
}

/// What follows white space.
#[inline]
fn blank(json: &str) -> &str {
    match json.as_bytes().first() {
        Some(b' ' | b'\n' | b'\r' | b'\t') => json.trim_start_matches([' ', '\n', '\r', '\t']),
        _ => json,
    }
}

fn broken() -> Error {
    Error::custom("no JSON object")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The members of an object of numbers.
    fn numbers(json: &str) -> Result<Vec<(String, i64)>, Error> {
        let mut walk = Walk::new(json)?;
        let mut members = Vec::new();
        while let Some(name) = walk.name()? {
            members.push((name.0.into_owned(), walk.value()?));
        }
        Ok(members)
    }

    #[test]
    fn members_come_one_by_one() -> Result<(), Error> {
        let two = vec![("a".to_owned(), 1), ("b\"\u{e9}".to_owned(), -2)];
        assert_eq!(numbers("{\"a\":1,\"b\\\"\u{e9}\":-2}")?, two);
        assert_eq!(numbers("\n{ \"a\" :\t1 , \"b\\u0022\\u00e9\"\r:-2 } ")?, two);
        assert_eq!(numbers(" { } ")?, []);
        Ok(())
    }

    #[test]
    fn a_value_is_passed_over_whatever_it_is() -> Result<(), Error> {
        let mut walk = Walk::new(r#"{"a":{"b":["}",{}]},"c":"x"}"#)?;
        assert!(walk.name()?.is_some_and(|name| name.0 == "a"));
        walk.skip()?;
        assert!(walk.name()?.is_some_and(|name| name.0 == "c"));
        assert_eq!(walk.value::<Text<'_>>()?.0, "x");
        assert!(walk.name()?.is_none());
        Ok(())
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for json in [
            "",
            "1",
            "[]",
            "{",
            "{\"a\"",
            "{\"a\":",
            "{\"a\":1",
            "{\"a\":1,",
            "{\"a\":1,}",
            "{,\"a\":1}",
            "{\"a\":1 \"b\":2}",
            "{\"a\" 1}",
            "{\"a\":1}}",
            "{\"a\":1}x",
            "{a:1}",
            "{\"a\":1x}",
            "{\"a\n\":1}",
            "{\"a\":01}",
            "{\u{a0}\"a\":1}",
        ] {
            assert!(numbers(json).is_err(), "{json}");
        }
    }
}
