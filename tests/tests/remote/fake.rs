//! A server over HTTP by hand: takes one request at a time, each on a connection of its own, and answers what it is told to.

use std::collections::HashMap;
use std::time::Duration;

use mcp_runtime::Client;
use mcp_runtime::client::{Connect, Http};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// For how long anything is waited for.
const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) struct Fake {
    listener: TcpListener,
}

/// One request, and the way back.
pub(crate) struct Hit {
    pub(crate) verb: String,
    pub(crate) path: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Value,
    stream: BufReader<TcpStream>,
}

/// A connection that is open and idle; dropping it closes it.
pub(crate) struct Kept(BufReader<TcpStream>);

impl Kept {
    /// The next request on it.
    pub(crate) async fn next(self) -> Hit {
        timeout(PATIENCE, Hit::read(self.0)).await.expect("no request comes on this connection")
    }
}

impl Fake {
    pub(crate) async fn open() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").await.unwrap() }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/mcp", self.listener.local_addr().unwrap())
    }

    /// The client's next request.
    pub(crate) async fn next(&self) -> Hit {
        timeout(PATIENCE, self.take()).await.expect("no request comes")
    }

    async fn take(&self) -> Hit {
        Hit::read(BufReader::new(self.listener.accept().await.unwrap().0)).await
    }

    /// The client's next request, which must be a POST of this method.
    #[track_caller]
    pub(crate) fn expect<'f>(&'f self, method: &'f str) -> impl Future<Output = Hit> + 'f {
        let caller = std::panic::Location::caller();
        async move {
            let hit = self.next().await;
            assert_eq!((hit.verb.as_str(), &hit.body["method"]), ("POST", &json!(method)), "{caller}: {}", hit.body);
            hit
        }
    }

    /// The client's next request, which must be of this verb.
    #[track_caller]
    pub(crate) fn expect_verb<'f>(&'f self, verb: &'f str) -> impl Future<Output = Hit> + 'f {
        let caller = std::panic::Location::caller();
        async move {
            let hit = self.next().await;
            assert_eq!(hit.verb, verb, "{caller}: {}", hit.body);
            hit
        }
    }

    /// Nothing comes for a while.
    pub(crate) async fn expect_silence(&self) {
        if let Ok(hit) = timeout(Duration::from_millis(300), self.take()).await {
            panic!("the client says {} {}", hit.verb, hit.body);
        }
    }
}

impl Hit {
    async fn read(mut stream: BufReader<TcpStream>) -> Self {
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        let mut words = line.split_whitespace().map(str::to_owned);
        let (verb, path) = (words.next().unwrap(), words.next().unwrap());
        let mut headers = HashMap::new();
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).await.unwrap();
            let Some((name, value)) = line.trim_end_matches("\r\n").split_once(": ") else {
                if line.trim().is_empty() {
                    break;
                }
                let name = line.trim_end().trim_end_matches(':').to_lowercase();
                headers.insert(name, String::new());
                continue;
            };
            headers.insert(name.to_lowercase(), value.to_owned());
        }
        let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.unwrap();
        let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() };
        Self { verb, path, headers, body, stream }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// Writes bytes as they are; the client may have gone.
    pub(crate) async fn write(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.get_mut().write_all(bytes.as_ref()).await.is_ok()
    }

    /// Answers with this status, these lines of the head, and this body.
    pub(crate) async fn answer(mut self, status: u16, head: &str, body: impl AsRef<[u8]>) {
        let body = body.as_ref();
        let head = format!("HTTP/1.1 {status} x\r\nConnection: close\r\nContent-Length: {}\r\n{head}\r\n", body.len());
        self.write(head).await;
        self.write(body).await;
    }

    pub(crate) async fn json(self, status: u16, body: Value) {
        self.answer(status, "Content-Type: application/json\r\n", body.to_string()).await;
    }

    pub(crate) async fn result(self, result: Value) {
        let body = json!({ "jsonrpc": "2.0", "id": self.body["id"], "result": result });
        self.json(200, body).await;
    }

    pub(crate) async fn refuse(self, status: u16, code: i64) {
        let body = json!({ "jsonrpc": "2.0", "id": self.body["id"], "error": { "code": code, "message": "no" } });
        self.json(status, body).await;
    }

    /// Answers, and leaves the connection open for another request.
    pub(crate) async fn keep(mut self, result: Value) -> Kept {
        let body = self.done(&result).to_string();
        let head =
            format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len());
        assert!(self.write(head + &body).await);
        Kept(self.stream)
    }

    /// Begins a stream of events.
    pub(crate) async fn stream(&mut self) {
        self.write("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/event-stream\r\n\r\n").await;
    }

    /// Tells one event.
    pub(crate) async fn event(&mut self, message: &Value) {
        self.write(format!("data: {message}\n\n")).await;
    }

    /// The answer to this request, as a message.
    pub(crate) fn done(&self, result: &Value) -> Value {
        json!({ "jsonrpc": "2.0", "id": self.body["id"], "result": result })
    }
}

pub(crate) fn text(text: &str) -> Value {
    json!({ "content": [{ "type": "text", "text": text }] })
}

pub(crate) fn capabilities() -> Value {
    json!({ "tools": {}, "resources": {}, "prompts": {} })
}

pub(crate) fn discovered() -> Value {
    json!({ "resultType": "complete", "supportedVersions": ["2026-07-28"], "capabilities": capabilities() })
}

pub(crate) fn initialized(revision: &str) -> Value {
    json!({
        "protocolVersion": revision, "capabilities": capabilities(), "serverInfo": { "name": "fake", "version": "1" },
    })
}

/// A client of a server of 2026-07-28.
pub(crate) async fn modern(options: impl FnOnce(Connect<Http>) -> Connect<Http>) -> (Client, Fake) {
    let fake = Fake::open().await;
    let connecting = tokio::spawn(options(Client::http(fake.url())).connect());
    fake.expect("server/discover").await.result(discovered()).await;
    (connecting.await.unwrap().unwrap(), fake)
}

/// A client of a server of 2025-11-25 with a session, which has no stream of its own.
pub(crate) async fn session(options: impl FnOnce(Connect<Http>) -> Connect<Http>) -> (Client, Fake) {
    let fake = Fake::open().await;
    let connecting = tokio::spawn(options(Client::http(fake.url())).connect());
    fake.expect("server/discover").await.refuse(400, -32600).await;
    shake(&fake, "s1").await;
    (connecting.await.unwrap().unwrap(), fake)
}

/// Plays a handshake that opens this session.
pub(crate) async fn shake(fake: &Fake, session: &str) {
    let hit = fake.expect("initialize").await;
    assert_eq!(hit.header("mcp-session-id"), None);
    let body = hit.done(&initialized("2025-11-25")).to_string();
    hit.answer(200, &format!("Content-Type: application/json\r\nMcp-Session-Id: {session}\r\n"), body).await;
    let hit = fake.expect("notifications/initialized").await;
    assert_eq!(hit.header("mcp-session-id"), Some(session));
    assert_eq!(hit.header("mcp-protocol-version"), Some("2025-11-25"));
    hit.answer(202, "", "").await;
    fake.expect_verb("GET").await.answer(405, "", "").await;
}
