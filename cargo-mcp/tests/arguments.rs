//! What a tool's schema refuses never reaches the server; what comes back is not touched.

#![cfg(unix)]

#[expect(dead_code, reason = "other tests need more of it")]
mod process;
#[expect(dead_code, reason = "other tests need more of it")]
#[path = "process/stub.rs"]
mod stub;

use serde_json::{Value, json};
use stub::Stub;

fn server(name: &str, schema: &Value) -> Stub {
    let stub = Stub::new(name, &json!({ "tools": {} }), &json!({ "name": "stub", "version": "1" }));
    stub.answers("tools/list", &json!({ "tools": [{ "name": "find", "inputSchema": schema }] }));
    stub.answers(
        "tools/call",
        &json!({
            "content": [], "structuredContent": { "big": 0 },
        }),
    );
    stub
}

#[test]
fn what_the_schema_refuses_is_not_sent() {
    let stub = server(
        "arguments",
        &json!({
            "type": "object", "additionalProperties": false,
            "$defs": { "Filter": { "type": "object", "properties": {
                "min": { "type": "integer", "description": "The least." }, "word": { "type": "string" } }, "required": ["min"] } },
            "properties": {
                "limit": { "type": "integer", "exclusiveMinimum": 0 }, "name": { "type": "string", "pattern": "^[a-z]+$" },
                "tags": { "type": "array", "items": { "type": "string" } }, "filter": { "$ref": "#/$defs/Filter" },
            },
        }),
    );
    for (words, expected) in [
        (&["--input", r#"{"limit":"x"}"#][..], "error: --limit: expected integer, got \"x\"\n"),
        (&["--limit", "0"], "error: --limit: expected more than 0, got 0\n"),
        (&["--name", "A"], "error: --name: expected a text that matches ^[a-z]+$, got \"A\"\n"),
        (&["tags:=[1]"], "error: --tags[0]: expected string, got 1\n"),
        (&["--filter.word", "x"], "error: missing --filter.min\n"),
        (&["--filter.mni", "1"], "did you mean `filter.min`?"),
        (&["--input", r#"{"limti":1}"#], "did you mean `limit`?"),
    ] {
        let run = stub.run(&[&["call", "find"], words].concat());
        assert_eq!(run.code, 2, "{words:?}: {}", run.stderr);
        assert!(run.stderr.contains(expected), "{words:?}: {}", run.stderr);
        assert!(!stub.got("tools/call"), "{words:?} was sent");
    }
    let run = stub.run(&["call", "find", "--filter.min", "1", "--tags", "a"]);
    assert!(run.code == 0 && stub.got("tools/call"), "{}", run.stderr);
    let run = stub.run(&["call", "find", "--help"]);
    assert!(run.stdout.contains("\n  --filter.min <int>  (required in filter)\n      The least.\n"), "{}", run.stdout);
}

#[test]
fn a_schema_that_cannot_be_read_leaves_the_judgement_to_the_server() {
    for schema in [
        json!({ "type": "object", "properties": { "a": { "type": "string", "pattern": "(" } } }),
        json!({ "type": "object", "properties": { "a": { "$ref": "https://example.com/a.json" } } }),
    ] {
        let stub = server("arguments-broken", &schema);
        let run = stub.run(&["call", "find", "--a", "x"]);
        assert!(run.code == 0 && stub.got("tools/call"), "{schema}: {}", run.stderr);
    }
}

#[test]
fn the_digits_of_a_result_are_the_servers() {
    let stub = server("arguments-digits", &json!({ "type": "object" }));
    let answer = stub.file("answer-tools-call");
    let text = std::fs::read_to_string(&answer).expect("a file");
    let big = "123456789012345678901234567890.10";
    std::fs::write(&answer, text.replace("\"big\":0", &format!("\"big\":{big}"))).expect("a file");
    for line in [&["call", "find"][..], &["--json", "call", "find"]] {
        let run = stub.run(line);
        assert!(run.stdout.contains(big), "{line:?}: {}{}", run.stdout, run.stderr);
    }
}

#[test]
fn a_saved_file_takes_no_other_ones_place() {
    let stub = server("arguments-save", &json!({ "type": "object" }));
    let image = |data: &str| json!({ "type": "image", "data": data, "mimeType": "image/png" });
    stub.answers("tools/call", &json!({ "content": [image("AAAA"), image("AAAA")] }));
    let out = stub.file("out");
    std::fs::create_dir_all(&out).expect("a folder");
    std::fs::write(out.join("1.png"), "mine").expect("a file");
    for _ in 0..2 {
        let run = stub.run(&["call", "--save", "out", "find"]);
        assert_eq!(run.code, 0, "{}", run.stderr);
    }
    let mut names: Vec<_> = std::fs::read_dir(&out).expect("a folder").flatten().map(|one| one.file_name()).collect();
    names.sort();
    assert_eq!(names, ["1.png", "2.png", "3.png", "4.png", "5.png"]);
    assert_eq!(std::fs::read_to_string(out.join("1.png")).expect("a file"), "mine");
}

#[test]
fn a_revision_that_is_not_answered_is_not_dropped_without_a_word() {
    let stub = server("arguments-silent", &json!({ "type": "object" }));
    let script = std::fs::read_to_string(stub.file("server.sh")).expect("a file");
    let run = stub.run(&["lock", "--output", "-", "--protocol", "2025-11-25"]);
    assert!(run.code == 0 && run.stderr.is_empty(), "it answers that it speaks no other: {}", run.stderr);
    // The second time it says nothing.
    let silent = format!("if [ -e started ]; then exec sleep 20; fi; touch started\n{script}");
    std::fs::write(stub.file("server.sh"), silent).expect("a file");
    let run = stub.run(&["lock", "--output", "-", "--protocol", "2025-11-25", "--timeout", "1"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stderr.contains("did not answer in 2025-06-18 and is taken not to speak it"), "{}", run.stderr);
}
