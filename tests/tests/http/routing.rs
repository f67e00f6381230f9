//! Who is let in: the path, the verb, what a request brings and takes, the name of the server, the origin of a page.

use mcp_runtime::HttpOptions;
use mcp_tests::http::{Answer, Request, Session, Site, call};
use mcp_tests::site::{Log, server};
use serde_json::json;

fn site(options: HttpOptions) -> Site {
    Site::open(server(&Log::default()).http(options))
}

fn add() -> Request {
    call("add", json!({ "a": 1, "b": 2 }))
}

fn assert_served(answer: &Answer) {
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")), "{answer}");
    assert_eq!((answer.said().as_str(), &answer.json()["id"]), ("3", &json!("call")));
}

#[test]
fn only_the_endpoint_is_there() {
    let site = site(HttpOptions::default());
    assert_served(&site.send(&add()));
    assert_served(&site.send(&add().line("POST /mcp?a=b HTTP/1.1")));
    for path in ["/", "/mcp/", "/MCP", "/mcp/x", "//mcp", "/sse", "/messages", "/%6dcp", "*"] {
        let message = site.send(&add().line(&format!("POST {path} HTTP/1.1"))).refused(404, -32600);
        assert!(message.contains("the endpoint is /mcp"), "{path}: {message}");
    }
    let elsewhere = self::site(HttpOptions::default().path("tools"));
    assert_served(&elsewhere.send(&add().line("POST /tools HTTP/1.1")));
    elsewhere.send(&add()).refused(404, -32600);
}

#[test]
fn verbs_that_mean_nothing_are_refused_with_those_that_do() {
    let site = site(HttpOptions::default());
    for verb in ["GET", "DELETE", "PUT", "PATCH", "OPTIONS", "TRACE", "post", "BREW"] {
        let answer = site.send(&add().line(&format!("{verb} /mcp HTTP/1.1")));
        answer.refused(405, -32600);
        assert_eq!(answer.header("allow"), Some("POST, GET, DELETE"), "{verb}");
    }
    let head = site.begin(&Request::new("HEAD", "/mcp")).0;
    assert_eq!((head.status, head.header("allow")), (405, Some("POST, GET, DELETE")));
    assert_served(&site.send(&add()));
}

#[test]
fn a_body_says_that_it_is_json() {
    let site = site(HttpOptions::default());
    for good in [
        "application/json",
        "Application/JSON; charset=utf-8",
        "application/json;charset=\"UTF-8\"",
        "application/json; a=b",
    ] {
        assert_served(&site.send(&add().set("Content-Type", good)));
    }
    for bad in [
        "text/plain",
        "text/json",
        "application/json-rpc",
        "application/json; charset=latin1",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/jsonx",
        "",
    ] {
        let message = site.send(&add().set("Content-Type", bad)).refused(415, -32600);
        assert!(message.contains("application/json") || message.contains("UTF-8"), "{bad}: {message}");
    }
    site.send(&add().without("Content-Type")).refused(415, -32600);
    for coding in ["gzip", "br", "deflate, gzip"] {
        let message = site.send(&add().with("Content-Encoding", coding)).refused(415, -32600);
        assert!(message.contains(coding), "{message}");
    }
    let plain = add().with("Content-Encoding", "identity");
    assert_eq!(site.send(&plain).status, 200);
    for coding in ["gzip", "identity"] {
        let message = site.send(&plain.clone().with("Content-Encoding", coding)).refused(400, -32600);
        assert!(message.contains("more than one `content-encoding` header"), "{message}");
    }
    site.send(&add().with("Content-Type", "application/json")).refused(415, -32600);
}

#[test]
fn a_client_takes_both_kinds_of_answer() {
    let site = site(HttpOptions::default());
    for good in [
        "application/json, text/event-stream",
        "text/event-stream,application/json;q=0.1",
        "*/*",
        "application/*, text/*",
        "Application/JSON, TEXT/Event-Stream",
        "text/html, */*;q=0.1",
    ] {
        assert_served(&site.send(&add().set("Accept", good)));
    }
    // RFC 9110, 12.5.1: without the header every type is welcome.
    assert_served(&site.send(&add().without("Accept")));
    assert_served(&site.send(&add().set("Accept", "application/json").with("Accept", "text/event-stream")));
    for bad in [
        "application/json",
        "text/event-stream",
        "text/html",
        "application/json, text/event-stream;q=0",
        "*/*, application/json;q=0",
        "application/json text/event-stream",
    ] {
        let message = site.send(&add().set("Accept", bad)).refused(406, -32600);
        assert!(message.contains("`application/json` and `text/event-stream`"), "{bad}: {message}");
    }
    // What listens needs a stream only.
    let session = Session::open(&site, "2025-11-25");
    site.send(&session.listening(None).set("Accept", "application/json")).refused(406, -32600);
    drop(session.listen(None));
}

#[test]
fn a_request_names_a_host_that_is_this_one() {
    let site = site(HttpOptions::default());
    let port = site.address().port();
    for good in ["localhost", "LOCALHOST.", "127.0.0.1:1", "[::1]:9", &format!("localhost:{port}"), "127.9.9.9"] {
        assert_served(&site.send(&add().set("Host", good)));
    }
    site.send(&add().without("Host")).refused(400, -32600);
    site.send(&add().with("Host", "localhost")).refused(400, -32600);
    site.send(&add().with("Host", "evil.example")).refused(400, -32600);
    for ill_formed in ["", "a b", "localhost:port", "localhost:99999", "[::1", "user@localhost", "localhost/x"] {
        site.send(&add().set("Host", ill_formed)).refused(400, -32600);
    }
    for foreign in ["evil.example", "localhost.evil.example", "0.0.0.0", "127.0.0.1.evil.example:80", "[::2]"] {
        let message = site.send(&add().set("Host", foreign)).refused(403, -32600);
        let names = ["`--allow-host NAME`", "`HttpOptions::allow_host`", foreign];
        assert!(names.iter().all(|name| message.contains(name)), "{message}");
    }
    let named = self::site(HttpOptions::default().allow_host("mcp.example.com").allow_host("other.example:8443"));
    for good in ["mcp.example.com", "MCP.example.com:80", "other.example:8443", "localhost"] {
        assert_served(&named.send(&add().set("Host", good)));
    }
    for bad in ["example.com", "x.mcp.example.com", "other.example:80"] {
        named.send(&add().set("Host", bad)).refused(403, -32600);
    }
    assert_served(&self::site(HttpOptions::default().allow_host("*")).send(&add().set("Host", "whatever.example")));
}

#[test]
fn pages_of_other_origins_are_kept_out() {
    let site = site(HttpOptions::default());
    for good in ["http://localhost:3000", "https://127.0.0.1", "http://[::1]:5173"] {
        assert_served(&site.send(&add().with("Origin", good)));
    }
    for foreign in ["https://evil.example", "null", "http://localhost.evil.example", "file://", "localhost", ""] {
        let message = site.send(&add().with("Origin", foreign)).refused(403, -32600);
        let names = ["`--allow-origin ORIGIN`", "`HttpOptions::allow_origin`"];
        assert!(names.iter().all(|name| message.contains(name)), "{message}");
    }
    let origin = "http://localhost";
    site.send(&add().with("Origin", origin).with("Origin", origin)).refused(400, -32600);
    let session = Session::open(&site, "2025-11-25");
    site.send(&session.listening(None).with("Origin", "https://evil.example")).refused(403, -32600);
    let named = self::site(HttpOptions::default().allow_origin("https://app.example.com"));
    assert_served(&named.send(&add().with("Origin", "https://app.example.com")));
    assert_served(&named.send(&add().with("Origin", "HTTPS://App.Example.com:443")));
    for bad in ["http://app.example.com", "https://app.example.com:444", "https://x.app.example.com"] {
        named.send(&add().with("Origin", bad)).refused(403, -32600);
    }
    assert_served(&self::site(HttpOptions::default().allow_origin("*")).send(&add().with("Origin", "null")));
}

fn preflight(origin: &str, headers: &str) -> Request {
    let request = Request::new("OPTIONS", "/mcp").with("Access-Control-Request-Method", "POST");
    request.with("Origin", origin).with("Access-Control-Request-Headers", headers)
}

fn cors(answer: &Answer) -> Vec<&str> {
    answer.headers.iter().map(|(name, _)| name.as_str()).filter(|name| name.starts_with("access-control-")).collect()
}

#[test]
fn browsers_are_told_nothing_unless_they_are_to_be() {
    let site = site(HttpOptions::default().allow_origin("https://app.example.com"));
    let answer = site.send(&add().with("Origin", "https://app.example.com"));
    assert_served(&answer);
    assert!(cors(&answer).is_empty(), "{answer}");
    let answer = site.send(&preflight("https://app.example.com", "content-type"));
    answer.refused(405, -32600);
    assert!(cors(&answer).is_empty(), "{answer}");
}

#[test]
fn browsers_are_told_what_allowed_pages_may_send_and_read() {
    let site = site(HttpOptions::default().allow_origin("https://app.example.com").cors(true));
    let origin = "https://app.example.com";
    let answer = site.send(&add().with("Origin", origin));
    assert_served(&answer);
    assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
    assert_eq!(answer.header("vary"), Some("origin"));
    assert!(answer.header("access-control-expose-headers").unwrap().contains("mcp-session-id"));
    // A page can read why it was refused, too.
    let refused = site.send(&add().with("Origin", origin).set("Accept", "text/html"));
    refused.refused(406, -32600);
    assert_eq!(refused.header("access-control-allow-origin"), Some(origin));

    let wanted = "content-type,mcp-method,mcp-name,mcp-param-region,mcp-protocol-version,x-other";
    let answer = site.send(&preflight(origin, wanted));
    assert_eq!((answer.status, answer.text().as_str()), (204, ""), "{answer}");
    assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
    assert_eq!(answer.header("access-control-allow-methods"), Some("POST, GET, DELETE"));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    let allowed = answer.header("access-control-allow-headers").unwrap();
    let allowed: Vec<&str> = allowed.split(',').map(str::trim).collect();
    let (last, ours) =
        wanted.split(',').collect::<Vec<_>>().split_last().map(|(last, ours)| (*last, ours.to_vec())).unwrap();
    assert!(ours.iter().all(|name| allowed.contains(name)), "{ours:?} in {allowed:?}");
    assert!(!allowed.contains(&last), "{allowed:?}");

    for foreign in ["https://evil.example", "null"] {
        for request in [preflight(foreign, "content-type"), add().with("Origin", foreign)] {
            let answer = site.send(&request);
            answer.refused(403, -32600);
            assert!(cors(&answer).is_empty(), "{answer}");
        }
    }
    // Who is no page is told nothing.
    assert!(cors(&site.send(&add())).is_empty());
}

#[test]
fn old_ways_of_writing_a_request_are_understood() {
    let site = site(HttpOptions::default());
    let mut wire = site.connect();
    assert_served(&wire.send(&add().line("POST /mcp HTTP/1.0")));
    wire.closed();
    site.send(&add().line("POST /mcp HTTP/1.0").without("Host")).refused(400, -32600);
    assert_served(&site.send(&add().line("POST http://localhost/mcp HTTP/1.1")));
    let authority = site.address().to_string();
    assert_served(&site.send(&add().line(&format!("POST http://{authority}/mcp HTTP/1.1")).set("Host", &authority)));
    // The name in the first line counts, so one that differs is a mistake or an attack.
    site.send(&add().line("POST http://evil.example/mcp HTTP/1.1")).refused(400, -32600);
    site.send(&add().line("POST http://evil.example/mcp HTTP/1.1").set("Host", "evil.example")).refused(403, -32600);
    site.send(&add().line("POST http://localhost/other HTTP/1.1")).refused(404, -32600);
    let mut wire = site.connect();
    wire.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    assert!(wire.try_head().is_none_or(|answer| answer.status >= 400));
}
