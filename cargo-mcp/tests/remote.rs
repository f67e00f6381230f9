//! Servers over HTTP: `--url`, `--header`, `--bearer-env`, `diff --against URL`, and addresses where no server is.

#[expect(dead_code, reason = "other tests need more of it")]
mod process;

#[path = "process/served.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod served;

use std::net::TcpListener;

use process::{Run, Scratch, mcp, mcp_with, repository};
use serde_json::Value;
use served::{Pages, Served};

fn ok(run: &Run) -> &str {
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    &run.stdout
}

#[test]
fn every_command_reaches_a_server_by_its_address() {
    let served = Served::example("notes");
    let scratch = Scratch::new("remote");
    let url = |command: &str, rest: &[&str]| mcp(&scratch.0, &[&[command, "--url", &served.url], rest].concat());
    assert!(ok(&url("list", &["tools"])).contains("search(query: string"));
    assert!(ok(&url("call", &["search", "--query", "rust"])).contains("ownership means"));
    assert!(ok(&url("read", &["note://1"])).contains("ownership means"));
    assert!(ok(&url("prompt", &["summarize", "--topic", "tea"])).contains("tea"));
    let value: Value = serde_json::from_str(ok(&url("inspect", &[]))).expect("JSON");
    assert_eq!((&value["protocolVersion"], &value["tools"][0]["name"]), (&"2026-07-28".into(), &"search".into()));
    assert!(ok(&url("schema", &["--format", "ts"])).contains("export interface Tools {"));
    assert!(ok(&url("call", &["--protocol", "2025-03-26", "search", "--query", "rust"])).contains("ownership means"));

    ok(&url("lock", &[]));
    assert!(scratch.0.join("mcp.lock").is_file(), "beside whoever asks");
    assert_eq!(ok(&url("diff", &["--against", "mcp.lock"])), "nothing changed since mcp.lock\n");
    let own = mcp(&repository(), &["diff", "--bin", "notes", "--against", &served.url]);
    assert_eq!(ok(&own), format!("nothing changed since {}\n", served.url));
    let run = url("diff", &["--against", &Served::example("hello").url]);
    assert_eq!(run.code, 100, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("tool-removed") && run.stdout.contains("tool-added"), "{}", run.stdout);

    let run = url("call", &["serch"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stderr.contains("did you mean `search`?"), "{}", run.stderr);
    let run = url("list", &["--", "echo"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("there are two servers"), "{}", run.stderr);
}

const DISCOVERED: &str = r#"{"jsonrpc":"2.0","id":@ID@,"result":{"supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},"ttlMs":0,"cacheScope":"private","resultType":"complete","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"x","version":"1"}}}}"#;
const LISTED: &str = r#"{"jsonrpc":"2.0","id":@ID@,"result":{"tools":[{"name":"good","inputSchema":{"type":"object"}},{"name":"bad\u001b[2J","inputSchema":{"type":"object","properties":{"a":{"type":"string","x-mcp-header":"a b"}}}}],"ttlMs":0,"cacheScope":"private","resultType":"complete"}}"#;
const CALLED: &str =
    r#"{"jsonrpc":"2.0","id":@ID@,"result":{"content":[{"type":"text","text":"done"}],"resultType":"complete"}}"#;

/// A server of 2026-07-28 alone.
fn newest(request: &str) -> (u16, &'static str, &'static str) {
    let is = |method: &str| request.contains(&format!("\"method\":\"{method}\""));
    match () {
        () if is("server/discover") => (200, "application/json", DISCOVERED),
        () if is("tools/list") => (200, "application/json", LISTED),
        () if is("tools/call") => (200, "application/json", CALLED),
        () => (404, "text/plain", ""),
    }
}

#[test]
fn a_tool_that_must_be_left_out_does_not_vanish_without_a_word() {
    let pages = Pages::new(newest);
    let url = format!("{}/mcp", pages.origin);
    let scratch = Scratch::new("remote-left-out");
    for line in [&["list", "--url", &url][..], &["call", "--url", &url, "good"]] {
        let run = mcp(&scratch.0, line);
        assert!(!ok(&run).contains("bad"), "{}", run.stdout);
        assert!(run.stderr.starts_with("warning: the tool bad\\u{1b}[2J is left out: "), "{}", run.stderr);
    }
}

#[test]
fn a_revision_that_cannot_be_asked_for_keeps_the_lock_from_being_written() {
    let scratch = Scratch::new("remote-lock");
    let lock = |pages: &Pages| mcp(&scratch.0, &["lock", "--url", &format!("{}/mcp", pages.origin)]);
    // Older revisions are refused: that is an answer.
    let run = lock(&Pages::new(newest));
    assert!(run.code == 0 && scratch.0.join("mcp.lock").is_file(), "{}", run.stderr);
    std::fs::remove_file(scratch.0.join("mcp.lock")).expect("a file");
    let run = lock(&Pages::new(|request| match newest(request) {
        (404, ..) => (503, "text/plain", ""),
        answer => answer,
    }));
    assert_eq!(run.code, 4, "{}", run.stderr);
    assert!(run.stderr.contains("503") && !scratch.0.join("mcp.lock").exists(), "{}", run.stderr);
}

#[test]
fn an_address_where_no_server_is_says_what_to_do() {
    let pages = Pages::new(|head| match head.split(' ').nth(1) {
        Some("/page") => (200, "text/html", "<!doctype html><h1>Welcome</h1>"),
        Some("/401") => (401, "text/plain", ""),
        Some("/403") => (403, "text/plain", "go away"),
        Some("/503") => (503, "text/html", "<h1>trouble</h1>"),
        Some("/json") => (200, "application/json", "{}"),
        _ => (404, "text/html", "<h1>not found</h1>"),
    });
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let endpoint = "is it the address of an MCP endpoint? Most end in /mcp";
    for (url, code, expected) in [
        (format!("{}/page", pages.origin), 4, endpoint),
        (format!("{}/wrong?key=s3cret", pages.origin), 4, endpoint),
        (format!("{}/json", pages.origin), 4, endpoint),
        (format!("{}/503", pages.origin), 4, "try again later"),
        (format!("{}/401", pages.origin), 3, "--bearer-env"),
        (format!("{}/403", pages.origin), 3, "does not let you in"),
        (format!("http://{closed}/mcp"), 4, "is the server running"),
        ("localhost:3000/mcp".into(), 2, "did you mean http://localhost:3000/mcp?"),
        ("ftp://example.com/".into(), 2, "begins with `http://` or `https://`"),
    ] {
        let run = mcp(&repository(), &["list", "--url", &url]);
        assert_eq!((run.code, run.stdout.as_str()), (code, ""), "{url}: {}", run.stderr);
        assert!(run.stderr.contains(expected) && run.stderr.contains("\n  hint: "), "{url}: {}", run.stderr);
        assert!(!run.stderr.contains("s3cret") && !run.stderr.contains("<h1>not"), "{url}: {}", run.stderr);
        let run = mcp(&repository(), &["--json", "list", "--url", &url]);
        let value: Value = serde_json::from_str(&run.stderr).expect("one line of JSON");
        assert!(value["error"]["hint"].is_string(), "{value}");
    }
}

#[test]
fn a_server_that_says_nothing_is_not_waited_for_for_ever() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/mcp", silent.local_addr().expect("an address"));
    let run = mcp(&repository(), &["list", "--timeout", "1", "--url", &url]);
    assert_eq!(run.code, 4, "{}", run.stderr);
    assert!(run.stderr.contains("did not answer") && run.stderr.contains("--timeout"), "{}", run.stderr);
}

#[test]
fn headers_and_tokens_are_sent_and_never_shown() {
    let pages = Pages::new(|_| (404, "text/plain", ""));
    let url = format!("{}/mcp", pages.origin);
    let line = ["-v", "list", "--url", &url, "--header", "X-Key: s3cret-1", "--bearer-env", "TOKEN_OF_TEST"];
    let run = mcp_with(&repository(), &line, &[("TOKEN_OF_TEST", "s3cret-2")]);
    assert_eq!(run.code, 4, "{}", run.stderr);
    assert!(!run.stderr.contains("s3cret"), "{}", run.stderr);
    let heads = pages.heads.lock().expect("nobody panicked").join("\n").to_ascii_lowercase();
    assert!(heads.contains("x-key: s3cret-1") && heads.contains("authorization: bearer s3cret-2"), "{heads}");
    for (line, expected) in [
        (&["--url", &url, "--header", "s3cret"][..], "expected 'Name: value'"),
        (&["--url", &url, "--header", "s3cret key: x"], "expected 'Name: value'"),
        (&["--url", &url, "--bearer-env", "NOT_SET_AT_ALL"], "the variable NOT_SET_AT_ALL is not set"),
        (&["--header", "A: s3cret"], "name it with --url"),
        (&["--bearer-env", "PATH", "--", "echo"], "name it with --url"),
    ] {
        let run = mcp(&repository(), &[&["list"], line].concat());
        assert_eq!(run.code, 2, "{line:?}: {}", run.stderr);
        assert!(run.stderr.contains(expected) && !run.stderr.contains("s3cret"), "{line:?}: {}", run.stderr);
    }
}

#[test]
fn what_is_for_one_server_is_not_sent_to_the_other() {
    let here = Served::example("notes");
    let there = Pages::new(|_| (404, "text/plain", ""));
    let other = format!("{}/mcp", there.origin);
    let heads = |line: &[&str]| {
        let run = mcp(&repository(), line);
        assert_eq!(run.code, 4, "{}", run.stderr);
        std::mem::take(&mut *there.heads.lock().expect("nobody panicked")).join("\n").to_ascii_lowercase()
    };
    let seen = heads(&["diff", "--url", &here.url, "--header", "X-Key: s3cret", "--against", &other]);
    assert!(seen.contains("post /mcp") && !seen.contains("s3cret"), "{seen}");
    let seen = heads(&["diff", "--bin", "notes", "--header", "X-Key: s3cret", "--against", &other]);
    assert!(seen.contains("x-key: s3cret"), "where only one has an address it is for that: {seen}");
}
