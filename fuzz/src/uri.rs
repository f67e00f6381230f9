//! URI templates: parsed as the macros do, matched as the server does, and expanded and matched again.

use mcp_expand::variables;
use mcp_runtime::fuzz::matched;
use mcp_runtime::private::{Part, Template};

use Part::{Literal, Rest, Segment};

/// One of each form, and those that could be ambiguous.
const TEMPLATES: [Template; 8] = [
    Template { text: "note://{id}", parts: &[Literal("note://"), Segment("id")], query: &[] },
    Template { text: "file:///{+path}", parts: &[Literal("file:///"), Rest("path")], query: &[] },
    Template {
        text: "t://{a}/x-{b}/data",
        parts: &[Literal("t://"), Segment("a"), Literal("/x-"), Segment("b"), Literal("/data")],
        query: &[],
    },
    Template { text: "t:{+a}/{b}", parts: &[Literal("t:"), Rest("a"), Literal("/"), Segment("b")], query: &[] },
    Template {
        text: "t:{a}.{b}.{c}",
        parts: &[Literal("t:"), Segment("a"), Literal("."), Segment("b"), Literal("."), Segment("c")],
        query: &[],
    },
    Template { text: "t:/{a}{?x,y}", parts: &[Literal("t:/"), Segment("a")], query: &["x", "y"] },
    Template { text: "t:all{?x}", parts: &[Literal("t:all")], query: &["x"] },
    Template { text: "t:same", parts: &[Literal("t:same")], query: &[] },
];

/// The first byte chooses a template; the rest is a URI, and a template too.
pub fn uri(data: &[u8]) {
    let [chosen, text @ ..] = data else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    parsed(text);
    let template = &TEMPLATES[usize::from(*chosen) % TEMPLATES.len()];
    let whole = format!("{}{text}", template.text.split(['{', '/']).next().unwrap_or_default());
    for uri in [text, &whole] {
        let Some(values) = matched(template, uri) else { continue };
        assert!(values.iter().all(|(_, value)| value.len() <= uri.len()));
        let expanded = expanded(template, &values);
        assert_eq!(matched(template, &expanded), Some(values), "{uri} and then {expanded}");
    }
    // Whatever the values are, they come back.
    let values: Vec<_> = names(template).map(|name| (name, format!("{text}x"))).collect();
    assert_eq!(matched(template, &expanded(template, &values)), Some(values));
}

fn names(template: &Template) -> impl Iterator<Item = &'static str> {
    let path = template.parts.iter().filter_map(|part| match part {
        Literal(_) => None,
        Segment(name) | Rest(name) => Some(*name),
    });
    path.chain(template.query.iter().copied())
}

/// The URI with these values, every byte of them encoded.
fn expanded(template: &Template, values: &[(&str, String)]) -> String {
    let encoded = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let value = |name: &str| values.iter().find(|(known, _)| *known == name).map(|(_, value)| encoded(value));
    let mut uri = String::new();
    for part in template.parts {
        match part {
            Literal(text) => uri.push_str(text),
            Segment(name) | Rest(name) => uri.push_str(&value(name).unwrap_or_default()),
        }
    }
    // In the order in which they came.
    let query = values.iter().filter(|(name, _)| template.query.contains(name));
    for (index, (name, value)) in query.enumerate() {
        uri.push_str(&format!("{}{name}={}", if index == 0 { '?' } else { '&' }, encoded(value)));
    }
    uri
}

/// A template is taken with all of its text, or refused with a reason.
fn parsed(text: &str) {
    match variables(text) {
        Ok(names) => {
            for (name, _) in &names {
                assert_eq!(names.iter().filter(|(other, _)| other == name).count(), 1, "{text}");
                assert!(text.contains(name.as_str()));
            }
            assert_eq!(names.is_empty(), !text.contains('{'));
        }
        Err(reason) => assert!(reason.to_string().contains("compile_error"), "{reason}"),
    }
}
