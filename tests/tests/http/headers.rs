//! What 2026-07-28 mirrors into headers: each of them missing, doubled, different or ill-formed is -32020, and what is written
//! in another way but says the same is served.

use mcp_tests::connection::modern;
use mcp_tests::http::{Request, Site, call};
use mcp_tests::site::{Log, server};
use serde_json::{Value, json};

const MISMATCH: i64 = -32020;

fn site() -> Site {
    Site::open(server(&Log::default()))
}

fn assert_served(site: &Site, what: &str, request: &Request) -> Value {
    let answer = site.send(request);
    assert_eq!((answer.status, &answer.json()["id"]), (200, &json!("call")), "{what}: {answer}");
    assert!(answer.json().get("result").is_some(), "{what}: {answer}");
    answer.json()
}

/// Requests that have a name, and one that has none.
fn good() -> [Request; 4] {
    let read = modern("call", "resources/read", json!({ "uri": "site://watched" }));
    let greet = modern("call", "prompts/get", json!({ "name": "greet", "arguments": { "name": "you" } }));
    let list = modern("call", "tools/list", json!({}));
    [call("add", json!({ "a": 1, "b": 2 })), Request::modern(&read), Request::modern(&greet), Request::modern(&list)]
}

#[test]
fn each_standard_header_stands_there_once_and_says_what_the_body_says() {
    let site = site();
    for request in good() {
        assert_served(&site, "the control", &request);
        for name in ["MCP-Protocol-Version", "Mcp-Method", "Mcp-Name"] {
            let value = value_of(&request, name);
            let Some(value) = value else { continue };
            let refused = |request: Request| site.send(&request).refused_call(400, MISMATCH);
            let message = refused(request.clone().without(name));
            assert!(message.contains(name) && message.contains("missing"), "{message}");
            let message = refused(request.clone().with(name, &value));
            assert!(message.contains("more than once"), "{message}");
            let message = refused(request.clone().set(name, "other"));
            assert!(message.contains("`other`") && message.contains(&value), "{message}");
            for wrong in ["", &value.to_uppercase(), &format!("{value}x"), &format!("{value}, {value}"), "\u{e9}"] {
                if wrong != value {
                    refused(request.clone().set(name, wrong));
                }
            }
        }
    }
}

fn value_of(request: &Request, name: &str) -> Option<String> {
    let head = String::from_utf8(request.head()).unwrap();
    head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")).map(str::to_owned))
}

#[test]
fn names_of_headers_have_no_case_and_values_no_space_around_them() {
    let site = site();
    for request in good() {
        for name in ["MCP-Protocol-Version", "Mcp-Method", "Mcp-Name"] {
            let Some(value) = value_of(&request, name) else { continue };
            for written in [name.to_lowercase(), name.to_uppercase()] {
                assert_served(&site, &written, &request.clone().without(name).with(&written, &value));
            }
            assert_served(&site, "spaces", &request.clone().set(name, &format!("  {value} \t ")));
            let (begin, end) = value.split_at(1);
            let inside = request.clone().set(name, &format!("{begin} {end}"));
            let message = site.send(&inside).refused_call(400, MISMATCH);
            assert!(message.contains(name), "{message}");
        }
    }
}

#[test]
fn a_name_may_be_encoded_and_is_decoded_before_it_is_compared() {
    let site = site();
    let encoded = |text: &str| {
        use base64::Engine as _;
        format!("=?base64?{}?=", base64::engine::general_purpose::STANDARD.encode(text))
    };
    let add = call("add", json!({ "a": 1, "b": 2 }));
    assert_served(&site, "encoded", &add.clone().set("Mcp-Name", &encoded("add")));
    for wrong in [
        encoded("Add"),
        encoded("add\r\nMcp-Name: other"),
        encoded("add\0"),
        encoded("").replace("?=", "?"),
        "=?base64?YWRk".to_owned(),
        "=?base64?YWR?=".to_owned(),
        "=?base64?YW!k?=".to_owned(),
        "=?base64?_-_-?=".to_owned(),
        "=?base64?/w==?=".to_owned(),
        "=?BASE64?YWRk?=".to_owned(),
        "YWRk".to_owned(),
    ] {
        let message = site.send(&add.clone().set("Mcp-Name", &wrong)).refused_call(400, MISMATCH);
        assert!(!message.contains(['\r', '\n', '\0']), "{message:?}");
    }
    // The other two are never encoded.
    site.send(&add.clone().set("Mcp-Method", &encoded("tools/call"))).refused_call(400, MISMATCH);
    site.send(&add.clone().set("MCP-Protocol-Version", &encoded("2026-07-28"))).refused_call(400, MISMATCH);
    // A name with line breaks is a name like any other: there is just no such tool.
    let odd = "no\r\nsuch tool";
    site.send(&call(odd, json!({})).set("Mcp-Name", &encoded(odd))).refused_call(400, -32602);
}

fn mirrored(region: Value, lines: &[(&str, &str)]) -> Request {
    let request = call("mirrored", json!({ "region": region }));
    lines.iter().fold(request, |request, (name, value)| request.with(name, value))
}

#[test]
fn an_argument_that_is_mirrored_is_compared() {
    let site = site();
    let refused = |value: Value, lines: &[(&str, &str)]| site.send(&mirrored(value, lines)).refused_call(400, MISMATCH);
    for (value, said) in [
        (json!("Hello"), "Hello"),
        (json!("Hello"), "  Hello\t"),
        (json!("Hello"), "=?base64?SGVsbG8=?="),
        (json!("SGVsbG8="), "SGVsbG8="),
        (json!("=?base64?SGVsbG8="), "=?base64?SGVsbG8="),
        (json!("Hello, 世界"), "=?base64?SGVsbG8sIOS4lueVjA==?="),
        (json!(" padded "), "=?base64?IHBhZGRlZCA=?="),
        (json!("a\r\nb"), "=?base64?YQ0KYg==?="),
        (json!("=?base64?literal?="), "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="),
        (json!(""), ""),
    ] {
        let answer = assert_served(&site, said, &mirrored(value.clone(), &[("mcp-param-REGION", said)]));
        let text = answer["result"]["content"][0]["text"].as_str().unwrap();
        assert!(text.starts_with(&format!("Some({:?})", value.as_str().unwrap())), "{text}");
    }
    for said in
        ["hello", "=?base64?SGVsbG8?=", "=?base64?SGVs!!!bG8=?=", "SGVsbG8=", "", "Hel lo", "\u{e9}", "Hello, Hello"]
    {
        refused(json!("Hello"), &[("Mcp-Param-Region", said)]);
    }
    let message = refused(json!("Hello"), &[]);
    assert!(message.contains("mcp-param-region") && message.contains("`Hello`"), "{message}");
    let message = refused(json!("a"), &[("Mcp-Param-Region", "a"), ("mcp-param-region", "a")]);
    assert!(message.contains("more than once"), "{message}");
    // What the body does not say, the header must not say either.
    assert_served(&site, "null", &mirrored(Value::Null, &[]));
    refused(Value::Null, &[("Mcp-Param-Region", "x")]);
    refused(Value::Null, &[("Mcp-Param-Region", "")]);
    // Nobody looks at headers that mirror nothing.
    assert_served(&site, "unknown", &mirrored(Value::Null, &[("Mcp-Param-Unknown", "=?base64?!?=")]));
    assert_served(&site, "elsewhere", &call("echo", json!({ "text": "x" })).with("Mcp-Param-Region", "y"));
}

#[test]
fn numbers_are_compared_by_value_and_truth_by_letter() {
    let site = site();
    let with = |arguments: Value, name: &str, said: &str| call("mirrored", arguments).with(name, said);
    for said in ["42", "42.0", "4.2e1"] {
        assert_served(&site, said, &with(json!({ "count": 42 }), "Mcp-Param-Count", said));
    }
    for said in ["43", "42.5", "+42", "0x2a", "", "forty-two"] {
        site.send(&with(json!({ "count": 42 }), "Mcp-Param-Count", said)).refused_call(400, MISMATCH);
    }
    assert_served(&site, "true", &with(json!({ "dry": true }), "Mcp-Param-Dry", "true"));
    for said in ["True", "1", "false"] {
        site.send(&with(json!({ "dry": true }), "Mcp-Param-Dry", said)).refused_call(400, MISMATCH);
    }
}

#[test]
fn a_line_break_cannot_be_smuggled_into_a_header() {
    let site = site();
    let bytes = String::from_utf8(mirrored(json!("a"), &[("Mcp-Param-Region", "a")]).bytes()).unwrap();
    let mut wire = site.connect();
    wire.write(&bytes);
    assert_eq!(wire.answer().status, 200);
    for inside in ["a\rb", "a\0b"] {
        let mut wire = site.connect();
        wire.write(bytes.replacen("Mcp-Param-Region: a", &format!("Mcp-Param-Region: {inside}"), 1));
        assert_eq!(wire.answer().status, 400);
        wire.closed();
    }
}
