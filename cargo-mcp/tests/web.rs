//! `cargo mcp inspect --web` over real sockets: who gets in, what is bounded, and what a page can do.

#[expect(dead_code, reason = "other tests need more of it")]
mod process;

#[path = "web/browser.rs"]
mod browser;

use std::time::Duration;

use browser::{Page, Site};
use serde_json::{Value, json};

#[test]
fn the_page_is_served_to_whoever_knows_the_token() {
    let site = Site::open(&[]);
    let page = site.get("");
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(page.body.starts_with("<!doctype html>"), "{}", page.body);
    for (name, expected) in [
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-frame-options", "DENY"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(page.header(name), Some(expected));
    }
    let policy = page.header("content-security-policy").unwrap_or_default();
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'"),
        "{policy}"
    );
    assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{policy}");
    // Everything that the page names is there, and nothing of it is elsewhere.
    let named: Vec<_> = page.body.split(['"']).filter(|word| word.starts_with("page.")).collect();
    assert_eq!(named, ["page.css", "page.js"]);
    assert!(!page.body.contains("http:") && !page.body.contains("https:"));
    for file in named {
        assert_eq!(site.get(file).status, 200, "{file}");
    }
    for absent in ["nothing", "../Cargo.toml", "%2e%2e/x", "page.js/"] {
        assert_eq!(site.get(absent).status, 404, "{absent}");
    }
}

#[test]
fn nobody_else_gets_in() {
    let site = Site::open(&[]);
    let host = site.host();
    let own = format!("GET /{}/surface HTTP/1.1\r\n", site.token());
    let check = |head: &str| site.send(&format!("{head}connection: close\r\n\r\n")).status;
    assert_eq!(check(&format!("{own}host: {host}\r\n")), 200);
    let localhost = host.replace("127.0.0.1", "localhost");
    assert_eq!(check(&format!("{own}host: {localhost}\r\norigin: http://{localhost}\r\n")), 200);
    for headers in [
        String::new(),
        "host: evil.example\r\n".to_owned(),
        "host: 127.0.0.1:1\r\n".to_owned(),
        format!("host: {host}\r\nhost: {host}\r\n"),
        format!("host: {host}\r\norigin: http://evil.example\r\n"),
        format!("host: {host}\r\norigin: null\r\n"),
        format!("host: {host}\r\nsec-fetch-site: cross-site\r\n"),
    ] {
        assert!(matches!(check(&format!("{own}{headers}")), 400 | 403), "{headers:?}");
    }
    let wrong = site.token().chars().rev().collect::<String>();
    for path in ["/", "/surface", &format!("/{wrong}/surface"), &format!("/{}", site.token())] {
        let answer = site.send(&format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"));
        assert_eq!(answer.status, 403, "{path}");
        assert!(!answer.body.contains(site.token()), "a refusal does not tell the token");
    }
}

#[test]
fn what_changes_something_is_json_in_a_post() {
    let site = Site::open(&[]);
    assert_eq!((site.get("call").status, site.get("call").header("allow")), (405, Some("POST")));
    assert_eq!(site.post("surface", "{}").status, 405);
    let form = site.post_as("cancel", "text/plain", r#"{"page":1,"call":1}"#);
    assert_eq!(form.status, 415);
    assert_eq!(site.post("cancel", r#"{"page":1,"call":1}"#).body, r#"{"done":false}"#);
    for (path, body) in [("call", "{"), ("cancel", "[]"), ("answer", "{}"), ("level", r#"{"level":"loud"}"#)] {
        let answer = site.post(path, body);
        assert_eq!(answer.status, 400, "{path}");
        assert!(answer.body.contains("the body is not what is asked for"), "{}", answer.body);
    }
    let call = r#"{"page":99,"call":1,"request":{"tool":{"name":"x","arguments":{}}}}"#;
    assert_eq!(site.post("call", call).status, 409);
}

#[test]
fn bodies_heads_and_pages_are_bounded() {
    let site = Site::open(&[]);
    let long = format!("{{\"level\":\"{}\"}}", "x".repeat(9 << 20));
    assert_eq!(site.post("level", &long).status, 413);
    let head =
        format!("GET /{}/ HTTP/1.1\r\nhost: {}\r\nx: {}\r\n\r\n", site.token(), site.host(), "x".repeat(64 << 10));
    assert_eq!(site.send(&head).status, 431);
    let mut pages: Vec<_> = (0..16).map(|_| Page::open(&site)).collect();
    assert_eq!(site.get("events").status, 503);
    pages.pop();
    // The end of a connection is noticed a moment later.
    let is_open = || {
        (0..50).any(|_| {
            site.get_head("events") == 200 || {
                std::thread::sleep(Duration::from_millis(100));
                false
            }
        })
    };
    assert!(is_open(), "a page that is closed makes room");
}

#[test]
fn a_call_tells_progress_frames_and_its_result_in_order() {
    let site = Site::open(&[]);
    let surface: Value = serde_json::from_str(&site.get("surface").body).expect("JSON");
    assert!(surface["tools"].as_array().is_some_and(|tools| tools.len() > 10), "{surface}");
    let mut page = Page::open(&site);
    page.call(1, &json!({ "tool": { "name": "test_tool_with_progress", "arguments": {} } }));
    let events = page.until("result");
    let of_call: Vec<_> = events.iter().filter(|event| event["call"] == 1).map(|event| &event["type"]).collect();
    assert_eq!(of_call, ["begun", "progress", "progress", "progress", "result"]);
    let after = events.iter().find(|event| event["type"] == "begun").expect("a beginning")["after"].as_u64();
    let last = events.last().expect("a result");
    assert_eq!(last["result"]["content"][0]["text"], "All steps are done.");
    let frames: Vec<_> = events
        .iter()
        .filter(|event| event["type"] == "frame" && event["number"].as_u64() > after)
        .map(|event| (event["sent"].as_bool(), event["text"].as_str().unwrap_or_default()))
        .collect();
    assert!(frames[0].0 == Some(true) && frames[0].1.contains("tools/call"), "{frames:?}");
    assert!(frames[4].0 == Some(false) && frames[4].1.contains("All steps are done."), "{frames:?}");
    assert_eq!(frames.len(), 5);
    // A page that comes later is told all of it as well.
    let events = Page::open(&site).until_event(|event| event["number"] == last["until"]);
    assert!(events[0]["text"].as_str().is_some_and(|text| text.contains("server/discover")), "{}", events[0]);
}

#[test]
fn errors_are_told_as_such() {
    let site = Site::open(&[]);
    let mut page = Page::open(&site);
    page.call(1, &json!({ "tool": { "name": "no_such_tool", "arguments": {} } }));
    let error = page.until("error").pop().expect("an error");
    assert_eq!(error["code"], -32602);
    page.call(2, &json!({ "tool": { "name": "test_error_handling", "arguments": {} } }));
    assert_eq!(page.until("result").pop().expect("a result")["result"]["isError"], true);
    page.call(3, &json!({ "resource": { "uri": "test://static-text" } }));
    let result = page.until("result").pop().expect("a result");
    assert_eq!(result["result"]["contents"][0]["text"], "This is the content of the static text resource.");
    page.call(
        4,
        &json!({ "prompt": { "name": "test_prompt_with_arguments", "arguments": { "arg1": "x", "arg2": "y" } } }),
    );
    assert!(page.until("result").pop().expect("a result")["result"]["messages"].is_array());
    page.call(5, &json!({ "tool": { "name": "test_simple_text", "arguments": [1] } }));
    assert!(
        page.until("error").pop().expect("an error")["message"].as_str().is_some_and(|text| text.contains("object"))
    );
}

#[test]
fn a_question_is_answered_from_the_page_in_either_era() {
    for revision in ["2026-07-28", "2025-11-25"] {
        let site = Site::open(&["--protocol", revision]);
        let mut page = Page::open(&site);
        page.call(1, &json!({ "tool": { "name": "test_elicitation", "arguments": { "message": "Who?" } } }));
        let asked = page.until_event(|event| event["type"] == "questions" && event["open"] != json!([])).pop();
        let question = &asked.expect("a question")["open"][0];
        assert_eq!(question["params"]["message"], "Who?", "{revision}");
        assert!(question["params"]["requestedSchema"]["properties"]["email"].is_object(), "{question}");
        let content = json!({ "username": "ada", "email": "ada@example.com" });
        let answer = json!({ "question": question["id"], "result": { "action": "accept", "content": content } });
        assert_eq!(site.post("answer", &answer.to_string()).body, r#"{"done":true}"#);
        let result = page.until("result").pop().expect("a result");
        assert_eq!(result["result"]["content"][0]["text"], "User response: ada <ada@example.com>", "{revision}");
        // Once is enough.
        assert_eq!(site.post("answer", &answer.to_string()).body, r#"{"done":false}"#);
    }
}

#[test]
fn a_call_ends_when_it_is_cancelled_and_when_its_page_is_closed() {
    let site = Site::open(&[]);
    let mut watcher = Page::open(&site);
    let asking = json!({ "tool": { "name": "test_elicitation", "arguments": { "message": "Still there?" } } });
    let is_open = |event: &Value| event["type"] == "questions" && event["open"] != json!([]);
    let is_over = |event: &Value| event["type"] == "questions" && event["open"] == json!([]);
    let mut page = Page::open(&site);
    let number = page.number;
    page.call(7, &asking);
    watcher.until_event(is_open);
    assert_eq!(site.post("call", &page.request(7, &asking)).status, 409, "the number is taken");
    assert_eq!(site.post("cancel", &json!({ "page": number, "call": 7 }).to_string()).body, r#"{"done":true}"#);
    watcher.until_event(is_over);
    page.call(8, &asking);
    watcher.until_event(is_open);
    drop(page);
    watcher.until_event(is_over);
}

#[test]
fn log_messages_of_the_chosen_level_come_as_frames() {
    for revision in ["2026-07-28", "2025-11-25"] {
        let site = Site::open(&["--protocol", revision]);
        let logging = json!({ "tool": { "name": "test_tool_with_logging", "arguments": {} } });
        let count = |call: u64| {
            let mut page = Page::open(&site);
            page.call(call, &logging);
            let events = page.until("result");
            let after = events.iter().find(|event| event["type"] == "begun").expect("a beginning")["after"].as_u64();
            let is_log = |event: &&Value| {
                event["number"].as_u64() > after
                    && event["text"].as_str().is_some_and(|text| text.contains("notifications/message"))
            };
            events.iter().filter(is_log).count()
        };
        assert_eq!(count(1), 3, "{revision}");
        assert_eq!(site.post("level", r#"{"level":"error"}"#).status, 200);
        assert_eq!(count(2), 0, "{revision}");
        assert_eq!(Page::open(&site).level, "error", "a page that is opened later knows it");
    }
}

#[test]
fn a_server_that_is_silent_is_given_up_in_time_and_told_so() {
    // It agrees on a revision, and answers nothing after that.
    let server = "read line; echo '{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"protocolVersion\":\"2025-11-25\",\
                  \"capabilities\":{\"tools\":{}},\"serverInfo\":{\"name\":\"silent\",\"version\":\"1\"}}}'; cat >/dev/null";
    let site = Site::start(&["--protocol", "2025-11-25", "--timeout", "1", "--", "sh", "-c", server]);
    let mut page = Page::open(&site);
    page.call(1, &json!({ "tool": { "name": "any", "arguments": {} } }));
    let events =
        page.until_event(|event| event["text"].as_str().is_some_and(|text| text.contains("notifications/cancelled")));
    let told =
        |events: &[Value]| events.iter().find(|event| event["type"] == "error").map(|event| event["message"].clone());
    let message = told(&events).or_else(|| told(&page.until("error")));
    assert_eq!(message, Some(json!("the server did not answer in 1 s; --timeout gives it more")));
}

#[test]
fn values_are_completed_and_numbers_keep_their_digits() {
    let site = Site::open(&[]);
    let asked = json!({
        "reference": { "type": "ref/prompt", "name": "test_prompt_with_arguments" },
        "argument": "arg1", "typed": "test", "known": {},
    });
    assert_eq!(site.post("complete", &asked.to_string()).body, r#"{"values":["test one","test two"]}"#);
    let mut page = Page::open(&site);
    let arguments = r#"{"value":"x","n":123456789012345678901234567890.10}"#;
    let request = format!(r#"{{"tool":{{"name":"test_custom_header","arguments":{arguments}}}}}"#);
    let body = format!(r#"{{"page":{},"call":1,"request":{request}}}"#, page.number);
    assert_eq!(site.post("call", &body).status, 200);
    let frames = page.until_event(|event| event["call"] == 1 && event["type"] != "begun");
    assert!(
        frames.iter().any(|event| event["text"].as_str().is_some_and(|text| text.contains(arguments))),
        "{frames:?}"
    );
}

#[cfg(unix)]
#[test]
fn the_address_is_printed_however_quiet_it_should_be_and_an_interrupt_ends_it() {
    use std::io::{BufRead as _, BufReader, Read as _};
    use std::process::{Command, Stdio};

    let mut child = Command::new(env!("CARGO_BIN_EXE_cargo-mcp"))
        .args(["inspect", "--web", "--quiet", "--package", "mcp-examples", "--bin", "everything"])
        .current_dir(process::repository())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("cargo-mcp runs");
    let mut told = BufReader::new(child.stderr.take().expect("standard error"));
    let mut line = String::new();
    told.read_line(&mut line).expect("a line");
    assert!(
        line.starts_with("inspect the server at http://127.0.0.1:") && line.ends_with("/ (Ctrl-C ends it)\n"),
        "{line:?}"
    );
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(killed.success());
    assert_eq!(child.wait().expect("an end").code(), Some(130));
    let mut printed = String::new();
    child.stdout.take().expect("standard output").read_to_string(&mut printed).expect("text");
    assert_eq!(printed, "", "the address is no result");
}

#[test]
fn a_port_that_is_taken_is_told_before_anything_is_built() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let run = process::mcp(&process::repository(), &["inspect", "--web", "--port", &port]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.contains(&format!("port {port} of 127.0.0.1 cannot be used")), "{}", run.stderr);
    let run = process::mcp(&process::repository(), &["inspect", "--port", "4000"]);
    assert!(run.code == 2 && run.stderr.contains("--web"), "{}", run.stderr);
}
