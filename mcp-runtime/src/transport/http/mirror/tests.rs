//! Headers and bodies that agree, and all the ways in which they do not.

use serde_json::json;

use super::*;
use crate::error::HEADER_MISMATCH;

fn headers(lines: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    headers
}

/// The message of a refusal, which must have the right code.
fn refusal(result: Result<(), ProtocolError>) -> Option<String> {
    let error = result.err()?;
    assert_eq!(error.code(), HEADER_MISMATCH);
    assert!(error.message().len() < 1200, "{}", error.message().len());
    Some(error.message().to_owned())
}

/// What a call of `tool` gets with these changes to its headers; an empty value takes the header away.
fn standard(changes: &[(&'static str, &str)], name: &str) -> Option<String> {
    let mut headers =
        headers(&[("MCP-Protocol-Version", "2026-07-28"), ("mcp-method", "tools/call"), ("MCP-NAME", " \ttool  ")]);
    for (name, value) in changes {
        headers.remove(*name);
        if !value.is_empty() {
            headers.insert(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
    }
    refusal(check_standard(&headers, Some("2026-07-28"), "tools/call", Some(name)))
}

#[test]
fn headers_that_agree_pass_whatever_their_case_and_padding() {
    assert_eq!(standard(&[], "tool"), None);
    assert_eq!(standard(&[("mcp-name", "=?base64?dG9vbA==?=")], "tool"), None);
    assert_eq!(standard(&[("mcp-name", "=?base64?5LiW55WM?=")], "世界"), None);
    assert_eq!(standard(&[("mcp-name", "=?base64?IHRvb2wg?=")], " tool "), None);
    assert_eq!(standard(&[("mcp-name", "=?BASE64?dG9vbA==?=")], "=?BASE64?dG9vbA==?="), None);
}

#[test]
fn each_standard_header_must_be_there_and_agree() {
    let cases: [(&[(&str, &str)], &str); 11] = [
        (&[("mcp-protocol-version", "")], "`MCP-Protocol-Version` is missing; the body says `2026-07-28`"),
        (&[("mcp-protocol-version", "2025-11-25")], "says `2025-11-25` but the body says `2026-07-28`"),
        (&[("mcp-method", "")], "`Mcp-Method` is missing; the body says `tools/call`"),
        (&[("mcp-method", "prompts/get")], "`Mcp-Method` says `prompts/get` but the body says `tools/call`"),
        (&[("mcp-method", "TOOLS/CALL")], "says `TOOLS/CALL`"),
        (&[("mcp-method", "=?base64?dG9vbHMvY2FsbA==?=")], "says `=?base64?"),
        (&[("mcp-name", "")], "`Mcp-Name` is missing; the body says `tool`"),
        (&[("mcp-name", "Tool")], "says `Tool`"),
        (&[("mcp-name", "t\u{f6}\u{f6}l")], "characters that headers must not have"),
        (&[("mcp-name", "=?base64?dG9vbA?=")], "with padding"),
        (&[("mcp-name", "=?base64?/w==?=")], "UTF-8"),
    ];
    for (changes, expected) in cases {
        let message = standard(changes, "tool").unwrap_or_default();
        assert!(message.contains(expected), "{changes:?}: {message}");
    }
}

#[test]
fn a_header_that_stands_twice_is_refused_even_if_both_agree() {
    let lines = [("mcp-protocol-version", "2026-07-28"), ("mcp-method", "ping"), ("mcp-method", "ping")];
    let message = refusal(check_standard(&headers(&lines), None, "ping", None)).unwrap_or_default();
    assert!(message.contains("more than once"), "{message}");
    assert_eq!(refusal(check_standard(&headers(&lines[..2]), None, "ping", None)), None);
}

#[test]
fn a_body_without_a_revision_still_needs_the_header() {
    let method = ("mcp-method", "ping");
    assert_eq!(refusal(check_standard(&headers(&[("mcp-protocol-version", "any"), method]), None, "ping", None)), None);
    for lines in [&[method][..], &[("mcp-protocol-version", " "), method]] {
        assert!(refusal(check_standard(&headers(lines), None, "ping", None)).is_some());
    }
}

#[test]
fn a_long_value_is_shortened_in_the_message() {
    assert!(standard(&[("mcp-name", &"x".repeat(5000))], &"y".repeat(5000)).is_some());
}

fn mirrors() -> Mirrors {
    let schema = json!({
        "type": "object",
        "properties": {
            "region": {"type": "string", "x-mcp-header": "Region"},
            "count": {"type": ["integer", "null"], "x-mcp-header": "Count"},
            "dry": {"anyOf": [{"type": "boolean"}, {"type": "null"}], "x-mcp-header": "Dry-Run"},
            "color": {"$ref": "#/$defs/Color", "x-mcp-header": "Color"},
            "plain": {"type": "string"},
            "where": {"type": "object", "properties": {
                "deep": {"type": "object", "properties": {"er": {"type": "string", "x-mcp-header": "Deep"}}},
                "none": {"type": "object", "properties": {"er": {"type": "string"}}}
            }}
        },
        "$defs": {"Color": {"oneOf": [{"const": "red"}, {"enum": ["green", "blue"]}]}}
    });
    Mirrors::of(schema.as_object().unwrap())
}

fn call(lines: &[(&str, &str)], arguments: &str) -> Option<String> {
    refusal(mirrors().check(&headers(lines), Some(arguments)))
}

#[test]
fn values_of_every_kind_are_compared_wherever_they_are() {
    let all = [
        ("Mcp-Param-Region", "us-west1"),
        ("MCP-PARAM-COUNT", "42"),
        ("mcp-param-dry-run", "true"),
        ("mcp-param-color", "red"),
        ("mcp-param-deep", "x"),
        ("mcp-param-unknown", "whatever"),
    ];
    let arguments = r#" { "plain":[{"region":1}], "region":"us-w\u0065st1", "count":42, "dry":true, "color":"red",
        "where":{"deep":{"er":"x"}} } "#;
    assert_eq!(call(&all, arguments), None);
    for index in 0..5 {
        let mut changed = all.to_vec();
        changed[index].1 = "other";
        assert!(call(&changed, arguments).is_some_and(|message| message.contains("says `other`")), "{index}");
        changed.remove(index);
        assert!(call(&changed, arguments).is_some_and(|message| message.contains("is missing")), "{index}");
    }
}

#[test]
fn no_value_means_no_header() {
    for arguments in ["{}", r#"{"region":null,"where":null}"#, r#"{"where":{"deep":{}}}"#, "null"] {
        assert_eq!(call(&[], arguments), None, "{arguments}");
        for name in ["mcp-param-region", "mcp-param-deep"] {
            let message = call(&[(name, "x")], arguments).unwrap_or_default();
            assert!(message.contains("leave the header out"), "{arguments}: {message}");
        }
    }
    assert_eq!(refusal(mirrors().check(&HeaderMap::new(), None)), None);
    assert!(refusal(mirrors().check(&headers(&[("mcp-param-region", "")]), None)).is_some());
}

#[test]
fn base64_is_decoded_only_between_both_marks() {
    let region = |said: &str, value: &str| {
        call(&[("mcp-param-region", said)], &json!({ "region": value }).to_string()).is_none()
    };
    for (said, value) in [
        ("=?base64?SGVsbG8=?=", "Hello"),
        ("SGVsbG8=", "SGVsbG8="),
        ("=?base64?SGVsbG8=", "=?base64?SGVsbG8="),
        ("SGVsbG8=?=", "SGVsbG8=?="),
        ("=?base64?SGVsbG8sIOS4lueVjA==?=", "Hello, 世界"),
        ("=?base64?bGluZTEKbGluZTI=?=", "line1\nline2"),
        ("=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=", "=?base64?literal?="),
        ("=?base64??=", ""),
        ("", ""),
    ] {
        assert!(region(said, value), "{said}");
    }
    for (said, value) in [
        ("=?base64?SGVsbG8?=", "Hello"),
        ("=?base64?SGVs!!!bG8=?=", "Hello"),
        ("=?base64?SGVsbG9=?=", "Hello"),
        ("=?base64?literal?=", "=?base64?literal?="),
        ("=?base64?SGVsbG8=?=", "hello"),
        ("SGVsbG8=", "Hello"),
    ] {
        assert!(!region(said, value), "{said}");
    }
}

#[test]
fn integers_are_compared_by_value_and_nothing_else_is() {
    let count =
        |said: &str, value: &str| call(&[("mcp-param-count", said)], &format!("{{\"count\":{value}}}")).is_none();
    for (said, value) in [
        ("42.0", "42"),
        ("42", "42.00"),
        ("4.2e1", "42"),
        ("-7", "-7"),
        ("0", "-0"),
        ("420E-1", "42"),
        ("42", "\"42\""),
        ("42.0", "\"42\""),
        ("forty", "\"forty\""),
        ("9007199254740993", "9007199254740993"),
    ] {
        assert!(count(said, value), "{said} {value}");
    }
    for (said, value) in [
        ("42", "43"),
        ("42.5", "42"),
        ("-42", "42"),
        ("+42", "42"),
        ("0x2a", "42"),
        ("", "0"),
        (".", "0"),
        ("NaN", "0"),
        ("9007199254740992", "9007199254740993"),
        ("1e400", "1"),
    ] {
        assert!(!count(said, value), "{said} {value}");
    }
    assert!(call(&[("mcp-param-region", "42.0")], r#"{"region":"42"}"#).is_some());
    assert!(call(&[("mcp-param-dry-run", "True")], r#"{"dry":true}"#).is_some());
}

#[test]
fn a_body_that_could_be_read_in_two_ways_is_refused() {
    for arguments in [
        r#"{"region":"a","region":"b"}"#,
        r#"{"region":"a","r\u0065gion":"b"}"#,
        r#"{"region":"a","where":["b"]}"#,
        r#"{"region":"a","where":"b"}"#,
        r#"["a"]"#,
    ] {
        let message = call(&[("mcp-param-region", "a")], arguments).unwrap_or_default();
        assert!(message.contains("cannot be compared"), "{arguments}: {message}");
    }
    assert_eq!(call(&[("mcp-param-region", "a")], r#"{"region":"a","plain":1,"plain":2}"#), None);
}

#[test]
fn ill_formed_annotations_mirror_nothing() {
    for property in [
        json!({"type": "string", "x-mcp-header": ""}),
        json!({"type": "string", "x-mcp-header": "a b"}),
        json!({"type": "string", "x-mcp-header": "a\r\nb"}),
        json!({"type": "string", "x-mcp-header": 1}),
        json!({"type": "number", "x-mcp-header": "a"}),
        json!({"type": ["string", "integer"], "x-mcp-header": "a"}),
        json!({"$ref": "#/$defs/Loop", "x-mcp-header": "a"}),
        json!({"type": "array", "items": {"type": "string", "x-mcp-header": "a"}}),
        json!({"anyOf": [{"type": "string", "x-mcp-header": "a"}]}),
        json!({"x-mcp-header": "a"}),
    ] {
        let schema = json!({"properties": {"p": property}, "$defs": {"Loop": {"$ref": "#/$defs/Loop"}}});
        assert!(Mirrors::of(schema.as_object().unwrap()).is_empty(), "{property}");
    }
    let properties: Map<String, Value> = (0..100)
        .map(|index| (format!("p{index}"), json!({"type": "string", "x-mcp-header": format!("h{}", index % 90)})))
        .collect();
    let schema = json!({ "properties": properties });
    assert_eq!(Mirrors::of(schema.as_object().unwrap()).values.len(), MOST);
}
