//! Every header that a server reads, with values that nobody should send: what each gets is recorded, and none of them keeps
//! the next request from being served.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use mcp_tests::connection::request;
use mcp_tests::http::{Answer, Request, Session, Site, call};
use mcp_tests::site::{Log, server};
use serde_json::{Value, json};

const HEADERS: [&str; 18] = [
    "Host",
    "Origin",
    "Content-Type",
    "Content-Length",
    "Transfer-Encoding",
    "Content-Encoding",
    "Accept",
    "Accept-Encoding",
    "Connection",
    "Expect",
    "MCP-Protocol-Version",
    "Mcp-Method",
    "Mcp-Name",
    "Mcp-Param-Region",
    "Mcp-Param-Count",
    "Mcp-Session-Id",
    "Last-Event-ID",
    "Access-Control-Request-Method",
];

/// Values, and what to call them.
fn values() -> Vec<(&'static str, String)> {
    let mut values: Vec<_> = [
        ("nothing", ""),
        ("blanks", " \t "),
        ("a star", "*"),
        ("a list", "a, b"),
        ("commas", ",,,"),
        ("semicolons", ";;;"),
        ("an open quote", "\""),
        ("null", "null"),
        ("minus one", "-1"),
        ("a power", "1e9"),
        ("a hexadecimal number", "0x10"),
        ("a number that is too large", "18446744073709551616"),
        ("a path", "../../etc/passwd"),
        ("an address", "http://evil.example/?a=b#c"),
        ("Latin-1", "\u{e9}"),
        ("encoded nonsense", "=?base64?!?="),
        ("encoded line breaks", "=?base64?YQ0KYg==?="),
        ("a percent sign", "%00%0d%0a"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .into();
    values.push(("8 KiB", "x".repeat(8192)));
    values.push(("many weights", "a;q=0.1,".repeat(500)));
    values
}

/// Refusals say what to do, in words that harm no log.
fn assert_told(what: &str, answer: &Answer) {
    assert!(answer.status < 500, "{what}: {answer}");
    if answer.status >= 400 && !answer.body.is_empty() {
        let json = answer.json();
        let message = json["error"]["message"].as_str().unwrap_or_default();
        assert!(
            message.len() > 10 && message.len() < 1500 && !message.chars().any(char::is_control),
            "{what}: {answer}"
        );
    }
}

/// The status of the first answer; a closed connection where there is none.
fn status(site: &Site, what: &str, request: &Request, sets: &str) -> String {
    let mut wire = site.connect();
    // What frames the body is sent as it is.
    let bytes = if matches!(sets, "Content-Length" | "Transfer-Encoding") {
        [request.head(), call("add", json!({})).bytes()].concat()
    } else {
        request.bytes()
    };
    wire.write(bytes);
    let Some(head) = wire.try_head() else { return "closed".to_owned() };
    let length = head.header("content-length").and_then(|length| length.parse::<usize>().ok()).unwrap_or(0);
    if length > 0 && head.header("content-encoding").is_none() {
        // The rest is taken on a connection of its own, where it is whole.
        let mut again = site.connect();
        again.write(request.bytes());
        if !matches!(sets, "Content-Length" | "Transfer-Encoding") {
            assert_told(what, &again.answer());
        }
    }
    head.status.to_string()
}

/// The values by what they get.
fn recorded(site: &Site, base: &Request) -> String {
    let mut text = String::new();
    for header in HEADERS {
        for doubled in [false, true] {
            let mut statuses: BTreeMap<String, Vec<&str>> = BTreeMap::new();
            for (name, value) in values() {
                let changed =
                    if doubled { base.clone().with(header, &value) } else { base.clone().set(header, &value) };
                let what = format!("{header}: {name}");
                statuses.entry(status(site, &what, &changed, header)).or_default().push(name);
                let healthy = site.call("add", json!({ "a": 1, "b": 2 }));
                assert_eq!(healthy.said(), "3", "after {what}");
            }
            let _ = writeln!(text, "{header}{}", if doubled { ", besides what is there" } else { "" });
            for (status, names) in statuses {
                let all = names.len() == values().len();
                let _ = writeln!(text, "    {status}: {}", if all { "all".to_owned() } else { names.join(", ") });
            }
        }
    }
    text
}

#[test]
fn hostile_headers_of_a_request_alone_get_what_they_got() {
    let site = Site::open(server(&Log::default()));
    let base = call("mirrored", json!({ "region": "eu", "count": 42 }))
        .with("Mcp-Param-Region", "eu")
        .with("Mcp-Param-Count", "42");
    assert_eq!(site.send(&base).said(), "Some(\"eu\") Some(42) None");
    insta::assert_snapshot!(recorded(&site, &base));
}

#[test]
fn hostile_headers_of_a_request_in_a_session_get_what_they_got() {
    let site = Site::open(server(&Log::default()));
    let session = Session::open(&site, "2025-11-25");
    let message: Value = request("call", "tools/call", json!({ "name": "add", "arguments": { "a": 1, "b": 2 } }));
    let base = session.request(message.to_string());
    assert_eq!(site.send(&base).said(), "3");
    insta::assert_snapshot!(recorded(&site, &base));
}
