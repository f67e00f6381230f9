//! Whatever a server says, and wherever it says it: nothing of it steers the terminal.

#![cfg(unix)]

#[expect(dead_code, reason = "other tests need more of it")]
mod process;
#[expect(dead_code, reason = "other tests need more of it")]
#[path = "process/stub.rs"]
mod stub;

use process::Run;
use serde_json::{Value, json};
use stub::Stub;

/// Escape, the same in one character of the second control block, and what turns the reading direction.
const EVIL: &str = "x\u{1b}[2J\u{9b}31m\u{202e}y";
/// The same where a name must be a word of the command line.
const NAME: &str = "n\u{1b}[1m\u{9b}m\u{202e}";

/// Whether a terminal acts on it.
fn steers(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn check(line: &[&str], run: &Run) {
    for (stream, text) in [("stdout", &run.stdout), ("stderr", &run.stderr)] {
        let found = text.lines().find(|text| text.chars().any(steers));
        assert!(found.is_none(), "{line:?}: {stream}: {:?}", found.unwrap_or_default());
    }
}

/// A server that says nothing harmless. Its schemas are wrong where that lets more through.
fn server(name: &str, schema: &Value) -> Stub {
    let capabilities = json!({ "tools": {}, "resources": {}, "prompts": {}, "logging": {}, "completions": {} });
    let stub = Stub::new(name, &capabilities, &json!({ "name": EVIL, "title": EVIL, "version": EVIL }));
    stub.answers("logging/setLevel", &json!({}));
    let tool = |name: &str, schema: &Value| {
        json!({ "name": name, "title": EVIL, "description": EVIL, "inputSchema": schema, "outputSchema": {
            "type": "object", "properties": { EVIL: { "type": EVIL, "description": EVIL }, "b": { "type": [EVIL, "null"] } },
        } })
    };
    let plain = json!({ "type": "object" });
    let mut called = tool(NAME, schema);
    // What it answers is not structured.
    called.as_object_mut().expect("an object").remove("outputSchema");
    stub.answers("tools/list", &json!({ "tools": [called, tool("fails", &plain), tool("refuses", &plain)] }));
    let content = json!([
        { "type": "text", "text": EVIL }, { "type": "image", "data": "AAAA", "mimeType": EVIL },
        { "type": "audio", "data": "AAAA", "mimeType": EVIL },
        { "type": "resource_link", "uri": EVIL, "name": EVIL, "description": EVIL, "mimeType": EVIL },
        { "type": "resource", "resource": { "uri": EVIL, "text": EVIL, "mimeType": EVIL } },
        { "type": "resource", "resource": { "uri": EVIL, "blob": "AAAA", "mimeType": EVIL } },
    ]);
    stub.answers("tools/call", &json!({ "content": content }));
    let told = |level: &str| {
        json!({ "jsonrpc": "2.0", "method": "notifications/message",
                "params": { "level": level, "logger": EVIL, "data": { EVIL: EVIL } } })
    };
    let progress = json!({ "jsonrpc": "2.0", "method": "notifications/progress",
                           "params": { "progressToken": "@TOKEN@", "progress": 1, "total": 2, "message": EVIL } });
    let text =
        json!({ "jsonrpc": "2.0", "method": "notifications/message", "params": { "level": "error", "data": EVIL } });
    stub.sends_before("tools/call", &[told("error"), told("info"), text, progress]);
    stub.answers(
        "resources/list",
        &json!({ "resources": [{ "uri": EVIL, "name": EVIL, "description": EVIL, "mimeType": EVIL }] }),
    );
    let template = json!({ "uriTemplate": EVIL, "name": EVIL, "description": EVIL, "mimeType": EVIL });
    stub.answers("resources/templates/list", &json!({ "resourceTemplates": [template] }));
    stub.answers(
        "resources/read",
        &json!({ "contents": [
        { "uri": EVIL, "text": EVIL, "mimeType": EVIL }, { "uri": EVIL, "blob": "AAAA", "mimeType": EVIL },
    ] }),
    );
    let argument = json!({ "name": EVIL, "description": EVIL, "required": false });
    stub.answers(
        "prompts/list",
        &json!({ "prompts": [{ "name": NAME, "description": EVIL, "arguments": [argument] }] }),
    );
    stub.answers(
        "prompts/get",
        &json!({ "description": EVIL, "messages": [
        { "role": "user", "content": { "type": "text", "text": EVIL } },
        { "role": "assistant", "content": { "type": "image", "data": "AAAA", "mimeType": EVIL } },
    ] }),
    );
    stub
}

#[test]
fn nothing_that_a_server_says_steers_the_terminal() {
    let schema = json!({
        "type": "object", "required": ["need"], "additionalProperties": false,
        "properties": {
            "need": { "type": EVIL, "description": EVIL, "default": EVIL, "pattern": EVIL },
            EVIL: { "type": ["string", EVIL], "enum": [EVIL], "description": EVIL },
            "several": { "type": [EVIL, EVIL] }, "items": { "type": "array", "items": { "type": EVIL } },
            "inner": { "type": "object", "properties": { EVIL: { "type": EVIL, "minimum": EVIL } } },
            "either": { "anyOf": [{ "type": EVIL }, { "const": EVIL }], "format": EVIL },
        },
    });
    let stub = server("escapes", &schema);
    let old = server("escapes-old", &json!({ "type": "object", "properties": { "gone": { "type": EVIL } } }));
    let locked = old.run(&["lock", "--output", "old.lock"]);
    assert_eq!(locked.code, 0, "{}", locked.stderr);
    let old = old.file("old.lock").display().to_string();
    let (missing, wrong) = (format!("--{EVIL}"), format!("--{EVIL}={EVIL}"));
    for (line, code) in [
        (&["list"][..], 0),
        (&["list", "--tokens"], 0),
        (&["-v", "call", NAME, "--need", "1"], 0),
        (&["call", NAME, "--need", EVIL], 2),
        (&["call", NAME, "--help"], 0),
        (&["call", NAME], 2),
        (&["call", NAME, "--need", "1", &missing], 2),
        (&["call", NAME, "--need", "1", &wrong], 0),
        (&["call", NAME, "--need", "1", "--several", EVIL], 2),
        (&["call", NAME, "--need", "1", "--unknown", EVIL], 2),
        (&["call", NAME, "--need", "1", &format!("{EVIL}:={EVIL}")], 2),
        (&["call", NAME, "--input", EVIL], 2),
        (&["call", EVIL], 2),
        (&["call", "nothing"], 2),
        (&["read", "a:b"], 0),
        (&["prompt", NAME], 0),
        (&["prompt", NAME, "--help"], 0),
        (&["prompt", EVIL], 2),
        (&["inspect"], 0),
        (&["diff", "--against", &old], 100),
        (&["diff", "--against", &old, "--format", "md"], 100),
        (&["diff", "--against", &old, "--format", "github"], 100),
        (&["schema", "--format", "md"], 0),
        (&["schema", "--format", "ts"], 0),
        (&["schema", "--format", "jsonschema"], 0),
        (&["schema", "--format", "openapi"], 0),
    ] {
        let run = stub.run(line);
        check(line, &run);
        assert_eq!(run.code, code, "{line:?}: {}{}", run.stdout, run.stderr);
        assert!(!format!("{}{}", run.stdout, run.stderr).is_empty(), "{line:?}: there is something to see");
        let line = [&["--json"], line].concat();
        check(&line, &stub.run(&line));
    }
}

#[test]
fn nothing_in_a_failure_steers_the_terminal() {
    let stub = server("escapes-failures", &json!({ "type": "object" }));
    stub.answers("tools/call", &json!({ "content": [{ "type": "text", "text": EVIL }], "isError": true }));
    stub.refuses("resources/read", EVIL);
    stub.refuses("prompts/get", EVIL);
    for (line, code) in
        [(&["call", "fails"][..], 5), (&["read", "a:b"], 6), (&["prompt", NAME], 6), (&["--json", "read", "a:b"], 6)]
    {
        let run = stub.run(line);
        check(line, &run);
        assert!(run.code == code && !run.stderr.is_empty(), "{line:?}: {}{}", run.code, run.stderr);
    }
    stub.refuses("initialize", EVIL);
    let run = stub.run(&["list"]);
    check(&["list"], &run);
    assert!(run.stderr.contains("\\u{202e}"), "it is shown: {}", run.stderr);
}
