//! HTTP/1.1 by hand over a loopback socket: bytes go out as a test writes them, and what comes back is taken apart as far as
//! a test looks at it. Whatever is waited for is waited for at most ten seconds.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use mcp_runtime::{Http, Server};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use crate::connection::{modern, request};
use crate::process::PATIENCE;

/// A server that listens in this process.
#[derive(Debug)]
pub struct Site {
    address: SocketAddr,
    runtime: Option<Runtime>,
}

impl Site {
    /// Serves at a port that is free.
    pub fn open(server: Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let http = {
            let _inside = runtime.enter();
            Http::listener(listener).unwrap()
        };
        runtime.spawn(server.serve(http));
        Self { address, runtime: Some(runtime) }
    }

    /// A server that somebody else started.
    pub fn at(address: SocketAddr) -> Self {
        Self { address, runtime: None }
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A connection.
    pub fn connect(&self) -> Wire {
        Wire::connect(self.address)
    }

    /// Sends a request on a connection of its own and takes the whole answer.
    pub fn send(&self, request: &Request) -> Answer {
        self.connect().send(request)
    }

    /// Sends a request on a connection of its own, and takes the head of the answer.
    pub fn begin(&self, request: &Request) -> (Answer, Wire) {
        let mut wire = self.connect();
        wire.write(request.bytes());
        (wire.head(), wire)
    }

    /// Calls a tool as 2026-07-28 has it.
    pub fn call(&self, tool: &str, arguments: Value) -> Answer {
        self.send(&call(tool, arguments))
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    line: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// A call of a tool as 2026-07-28 has it, with every header.
pub fn call(tool: &str, arguments: Value) -> Request {
    Request::modern(&modern("call", "tools/call", json!({ "name": tool, "arguments": arguments })))
}

/// Whether a header can hold a text as it is.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// A text as the value of a header.
fn encoded(text: &str) -> String {
    use base64::Engine as _;
    if is_plain(text) {
        return text.to_owned();
    }
    format!("=?base64?{}?=", base64::engine::general_purpose::STANDARD.encode(text))
}

impl Request {
    /// A request without a body.
    pub fn new(verb: &str, target: &str) -> Self {
        let headers = vec![("Host".to_owned(), "localhost".to_owned())];
        Self { line: format!("{verb} {target} HTTP/1.1"), headers, body: Vec::new() }
    }

    /// A message posted to the endpoint, with what every revision wants.
    pub fn post(body: impl AsRef<[u8]>) -> Self {
        Self::new("POST", "/mcp")
            .with("Content-Type", "application/json")
            .with("Accept", "application/json, text/event-stream")
            .body(body)
    }

    /// The same with the headers that 2026-07-28 derives from the message.
    pub fn modern(message: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (method, params) = (text(&message["method"]), &message["params"]);
        // A method is never encoded; one that no header can hold has none that fits.
        let said = if is_plain(&method) { &method } else { "unsayable" };
        let post = Self::post(message.to_string()).with("MCP-Protocol-Version", "2026-07-28").with("Mcp-Method", said);
        match method.as_str() {
            "tools/call" | "prompts/get" => post.with("Mcp-Name", &encoded(&text(&params["name"]))),
            "resources/read" => post.with("Mcp-Name", &encoded(&text(&params["uri"]))),
            _ => post,
        }
    }

    /// Another first line.
    pub fn line(mut self, line: &str) -> Self {
        line.clone_into(&mut self.line);
        self
    }

    /// One more header.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Without the headers of this name.
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self
    }

    /// With this header instead of those of the same name.
    pub fn set(self, name: &str, value: &str) -> Self {
        self.without(name).with(name, value)
    }

    /// Another body. Its length is announced when the request is sent.
    pub fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = body.as_ref().to_vec();
        self
    }

    /// The head alone, without a length.
    pub fn head(&self) -> Vec<u8> {
        let headers: String = self.headers.iter().map(|(name, value)| [name, ": ", value, "\r\n"].concat()).collect();
        format!("{}\r\n{headers}\r\n", self.line).into_bytes()
    }

    /// The bytes of the request.
    pub fn bytes(&self) -> Vec<u8> {
        if self.body.is_empty() {
            return self.head();
        }
        let length = self.body.len().to_string();
        [self.clone().with("Content-Length", &length).head(), self.body.clone()].concat()
    }
}

/// An answer.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers, their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, unchunked.
    pub body: Vec<u8>,
}

impl Answer {
    /// The header of this name, which must not stand twice.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let first = found.next();
        assert_eq!(found.next(), None, "{name} stands twice: {:?}", self.headers);
        first
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self}"))
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// What a tool said.
    pub fn said(&self) -> String {
        said(&self.json())
    }

    /// The events of the body.
    pub fn events(&self) -> Vec<Event> {
        let text = self.text();
        text.split_inclusive("\n\n").filter_map(Event::read).collect()
    }

    /// Fails unless it is a refusal with this status and this code; gives its message.
    pub fn refused(&self, status: u16, code: i64) -> String {
        assert_eq!(self.status, status, "{self}");
        assert_eq!(self.header("content-type"), Some("application/json"), "{self}");
        let json = self.json();
        assert_eq!((&json["error"]["code"], &json["jsonrpc"]), (&json!(code), &json!("2.0")), "{self}");
        let message = json["error"]["message"].as_str().unwrap_or_default();
        assert!(message.len() > 10 && self.body.len() < 2000, "no clear message: {self}");
        message.to_owned()
    }

    /// The same for a request that was understood: the error says which one it belongs to.
    pub fn refused_call(&self, status: u16, code: i64) -> String {
        assert_eq!(self.json()["id"], "call", "{self}");
        self.refused(status, code)
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?} {}", self.status, self.headers, self.text())
    }
}

/// What a tool said in this message.
pub fn said(message: &Value) -> String {
    let text = message["result"]["content"][0]["text"].as_str();
    text.unwrap_or_else(|| panic!("a tool said nothing: {message}")).to_owned()
}

/// One event of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// Its name.
    pub name: Option<String>,
    /// Where the stream can be taken up again.
    pub id: Option<String>,
    /// After how many milliseconds.
    pub retry: Option<String>,
    /// Its lines of data; a message is one.
    pub data: Vec<String>,
}

impl Event {
    /// Reads one as a browser would: lines end with LF, CR or both. A comment is none.
    fn read(text: &str) -> Option<Self> {
        let mut event = Self::default();
        for line in text.replace("\r\n", "\n").split(['\n', '\r']) {
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value).to_owned();
            match name {
                "event" => event.name = Some(value),
                "id" => event.id = Some(value),
                "retry" => event.retry = Some(value),
                "data" => event.data.push(value),
                "" => {}
                other => panic!("an event has no field {other:?}: {text:?}"),
            }
        }
        (event != Self::default()).then_some(event)
    }

    /// The message that it carries, on one line.
    pub fn json(&self) -> Value {
        assert_eq!(self.data.len(), 1, "{self:?}");
        serde_json::from_str(&self.data[0]).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The method of the message.
    pub fn method(&self) -> String {
        self.json()["method"].as_str().unwrap_or_default().to_owned()
    }
}

/// A connection.
#[derive(Debug)]
pub struct Wire {
    stream: TcpStream,
    /// What came and was not looked at yet.
    raw: Vec<u8>,
    /// What was unchunked of a stream of events.
    text: Vec<u8>,
    is_chunked: bool,
}

impl Wire {
    /// A connection to this address.
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, raw: Vec::new(), text: Vec::new(), is_chunked: false }
    }

    /// Sends bytes. A server that has had enough may have closed the connection already.
    pub fn write(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.write_all(bytes.as_ref());
    }

    /// Sends a request and takes the whole answer.
    pub fn send(&mut self, request: &Request) -> Answer {
        self.write(request.bytes());
        self.answer()
    }

    /// Reads whatever comes. A process that was stopped for a while is interrupted in what has a limit in time.
    fn read_some(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        loop {
            match self.stream.read(buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => return read,
            }
        }
    }

    /// Reads more; `false` at the end.
    fn more(&mut self) -> bool {
        let mut buffer = [0; 16 * 1024];
        match self.read_some(&mut buffer) {
            Ok(0) => false,
            Ok(read) => {
                self.raw.extend_from_slice(&buffer[..read]);
                true
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => false,
            Err(error) => panic!("{error}; what came so far: {:?}", String::from_utf8_lossy(&self.raw)),
        }
    }

    /// Takes so many bytes of whatever comes, or all if the connection ends before.
    pub fn read(&mut self, most: usize) {
        while self.raw.len() < most && self.more() {}
    }

    /// Takes bytes up to and with this mark; `None` if the connection ends before.
    fn until(&mut self, mark: &[u8]) -> Option<Vec<u8>> {
        loop {
            if let Some(at) = self.raw.windows(mark.len()).position(|window| window == mark) {
                return Some(self.raw.drain(..at + mark.len()).collect());
            }
            if !self.more() {
                return None;
            }
        }
    }

    fn exactly(&mut self, length: usize) -> Vec<u8> {
        while self.raw.len() < length {
            assert!(self.more(), "the connection ends in the middle of a body");
        }
        self.raw.drain(..length).collect()
    }

    /// The next chunk; `None` after the last one, or where the connection ends.
    fn chunk(&mut self) -> Option<Vec<u8>> {
        let size = self.until(b"\r\n")?;
        let size = usize::from_str_radix(String::from_utf8_lossy(&size).trim(), 16).expect("the size of a chunk");
        let chunk = self.exactly(size);
        assert_eq!(self.exactly(2), b"\r\n");
        (size > 0).then_some(chunk)
    }

    /// The head of the next answer; `None` if the connection ends before.
    pub fn try_head(&mut self) -> Option<Answer> {
        let head = self.until(b"\r\n\r\n")?;
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).expect("a status");
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
        let answer = Answer { status, headers, body: Vec::new() };
        self.is_chunked = answer.header("transfer-encoding") == Some("chunked");
        Some(answer)
    }

    /// The head of the next answer.
    pub fn head(&mut self) -> Answer {
        self.try_head().expect("the server answers")
    }

    /// The next answer as a whole.
    pub fn answer(&mut self) -> Answer {
        let mut answer = self.head();
        if self.is_chunked {
            while let Some(chunk) = self.chunk() {
                answer.body.extend(chunk);
            }
        } else if let Some(length) = answer.header("content-length") {
            answer.body = self.exactly(length.parse().unwrap());
        } else if answer.status != 204 && answer.status >= 200 {
            while self.more() {}
            answer.body = std::mem::take(&mut self.raw);
        }
        answer
    }

    /// The next event of a stream, comments aside; `None` at its end.
    pub fn try_event(&mut self) -> Option<Event> {
        loop {
            if let Some(at) = self.text.windows(2).position(|window| window == b"\n\n") {
                let text: Vec<u8> = self.text.drain(..at + 2).collect();
                if let Some(event) = Event::read(std::str::from_utf8(&text).unwrap()) {
                    return Some(event);
                }
                continue;
            }
            assert!(self.is_chunked, "no stream is open here");
            let chunk = self.chunk()?;
            self.text.extend(chunk);
        }
    }

    /// The next event of a stream.
    pub fn event(&mut self) -> Event {
        self.try_event().expect("the stream goes on")
    }

    /// All that still comes on a stream.
    pub fn rest(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.try_event()).collect()
    }

    /// Whether nothing comes for a moment.
    pub fn is_silent(&mut self) -> bool {
        self.stream.set_read_timeout(Some(Duration::from_millis(150))).unwrap();
        let mut buffer = [0; 1024];
        let read = self.read_some(&mut buffer);
        self.stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let is_empty = self.raw.is_empty() && self.text.is_empty();
        is_empty && read.is_err_and(|error| matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut))
    }

    /// Waits for the end of the connection, before which nothing may come; says how long that took.
    pub fn closed(&mut self) -> Duration {
        let start = Instant::now();
        while self.more() {}
        assert_eq!(String::from_utf8_lossy(&self.raw), "", "something came before the end");
        start.elapsed()
    }
}

/// A session of a revision that has them.
#[derive(Debug)]
pub struct Session<'a> {
    site: &'a Site,
    /// What the server calls it.
    pub id: String,
    revision: String,
}

impl<'a> Session<'a> {
    /// Opens one; the client can do whatever it may be asked for.
    pub fn open(site: &'a Site, revision: &str) -> Self {
        let answer = site.send(&Request::post(Self::initialize(revision).to_string()));
        assert_eq!((answer.status, &answer.json()["result"]["protocolVersion"]), (200, &json!(revision)), "{answer}");
        let id = answer.header("mcp-session-id").expect("the session has an id").to_owned();
        let session = Self { site, id, revision: revision.to_owned() };
        let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        let answer = session.post(&initialized);
        assert_eq!((answer.status, answer.text().as_str()), (202, ""), "{answer}");
        session
    }

    /// The same session, wherever else it is known.
    pub fn at<'b>(&self, site: &'b Site) -> Session<'b> {
        Session { site, id: self.id.clone(), revision: self.revision.clone() }
    }

    /// The request that opens one.
    pub fn initialize(revision: &str) -> Value {
        let client = json!({ "name": "tests", "version": "1" });
        let capabilities = json!({ "elicitation": {}, "sampling": {}, "roots": {} });
        let params = json!({ "protocolVersion": revision, "capabilities": capabilities, "clientInfo": client });
        request("initialize", "initialize", params)
    }

    /// A message in this session, not sent yet.
    pub fn request(&self, body: impl AsRef<[u8]>) -> Request {
        self.named(Request::post(body))
    }

    fn named(&self, request: Request) -> Request {
        request.with("Mcp-Session-Id", &self.id).with("MCP-Protocol-Version", &self.revision)
    }

    /// Posts a message and takes the whole answer.
    pub fn post(&self, message: &Value) -> Answer {
        self.site.send(&self.request(message.to_string()))
    }

    /// Calls a tool and takes the whole answer.
    pub fn call(&self, tool: &str, arguments: Value) -> Answer {
        self.post(&request("whole", "tools/call", json!({ "name": tool, "arguments": arguments })))
    }

    /// Begins a call that says how far it has come, and takes the head of its stream.
    pub fn begin(&self, tool: &str, arguments: Value) -> Wire {
        let meta = json!({ "progressToken": "p" });
        let params = json!({ "name": tool, "arguments": arguments, "_meta": meta });
        let message = request("call", "tools/call", params).to_string();
        self.stream(&self.request(message))
    }

    /// Opens the session's own stream, or takes one up again behind an event.
    pub fn listen(&self, last: Option<&str>) -> Wire {
        self.stream(&self.listening(last))
    }

    /// The request for that.
    pub fn listening(&self, last: Option<&str>) -> Request {
        let request = self.named(Request::new("GET", "/mcp").with("Accept", "text/event-stream"));
        last.into_iter().fold(request, |request, last| request.with("Last-Event-ID", last))
    }

    fn stream(&self, request: &Request) -> Wire {
        let (head, wire) = self.site.begin(request);
        assert_eq!((head.status, head.header("content-type")), (200, Some("text/event-stream")), "{head}");
        wire
    }

    /// Ends it.
    pub fn delete(&self) -> Answer {
        self.site.send(&self.named(Request::new("DELETE", "/mcp")))
    }
}
