//! UTF-8: what is none is a parse error wherever it stands, what is odd but right comes back as it was.

use mcp_tests::process::call;
use mcp_tests::raw::Raw;
use mcp_tests::typed;
use serde_json::json;

const TYPED: &str = env!("CARGO_BIN_EXE_typed");

/// What is no UTF-8, or no text of JSON.
const WRONG: [(&str, &[u8]); 26] = [
    ("an overlong slash of two bytes", b"\xc0\xaf"),
    ("an overlong slash of three bytes", b"\xe0\x80\xaf"),
    ("an overlong slash of four bytes", b"\xf0\x80\x80\xaf"),
    ("an overlong NUL", b"\xc0\x80"),
    ("an overlong quote", b"\xc0\xa2"),
    ("an overlong letter", b"\xc1\xa1"),
    ("the largest overlong of two bytes", b"\xc1\xbf"),
    ("the largest overlong of three bytes", b"\xe0\x9f\xbf"),
    ("the largest overlong of four bytes", b"\xf0\x8f\xbf\xbf"),
    ("a high surrogate", b"\xed\xa0\x80"),
    ("a low surrogate", b"\xed\xbf\xbf"),
    ("a pair of surrogates", b"\xed\xa0\xbd\xed\xb8\x80"),
    ("a sequence cut after one of two", b"\xc3"),
    ("a sequence cut after two of three", b"\xe2\x82"),
    ("a sequence cut after three of four", b"\xf0\x9f\x98"),
    ("a sequence cut by a letter", b"\xe2\x82x"),
    ("a sequence cut by another", b"\xe2\xc3\xa4"),
    ("a continuation alone", b"\x80"),
    ("continuations alone", b"\xbf\xbf\xbf"),
    ("beyond the last character", b"\xf4\x90\x80\x80"),
    ("five bytes", b"\xf8\x88\x80\x80\x80"),
    ("six bytes", b"\xfc\x84\x80\x80\x80\x80"),
    ("what never stands in UTF-8", b"\xfe\xff"),
    ("Latin-1", b"caf\xe9"),
    ("a NUL", b"\0"),
    ("a control character", b"\x1f"),
];

/// What looks wrong and is not.
const RIGHT: [&str; 12] = [
    "\u{feff}",
    "a\u{feff}b",
    "\u{0}",
    "\u{7f}\u{80}\u{9f}",
    "\u{d7ff}\u{e000}",
    "\u{fffd}\u{fffe}\u{ffff}",
    "\u{10ffff}",
    "\u{1f600}",
    "e\u{301}",
    "\u{202e}txt",
    "\u{2028}\u{2029}",
    "\u{200d}\u{1f468}\u{200d}\u{1f469}",
];

/// The places of a frame where a text can stand.
fn places() -> Vec<(&'static str, String)> {
    let good = call("id", "same", json!({ "value": "@" })).to_string();
    vec![
        ("a value", good.clone()),
        ("a key within a value", good.replace("\"@\"", "{\"@\":1}")),
        ("the id", good.replace("\"@\"", "1").replace("\"id\":\"id\"", "\"id\":\"@\"")),
        ("the method", good.replace("\"@\"", "1").replace("tools/call", "@")),
        ("the name", good.replace("\"@\"", "1").replace("\"same\"", "\"@\"")),
        ("an argument's name", good.replace("\"value\":\"@\"", "\"@\":1")),
        ("a key of the envelope", good.replace("\"@\"", "1").replacen('{', "{\"@\":1,", 1)),
        ("a key of the metadata", good.replace("\"@\"", "1").replacen("\"_meta\":{", "\"_meta\":{\"@\":1,", 1)),
        ("outside of any text", good.replace("\"@\"", "@")),
    ]
}

#[test]
fn what_is_no_utf_8_is_a_parse_error_wherever_it_stands() {
    let mut mistakes = Vec::new();
    for mut raw in Raw::all(TYPED, typed::server) {
        for (place, frame) in places() {
            assert_eq!(frame.matches('@').count(), 1, "{place}");
            let (before, after) = frame.split_once('@').unwrap();
            for (what, bytes) in WRONG {
                let answer = raw.ask([before.as_bytes(), bytes, after.as_bytes()].concat());
                let told = answer["error"]["message"].as_str().unwrap_or_default();
                if answer["error"]["code"] != -32700 || told.len() < 10 || told.chars().any(char::is_control) {
                    mistakes.push(format!("{} {place} {what}: {answer}", raw.name()));
                }
                mistakes.extend(raw.is_healthy().err());
            }
        }
    }
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
}

#[test]
fn what_is_odd_but_right_comes_back_as_it_was() {
    for mut raw in Raw::all(TYPED, typed::server) {
        for text in RIGHT {
            let escaped = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect::<Vec<_>>().concat();
            let plain = json!(text).to_string();
            for written in [plain.trim_matches('"'), &escaped] {
                for (place, frame) in &places()[..3] {
                    let answer = raw.ask(frame.replacen('@', written, 1));
                    let came = &answer["result"]["content"][0]["text"];
                    match *place {
                        "a value" => assert_eq!(*came, json!(text).to_string(), "{}: {answer}", raw.name()),
                        "the id" => assert_eq!(answer["id"], text, "{}: {answer}", raw.name()),
                        _ => assert_eq!(*came, json!({ text: 1 }).to_string(), "{}: {answer}", raw.name()),
                    }
                }
            }
            raw.is_healthy().unwrap();
        }
    }
}

#[test]
fn a_byte_order_mark_or_another_encoding_is_named_as_what_it_is() {
    let good = call(1, "add", json!({ "a": 1, "b": 2 })).to_string();
    let little: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = good.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for mut raw in Raw::all(TYPED, typed::server) {
        let marked = raw.ask([b"\xef\xbb\xbf", good.as_bytes()].concat());
        assert_eq!(marked["error"]["code"], -32700);
        assert!(marked["error"]["message"].as_str().unwrap().contains("byte-order mark"), "{marked}");
        for bytes in [little.clone(), big.clone(), [b"\xff\xfe".to_vec(), little.clone()].concat()] {
            assert_eq!(raw.ask(&bytes)["error"]["code"], -32700);
            raw.is_healthy().unwrap();
        }
    }
}
