//! URI templates (RFC 6570, the forms `{name}`, `{+name}` and `{?a,b}`): which URIs one matches and what its variables
//! are. The macros parse templates at compile time; here they are data. Linear in the URI's length. Floor 0.

/// A template, taken apart.
#[derive(Clone, Copy, Debug)]
pub struct Template {
    /// The template as it was written.
    pub text: &'static str,
    /// What comes before the query, in order.
    pub parts: &'static [Part],
    /// The names of the query's variables, each of which may be absent.
    pub query: &'static [&'static str],
}

/// A part of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Text that stands as it is.
    Literal(&'static str),
    /// `{name}`: at least one character, none of `/`, `?` and `#`.
    Segment(&'static str),
    /// `{+name}`: at least one character, slashes among them.
    Rest(&'static str),
}

impl Template {
    /// Whether two templates match the same URIs, whatever their variables are called.
    pub(crate) fn matches_as(&self, other: &Self) -> bool {
        let same = |(one, other): (&Part, &Part)| match (one, other) {
            (Part::Literal(one), Part::Literal(other)) => one == other,
            (Part::Segment(_), Part::Segment(_)) | (Part::Rest(_), Part::Rest(_)) => true,
            _ => false,
        };
        self.parts.len() == other.parts.len() && self.parts.iter().zip(other.parts).all(same)
    }

    /// Whether it is this very URI but for its query.
    pub(crate) fn is_at(&self, uri: &str) -> bool {
        matches!(self.parts, [Part::Literal(text)] if *text == uri)
    }

    /// The variables' values, decoded, if the URI matches.
    pub(crate) fn matches(&self, uri: &str) -> Option<Vec<(&'static str, String)>> {
        let (path, query) = if self.query.is_empty() { (uri, "") } else { uri.split_once('?').unwrap_or((uri, "")) };
        let mut values = Vec::new();
        let mut left = path;
        let mut parts = self.parts;
        while let [part, following @ ..] = parts {
            parts = following;
            let (name, is_rest) = match part {
                Part::Literal(text) => {
                    left = left.strip_prefix(text)?;
                    continue;
                }
                Part::Segment(name) => (name, false),
                Part::Rest(name) => (name, true),
            };
            let length = match following {
                [] => left.len(),
                // The last literal ends the URI, wherever else it stands in it.
                [Part::Literal(text)] => left.strip_suffix(text)?.len(),
                [Part::Literal(text), ..] => left.find(text)?,
                // Two variables beside each other are refused at compile time.
                _ => return None,
            };
            let (value, after) = left.split_at_checked(length)?;
            if value.is_empty() || (!is_rest && value.contains(['/', '?', '#'])) {
                return None;
            }
            values.push((*name, decoded(value)?));
            left = after;
        }
        if !left.is_empty() {
            return None;
        }
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            // What the template does not name is not for us: a reader may add parameters of its own.
            if let Some(name) = self.query.iter().find(|known| **known == name) {
                if values.iter().any(|(seen, _)| seen == name) {
                    return None;
                }
                values.push((name, decoded(value)?));
            }
        }
        Some(values)
    }
}

/// Percent-decodes a value; `None` if that gives no text.
fn decoded(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut left = value.as_bytes();
    while let [first, following @ ..] = left {
        left = following;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let [high, low, following @ ..] = left else { return None };
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        bytes.push(digit(*high)? * 16 + digit(*low)?);
        left = following;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matched(template: Template, uri: &str) -> Option<String> {
        let values = template.matches(uri)?;
        Some(values.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn segments_end_where_the_next_literal_begins() {
        let template = Template {
            text: "test://{a}/x-{b}/data",
            parts: &[
                Part::Literal("test://"),
                Part::Segment("a"),
                Part::Literal("/x-"),
                Part::Segment("b"),
                Part::Literal("/data"),
            ],
            query: &[],
        };
        assert_eq!(matched(template, "test://1/x-2%2F3/data").as_deref(), Some("a=1 b=2/3"));
        for other in
            ["test://1/x-/data", "test:///x-2/data", "test://1/x-2/data/", "test://1/2/x-3/data", "test://1/x-%/data"]
        {
            assert_eq!(matched(template, other), None, "{other}");
        }
    }

    #[test]
    fn the_rest_keeps_its_slashes_and_a_query_may_be_absent() {
        let template = Template {
            text: "file:///{+path}{?from,to}",
            parts: &[Part::Literal("file:///"), Part::Rest("path")],
            query: &["from", "to"],
        };
        assert_eq!(matched(template, "file:///a/b.rs?to=9&other=1").as_deref(), Some("path=a/b.rs to=9"));
        assert_eq!(matched(template, "file:///a").as_deref(), Some("path=a"));
        assert_eq!(matched(template, "file:///a?to=1&to=2"), None);
    }

    #[test]
    fn matching_a_hostile_uri_is_linear() {
        let template = Template {
            text: "a{x}b{y}c",
            parts: &[
                Part::Literal("a"),
                Part::Segment("x"),
                Part::Literal("b"),
                Part::Segment("y"),
                Part::Literal("c"),
            ],
            query: &[],
        };
        let uri = format!("a{}", "b".repeat(4 << 20));
        let start = std::time::Instant::now();
        assert_eq!(matched(template, &uri), None);
        assert!(start.elapsed() < std::time::Duration::from_millis(500));
    }
}
