//! A browser's part by hand: bytes over a socket, so that it can be as wrong as it likes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::process::repository;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// `cargo mcp inspect --web`, with the example server `everything` unless another is named.
pub(crate) struct Site {
    child: Child,
    url: String,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Site {
    pub(crate) fn open(more: &[&str]) -> Self {
        Self::start(&[&["--package", "mcp-examples", "--bin", "everything"], more].concat())
    }

    /// The same with another server.
    pub(crate) fn start(target: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_cargo-mcp"))
            .args(["inspect", "--web", "--json"])
            .args(target)
            .current_dir(repository())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("cargo-mcp runs");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("standard output")).read_line(&mut line).expect("a line");
        let value: Value = serde_json::from_str(&line).expect("the address as JSON");
        let url = value["url"].as_str().expect("an address").to_owned();
        assert!(url.starts_with("http://127.0.0.1:"), "{url}");
        Self { child, url }
    }

    pub(crate) fn host(&self) -> &str {
        self.url.split('/').nth(2).unwrap_or_default()
    }

    pub(crate) fn token(&self) -> &str {
        self.url.split('/').nth(3).unwrap_or_default()
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send(&self.head("GET", path, "connection: close\r\n\r\n"))
    }

    /// The status of an answer that may have no end.
    pub(crate) fn get_head(&self, path: &str) -> u16 {
        let mut lines = BufReader::new(self.connect(&self.head("GET", path, "\r\n")));
        let mut line = String::new();
        lines.read_line(&mut line).expect("a line");
        status(&line)
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> Answer {
        self.post_as(path, "application/json", body)
    }

    pub(crate) fn post_as(&self, path: &str, mime: &str, body: &str) -> Answer {
        let length = body.len();
        let rest = format!("connection: close\r\ncontent-type: {mime}\r\ncontent-length: {length}\r\n\r\n{body}");
        self.send(&self.head("POST", path, &rest))
    }

    /// Sends these bytes and reads until the end.
    pub(crate) fn send(&self, bytes: &str) -> Answer {
        let mut read = Vec::new();
        // What is not read to its end may end with a reset, after the answer.
        let _ = self.connect(bytes).read_to_end(&mut read);
        let text = String::from_utf8_lossy(&read).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        Answer { status: status(head), head: head.to_owned(), body: body.to_owned() }
    }

    fn head(&self, verb: &str, path: &str, rest: &str) -> String {
        format!("{verb} /{}/{path} HTTP/1.1\r\nhost: {}\r\n{rest}", self.token(), self.host())
    }

    fn connect(&self, bytes: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.host()).expect("the page is served");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        // An answer may come before all of it is taken.
        let _ = stream.write_all(bytes.as_bytes());
        stream
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }
}

fn status(head: &str) -> u16 {
    head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0)
}

/// A page that is open, and hears events.
pub(crate) struct Page<'s> {
    site: &'s Site,
    lines: BufReader<TcpStream>,
    pub(crate) number: u64,
    pub(crate) level: String,
}

impl<'s> Page<'s> {
    pub(crate) fn open(site: &'s Site) -> Self {
        let lines = BufReader::new(site.connect(&site.head("GET", "events", "\r\n")));
        let mut page = Self { site, lines, number: 0, level: String::new() };
        let hello = page.next();
        page.number = hello["page"].as_u64().expect("the first event says which page it is");
        page.level = hello["level"].as_str().map(str::to_owned).unwrap_or_default();
        page
    }

    pub(crate) fn request(&self, call: u64, request: &Value) -> String {
        json!({ "page": self.number, "call": call, "request": request }).to_string()
    }

    pub(crate) fn call(&mut self, call: u64, request: &Value) {
        let answer = self.site.post("call", &self.request(call, request));
        assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"done":true}"#));
    }

    /// All events to the first of this type.
    pub(crate) fn until(&mut self, kind: &str) -> Vec<Value> {
        self.until_event(|event| event["type"] == kind)
    }

    pub(crate) fn until_event(&mut self, is_last: impl Fn(&Value) -> bool) -> Vec<Value> {
        let mut events = Vec::new();
        loop {
            let event = self.next();
            let is_over = is_last(&event);
            events.push(event);
            if is_over {
                return events;
            }
        }
    }

    /// The next event. What stands between them belongs to the transfer in chunks, which never splits a line here but at its
    /// start and end.
    fn next(&mut self) -> Value {
        loop {
            let mut line = String::new();
            assert_ne!(self.lines.read_line(&mut line).expect("an event in time"), 0, "the stream ended");
            if line.starts_with("{\"") {
                return serde_json::from_str(&line).expect("an event");
            }
        }
    }
}
