//! What a conversation goes over: starts the server and gives the client's end of the connection.

use std::net::TcpListener;
use std::process::Stdio;

use mcp_runtime::{Http as HttpTransport, Result, Revision, Server, memory};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, BufReader, split};
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

use super::http::Http;
use super::{Event, Place};

/// What a conversation goes over.
#[derive(Clone, Copy, Debug)]
pub enum Wire {
    /// A stream in this process.
    Memory,
    /// The pipes of this program, which serves the same server.
    Stdio(&'static str),
    /// HTTP: the pair of endpoints in 2024-11-05, sessions up to 2025-11-25, then neither.
    Http,
}

/// The way to the server.
pub(super) enum Line {
    Pipe(Option<Box<dyn AsyncWrite + Send + Unpin>>),
    Http(Http),
}

/// Whoever serves.
pub(super) enum Served {
    Task(JoinHandle<Result<()>>),
    Process(Child),
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Self::Task(task) = self {
            task.abort();
        }
    }
}

/// A server that runs, and the way to it.
pub(super) struct Connected {
    pub(super) line: Line,
    pub(super) served: Served,
}

/// Starts the server; what comes from it comes as events.
pub(super) async fn connect(
    wire: Wire,
    server: fn() -> Server,
    revision: Revision,
) -> (Connected, UnboundedReceiver<Event>) {
    let (sender, events) = unbounded_channel();
    let (line, by) = match wire {
        Wire::Memory => {
            let (stream, client) = memory(1 << 20);
            let task = tokio::spawn(server().serve(stream));
            let (reader, writer) = split(client);
            tokio::spawn(read_lines(reader, sender));
            (Line::Pipe(Some(Box::new(writer))), Served::Task(task))
        }
        Wire::Stdio(program) => {
            let mut command = Command::new(program);
            command.env_remove("MCP_TRANSPORT").stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
            let mut child = command.spawn().unwrap_or_else(|error| panic!("{program}: {error}"));
            tokio::spawn(read_lines(child.stdout.take().unwrap(), sender));
            (Line::Pipe(Some(Box::new(child.stdin.take().unwrap()))), Served::Process(child))
        }
        Wire::Http => {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            let task = tokio::spawn(server().serve(HttpTransport::listener(listener).unwrap()));
            (Line::Http(Http::open(address, revision, sender).await), Served::Task(task))
        }
    };
    (Connected { line, served: by }, events)
}

async fn read_lines(reader: impl AsyncRead + Unpin, events: UnboundedSender<Event>) {
    let mut lines = BufReader::new(reader).lines();
    while let Some(line) = lines.next_line().await.expect("the server can be read from") {
        let frame = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in {line}"));
        let _ = events.send(Event { place: Place::Pipe, status: 0, frame: Some(frame) });
    }
    let _ = events.send(Event { place: Place::Pipe, status: 0, frame: None });
}
