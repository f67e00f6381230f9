//! A client's side of HTTP, as small as tests need it: every message on a connection of its own, events as they come.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::SocketAddr;

use mcp_runtime::Revision;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::AbortHandle;

use super::{Event, Place};

/// Wants a stream.
const EVENTS: [(&str, &str); 1] = [("Accept", "text/event-stream")];

/// A client of one server.
#[derive(Debug)]
pub(super) struct Http {
    address: SocketAddr,
    revision: Revision,
    /// Where messages are posted.
    endpoint: String,
    session: Option<String>,
    events: UnboundedSender<Event>,
    /// Who reads what, by the id of the request, so that a connection can be closed.
    readers: HashMap<i64, AbortHandle>,
}

impl Http {
    /// A client that has sent nothing yet; in 2024-11-05 it listens already.
    pub(super) async fn open(address: SocketAddr, revision: Revision, events: UnboundedSender<Event>) -> Self {
        let (endpoint, readers) = ("/mcp".to_owned(), HashMap::new());
        let mut http = Self { address, revision, endpoint, session: None, events, readers };
        if revision == Revision::V2024_11_05 {
            let mut stream = Response::begin(http.request("GET", "/sse", &EVENTS, "").await).await;
            assert_eq!((stream.status, stream.kind()), (200, "text/event-stream"));
            let (name, data) = stream.event().await.expect("the stream begins");
            assert_eq!(name, "endpoint", "{data}");
            http.endpoint = data;
            tokio::spawn(stream.read(Place::Pipe, http.events.clone()));
        }
        http
    }

    /// Sends a message. What a request is answered with comes as events; whatever else is sent must be taken at once.
    pub(super) async fn send(&mut self, frame: &Value) {
        let mut headers = vec![("Content-Type", "application/json")];
        if self.revision != Revision::V2024_11_05 {
            headers.push(("Accept", "application/json, text/event-stream"));
        }
        let method = frame["method"].as_str().unwrap_or_default();
        if !self.revision.has_handshake() {
            headers.push(("Mcp-Method", method));
            let member = match method {
                "tools/call" | "prompts/get" => Some("name"),
                "resources/read" => Some("uri"),
                _ => None,
            };
            headers.extend(member.map(|member| ("Mcp-Name", frame["params"][member].as_str().unwrap_or_default())));
        }
        let stream = self.request("POST", &self.endpoint, &headers, &frame.to_string()).await;
        let id = frame["id"].as_i64().filter(|_| !method.is_empty());
        let Some(id) = id.filter(|_| self.revision != Revision::V2024_11_05) else {
            let response = Response::begin(stream).await;
            assert_eq!((response.status, response.kind()), (202, ""), "{frame}");
            return;
        };
        let events = self.events.clone();
        let reading = if method == "initialize" {
            let response = Response::begin(stream).await;
            self.session = Some(response.headers.get("mcp-session-id").expect("the session has an id").clone());
            tokio::spawn(response.read(Place::Answer(id), events))
        } else {
            // Not even the head comes before there is something to say.
            tokio::spawn(async move { Response::begin(stream).await.read(Place::Answer(id), events).await })
        };
        self.readers.insert(id, reading.abort_handle());
    }

    /// Opens the stream of what belongs to no request, where sessions have one.
    pub(super) async fn listen(&mut self) {
        if self.session.is_none() {
            return;
        }
        let response = Response::begin(self.request("GET", "/mcp", &EVENTS, "").await).await;
        assert_eq!((response.status, response.kind()), (200, "text/event-stream"));
        tokio::spawn(response.read(Place::Session, self.events.clone()));
    }

    /// Closes the connection of a request.
    pub(super) fn close(&self, id: i64) {
        self.readers.get(&id).expect("somebody reads it").abort();
    }

    /// Ends the session; afterwards there is none.
    pub(super) async fn end(&mut self) {
        if self.session.is_none() {
            return;
        }
        for status in [204, 404] {
            assert_eq!(Response::begin(self.request("DELETE", "/mcp", &[], "").await).await.status, status);
        }
    }

    /// Sends a request on a connection of its own.
    async fn request(&self, verb: &str, path: &str, headers: &[(&str, &str)], body: &str) -> BufReader<TcpStream> {
        let mut head = format!("{verb} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.address);
        let (revision, session) = (self.revision.as_str(), self.session.as_deref());
        let session = session.map(|session| ("Mcp-Session-Id", session));
        // `initialize` comes before there is a version to name.
        let version = (!self.revision.has_handshake() || session.is_some() && revision >= "2025-06-18")
            .then_some(("MCP-Protocol-Version", revision));
        for (name, value) in headers.iter().copied().chain(session).chain(version) {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        let _ = write!(head, "Content-Length: {}\r\n\r\n{body}", body.len());
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        BufReader::new(stream)
    }
}

/// A response of which the head was read.
struct Response {
    status: u16,
    /// By their names in lower case.
    headers: HashMap<String, String>,
    stream: BufReader<TcpStream>,
    /// What was read of the body and not yet taken.
    text: Vec<u8>,
}

impl Response {
    async fn begin(mut stream: BufReader<TcpStream>) -> Self {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).await.unwrap();
            match line.trim_end() {
                "" => break,
                line => lines.push(line.to_owned()),
            }
        }
        let status = lines.first().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
        let headers = lines.iter().skip(1).filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
        Self { status: status.unwrap_or_else(|| panic!("no status in {lines:?}")), headers, stream, text: Vec::new() }
    }

    fn kind(&self) -> &str {
        self.headers.get("content-type").map_or("", String::as_str)
    }

    /// Hands on every frame, then that there are no more.
    async fn read(mut self, place: Place, events: UnboundedSender<Event>) {
        let (status, kind) = (self.status, self.kind().to_owned());
        // Nobody listens any more when a test has ended.
        let hand_on = |frame: Option<Value>| drop(events.send(Event { place, status, frame }));
        match &*kind {
            "text/event-stream" => {
                while let Some((name, data)) = self.event().await {
                    // An event without data only names the stream.
                    if !data.is_empty() {
                        assert_eq!(name, "message");
                        hand_on(Some(serde_json::from_str(&data).expect("an event is a frame")));
                    }
                }
            }
            "application/json" => {
                while self.chunk().await {}
                hand_on(Some(serde_json::from_slice(&self.text).expect("the body is a frame")));
            }
            _ => assert_eq!((status, &*kind), (202, "")),
        }
        hand_on(None);
    }

    /// The next event: its name and its data.
    async fn event(&mut self) -> Option<(String, String)> {
        loop {
            if let Some(end) = self.text.windows(2).position(|two| two == b"\n\n") {
                let text: Vec<u8> = self.text.drain(..end + 2).collect();
                let text = String::from_utf8(text).expect("events are UTF-8");
                let (mut name, mut data) = (String::new(), None);
                for (field, value) in text.lines().filter_map(|line| line.split_once(':')) {
                    let value = value.strip_prefix(' ').unwrap_or(value).to_owned();
                    match field {
                        "event" => name = value,
                        "data" => data = Some(value),
                        _ => {}
                    }
                }
                match data {
                    Some(data) => return Some((name, data)),
                    None => continue,
                }
            }
            if !self.chunk().await {
                assert!(self.text.is_empty(), "the stream ends within an event");
                return None;
            }
        }
    }

    /// Reads more of the body; says whether there was more.
    async fn chunk(&mut self) -> bool {
        if let Some(length) = self.headers.get("content-length") {
            let left = length.parse::<usize>().unwrap() - self.text.len();
            let mut rest = vec![0; left];
            self.stream.read_exact(&mut rest).await.unwrap();
            self.text.append(&mut rest);
            return left > 0;
        }
        let mut line = String::new();
        // A server that is stopped ends what it has begun as it is.
        if self.stream.read_line(&mut line).await.unwrap_or_default() == 0 {
            return false;
        }
        let length = usize::from_str_radix(line.trim(), 16).unwrap_or_else(|error| panic!("chunk {line:?}: {error}"));
        // The line break behind the chunk goes with it.
        let mut chunk = vec![0; length + 2];
        self.stream.read_exact(&mut chunk).await.unwrap();
        chunk.truncate(length);
        self.text.append(&mut chunk);
        length > 0
    }
}
