//! The same frames over every transport, as they are: whatever bytes a peer may send, and the one answer to each.

use mcp_runtime::Server;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::connection::Connection;
use crate::http::{Request, Site, Wire};
use crate::process::{Process, call};

/// A connection that lives as long as the server bears what comes over it.
#[derive(Debug)]
pub struct Raw {
    way: Way,
    asked: u64,
}

#[derive(Debug)]
enum Way {
    Memory(Runtime, Box<Connection>),
    Stdio(Process),
    /// One connection for everything: a server that closes it fails the test.
    Http {
        _site: Site,
        wire: Wire,
    },
}

impl Raw {
    /// A server in this process, the pipes of a program that serves the same, and HTTP.
    pub fn all(program: &str, server: impl Fn() -> Server) -> [Self; 3] {
        [Self::memory(server()), Self::stdio(program), Self::http(server())]
    }

    /// Over a stream in this process.
    pub fn memory(server: Server) -> Self {
        let runtime = Runtime::new().unwrap();
        let connection = {
            let _inside = runtime.enter();
            Connection::open(server)
        };
        Self::over(Way::Memory(runtime, Box::new(connection)))
    }

    /// Over the pipes of a program.
    pub fn stdio(program: &str) -> Self {
        Self::over(Way::Stdio(Process::start(program, &[])))
    }

    /// Over HTTP.
    pub fn http(server: Server) -> Self {
        let site = Site::open(server);
        let wire = site.connect();
        Self::over(Way::Http { _site: site, wire })
    }

    fn over(way: Way) -> Self {
        Self { way, asked: 0 }
    }

    /// What it goes over.
    pub fn name(&self) -> &'static str {
        match self.way {
            Way::Memory(..) => "memory",
            Way::Stdio(_) => "stdio",
            Way::Http { .. } => "http",
        }
    }

    /// Whether a line break ends a frame.
    pub fn has_lines(&self) -> bool {
        !matches!(self.way, Way::Http { .. })
    }

    /// Sends a frame and takes the next one that comes back.
    pub fn ask(&mut self, frame: impl AsRef<[u8]>) -> Value {
        let frame = frame.as_ref();
        match &mut self.way {
            Way::Memory(runtime, connection) => runtime.block_on(async {
                connection.send_bytes(frame).await;
                connection.next().await
            }),
            Way::Stdio(process) => {
                process.send(frame);
                process.receive()
            }
            Way::Http { wire, .. } => {
                let message = serde_json::from_slice::<Value>(frame).unwrap_or_default();
                // What cannot be read has headers that a good call would have.
                let like = if message["method"].is_string() { message } else { call(0, "same", json!({})) };
                let answer = wire.send(&Request::modern(&like).body(frame));
                let json = answer.json();
                assert_eq!(json.get("error").is_some(), answer.status >= 400, "{answer}");
                json
            }
        }
    }

    /// Calls a tool and gives its result, or the error.
    pub fn call(&mut self, tool: &str, arguments: Value) -> Value {
        self.asked += 1;
        let id = format!("call {}", self.asked);
        let answer = self.ask(call(id.as_str(), tool, arguments).to_string());
        assert_eq!(answer["id"], id, "the answer to something else: {answer}");
        answer.get("result").unwrap_or(&answer["error"]).clone()
    }

    /// Whether a healthy call is answered as it should be. The server has a tool `add`.
    ///
    /// # Errors
    /// What came instead.
    pub fn is_healthy(&mut self) -> Result<(), String> {
        let number = self.asked;
        let result = self.call("add", json!({ "a": number, "b": 1 }));
        let sum = (number + 1).to_string();
        if result["content"][0]["text"].as_str() == Some(&sum) {
            return Ok(());
        }
        Err(format!("instead of the answer to a healthy call came {result}"))
    }
}
