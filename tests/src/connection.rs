//! A server and a connection to it in the same process. Meant for a paused clock: whoever waits until nothing more comes
//! then waits no time at all.

use std::time::Duration;

use mcp_runtime::{Result, Server, memory};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, ReadHalf, WriteHalf, split};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// For how long nothing may come before nothing more is expected.
const QUIET: Duration = Duration::from_secs(30);

/// The client's end.
#[derive(Debug)]
pub struct Connection {
    reader: BufReader<ReadHalf<DuplexStream>>,
    writer: WriteHalf<DuplexStream>,
    serving: JoinHandle<Result<()>>,
    line: Vec<u8>,
}

impl Connection {
    /// Starts the server.
    pub fn open(server: Server) -> Self {
        Self::narrow(server, 1 << 20)
    }

    /// Starts the server behind a pipe that holds so many bytes.
    pub fn narrow(server: Server, bytes: usize) -> Self {
        let (stream, client) = memory(bytes);
        let serving = tokio::spawn(server.serve(stream));
        let (reader, writer) = split(client);
        Self { reader: BufReader::new(reader), writer, serving, line: Vec::new() }
    }

    /// The same, with the handshake of this revision done if it has one.
    pub async fn handshake(server: Server, revision: &str) -> Self {
        let mut connection = Self::open(server);
        connection.send(&initialize(revision)).await;
        let answer = connection.next().await;
        assert_eq!(answer["result"]["protocolVersion"], revision, "{answer}");
        connection.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
        connection
    }

    /// Sends one line.
    pub async fn send(&mut self, line: &str) {
        self.send_bytes(line.as_bytes()).await;
    }

    /// The same for a line that may be no text.
    pub async fn send_bytes(&mut self, line: &[u8]) {
        self.writer.write_all(line).await.unwrap();
        self.writer.write_all(b"\n").await.unwrap();
    }

    /// The next frame, if one comes.
    pub async fn try_next(&mut self) -> Option<Value> {
        match timeout(QUIET, self.reader.read_until(b'\n', &mut self.line)).await {
            Err(_) => None,
            Ok(read) => {
                let line = std::mem::take(&mut self.line);
                (read.unwrap() > 0).then(|| serde_json::from_slice(&line).unwrap())
            }
        }
    }

    /// The next frame.
    pub async fn next(&mut self) -> Value {
        self.try_next().await.expect("the server answers")
    }

    /// Everything that comes before the server falls silent.
    pub async fn rest(&mut self) -> Vec<Value> {
        let mut frames = Vec::new();
        while let Some(frame) = self.try_next().await {
            frames.push(frame);
        }
        frames
    }

    /// Sends a message and takes the next frame, whatever it is.
    pub async fn ask(&mut self, message: &Value) -> Value {
        self.send(&message.to_string()).await;
        self.next().await
    }

    /// Calls a tool and gives its result, or the error.
    pub async fn call(&mut self, tool: &str, arguments: Value) -> Value {
        let answer =
            self.ask(&request("call", "tools/call", serde_json::json!({ "name": tool, "arguments": arguments }))).await;
        assert_eq!(answer["id"], "call", "{answer}");
        answer.get("result").unwrap_or(&answer["error"]).clone()
    }

    /// Ends the input and takes what still comes; fails if the server does not end then.
    pub async fn close(mut self) -> Vec<Value> {
        self.writer.shutdown().await.unwrap();
        let rest = self.rest().await;
        timeout(QUIET, self.serving).await.expect("the server ends with its input").unwrap().unwrap();
        rest
    }
}

/// A request to open a session in this revision.
pub fn initialize(revision: &str) -> String {
    let client = serde_json::json!({ "name": "tests", "version": "1" });
    let params = serde_json::json!({ "protocolVersion": revision, "capabilities": {}, "clientInfo": client });
    request("initialize", "initialize", params).to_string()
}

/// A request as the revisions with a handshake have it.
pub fn request(id: impl Into<Value>, method: &str, params: Value) -> Value {
    let id = id.into();
    serde_json::json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

/// A request as 2026-07-28 has it: the same with what it must say of itself.
pub fn modern(id: impl Into<Value>, method: &str, mut params: Value) -> Value {
    params["_meta"]["io.modelcontextprotocol/protocolVersion"] = "2026-07-28".into();
    params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = serde_json::json!({});
    params["_meta"]["io.modelcontextprotocol/clientInfo"] = serde_json::json!({ "name": "tests", "version": "1" });
    request(id, method, params)
}
