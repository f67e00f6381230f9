//! Web pages that reach a server on their reader's machine.

use std::net::SocketAddr;

use mcp_runtime::HttpOptions;
use mcp_tests::connection::request;
use mcp_tests::http::{Answer, Request, Session, Site, call};
use mcp_tests::site::{Log, server};
use serde_json::json;

use super::careless;

fn site(options: HttpOptions) -> Site {
    Site::open(server(&Log::default()).http(options))
}

/// What a page could want: a call in each era, a session, and the streams of each.
fn wanted() -> Vec<Request> {
    let old = request("call", "tools/call", json!({ "name": "add", "arguments": { "a": 1, "b": 2 } }));
    vec![
        call("add", json!({ "a": 1, "b": 2 })),
        Request::post(Session::initialize("2025-11-25").to_string()),
        Request::post(old.to_string()),
        Request::new("GET", "/mcp").with("Accept", "text/event-stream"),
        Request::new("GET", "/sse").with("Accept", "text/event-stream"),
        Request::new("DELETE", "/mcp"),
        Request::new("OPTIONS", "/mcp").with("Access-Control-Request-Method", "POST"),
    ]
}

/// What was answered otherwise than by 403, unless there is nothing at all.
fn let_in(site: &Site, header: &str, values: &[&str]) -> Vec<String> {
    let mut let_in = Vec::new();
    for value in values {
        for request in wanted() {
            let (head, _) = site.begin(&request.set(header, value));
            if !matches!(head.status, 403 | 404) {
                let_in.push(format!("{header}: {value}: {head}"));
            }
        }
    }
    let_in
}

/// A name of the attacker's that resolves to the loopback address: the browser takes the server for the page's own.
#[test]
fn cve_2026_42559_dns_rebinding_by_host() {
    const NAMES: [&str; 9] = [
        "evil.example",
        "evil.example:3000",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil-localhost",
        "0.0.0.0",
        "169.254.169.254",
        "localhost@evil.example",
        "[::ffff:10.0.0.1]",
    ];
    for options in [HttpOptions::default(), HttpOptions::default().http_sse(true)] {
        let site = site(options);
        assert_eq!(let_in(&site, "Host", &NAMES[..7]), Vec::<String>::new());
        // What is no name at all may be refused as such.
        for name in &NAMES[7..] {
            let status = site.send(&call("add", json!({})).set("Host", name)).status;
            assert!(matches!(status, 400 | 403), "{name}: {status}");
        }
        assert_eq!(site.call("add", json!({ "a": 1, "b": 2 })).said(), "3");
    }
    // The control: a server that lets in whoever comes.
    let open = site(HttpOptions::default().http_sse(true).allow_host("*"));
    assert_eq!(let_in(&open, "Host", &NAMES[..1]).len(), wanted().len());
}

/// The same seen from the page, which says where it comes from. Also the first half of CVE-2026-33252.
#[test]
fn cve_2025_66414_dns_rebinding_by_origin() {
    const ORIGINS: [&str; 8] = [
        "http://evil.example",
        "https://evil.example:8443",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "null",
        "file://",
        "chrome-extension://abcdefghijklmnop",
        "http://localhost@evil.example",
    ];
    for options in [HttpOptions::default(), HttpOptions::default().http_sse(true)] {
        let site = site(options);
        assert_eq!(let_in(&site, "Origin", &ORIGINS), Vec::<String>::new());
        let add = call("add", json!({ "a": 1, "b": 2 }));
        for (host, origin) in [("evil.example", "http://evil.example"), ("localhost", "http://evil.example")] {
            assert_eq!(site.send(&add.clone().set("Host", host).with("Origin", origin)).status, 403);
        }
        assert_eq!(site.send(&add.with("Origin", "http://localhost:5173")).said(), "3");
    }
    let open = site(HttpOptions::default().http_sse(true).allow_origin("*"));
    assert_eq!(let_in(&open, "Origin", &ORIGINS[..1]).len(), wanted().len());
}

/// Whether a form of another site gets a call through, with what a browser sends unasked.
fn forms_get_through(address: SocketAddr) -> Vec<String> {
    let site = Site::at(address);
    let mut through = Vec::new();
    let good = call("add", json!({ "a": 1, "b": 2 }));
    let old = request("call", "tools/call", json!({ "name": "add", "arguments": { "a": 1, "b": 2 } })).to_string();
    for kind in [
        "text/plain",
        "text/plain;charset=UTF-8",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "",
    ] {
        // A form can set no header of its own; a page that was let in could.
        let bare = Request::new("POST", "/mcp").with("Accept", "*/*").body(&old);
        for request in [
            good.clone().without("Content-Type"),
            bare.clone(),
            Request::post(Session::initialize("2025-11-25").to_string()),
        ] {
            let request =
                if kind.is_empty() { request.without("Content-Type") } else { request.set("Content-Type", kind) };
            let answer = site.send(&request);
            if answer.status < 400 {
                through.push(format!("{kind}: {answer}"));
            }
        }
    }
    through
}

/// A cross-site `POST` that needs no question of the browser's, because its body is said to be text. There is no WebSocket in
/// this project, which is the other way of this incident.
#[test]
fn cve_2026_33252_cross_site_text_plain_post() {
    let site = site(HttpOptions::default());
    assert_eq!(forms_get_through(site.address()), Vec::<String>::new());
    assert_eq!(site.call("add", json!({ "a": 1, "b": 2 })).said(), "3");
    // The control: a server that looks at the body alone.
    let careless = careless::serve(|body| {
        let message = serde_json::from_slice(body).unwrap_or_default();
        careless::ok("", &careless::sum(&message).to_string())
    });
    assert_eq!(forms_get_through(careless).len(), 15);
}

/// What of an answer lets a page of any origin read it.
fn exposed(answer: &Answer, origin: &str) -> bool {
    let allowed = answer.headers.iter().filter(|(name, _)| name.starts_with("access-control-"));
    allowed.into_iter().any(|(_, value)| value == "*" || value == origin)
}

/// `Access-Control-Allow-Origin: *` on a server that anybody's page can find.
#[test]
fn cve_2026_34237_access_control_allow_origin_of_anybody() {
    const PAGE: &str = "http://evil.example";
    let readable = |site: &Site| -> usize {
        wanted()
            .into_iter()
            .map(|request| site.begin(&request.with("Origin", PAGE)).0)
            .filter(|head| exposed(head, PAGE))
            .count()
    };
    for options in [
        HttpOptions::default(),
        HttpOptions::default().http_sse(true),
        HttpOptions::default().cors(true),
        HttpOptions::default().cors(true).allow_origin("https://app.example.com"),
    ] {
        let site = site(options);
        assert_eq!(readable(&site), 0);
        // Nor is anything said to pages that are let in, unless it was asked for.
        let local = site.send(&call("add", json!({ "a": 1, "b": 2 })).with("Origin", "http://localhost"));
        assert_eq!(local.said(), "3");
        assert!(!exposed(&local, PAGE));
    }
    assert!(readable(&site(HttpOptions::default().cors(true).allow_origin("*"))) > 0);
    let careless = careless::serve(|_| careless::ok("access-control-allow-origin: *\r\n", "{}"));
    assert_eq!(readable(&Site::at(careless)), wanted().len());
}
