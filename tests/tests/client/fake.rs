//! A server by hand: reads and writes lines, and knows nothing by itself.

use std::time::Duration;

use mcp_runtime::Client;
use mcp_runtime::client::{Connect, Error, Streams};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines, ReadHalf, WriteHalf, duplex, split};

pub(crate) type Builder = Connect<Streams<ReadHalf<DuplexStream>, WriteHalf<DuplexStream>>>;

pub(crate) struct Fake {
    lines: Lines<BufReader<ReadHalf<DuplexStream>>>,
    writer: WriteHalf<DuplexStream>,
}

/// A client to be, and the server it will talk to.
pub(crate) fn pair() -> (Builder, Fake) {
    let (here, there) = duplex(64 * 1024);
    let (reader, writer) = split(here);
    let client = Client::stream(reader, writer);
    let (reader, writer) = split(there);
    (client, Fake { lines: BufReader::new(reader).lines(), writer })
}

impl Fake {
    /// The client's next message; `None` once it has closed its side.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        let line = self.lines.next_line().await.unwrap()?;
        let message: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert_eq!(message["jsonrpc"], "2.0", "{line}");
        Some(message)
    }

    /// The client's next line, whatever it holds.
    pub(crate) async fn line(&mut self) -> Value {
        let line = self.lines.next_line().await.unwrap().expect("the client has gone");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    /// The client's next message, which must be of this method.
    #[track_caller]
    pub(crate) fn expect<'f>(&'f mut self, method: &'f str) -> impl Future<Output = Value> + 'f {
        let caller = std::panic::Location::caller();
        async move {
            let message = self.next().await.unwrap_or_else(|| panic!("{caller}: the client has gone"));
            assert_eq!(message["method"], method, "{caller}: {message}");
            message
        }
    }

    /// Nothing comes from the client for an hour.
    pub(crate) async fn expect_silence(&mut self) {
        if let Ok(message) = tokio::time::timeout(Duration::from_hours(1), self.next()).await {
            panic!("the client says {message:?}");
        }
    }

    pub(crate) async fn raw(&mut self, text: &str) {
        self.writer.write_all(text.as_bytes()).await.unwrap();
    }

    pub(crate) async fn say(&mut self, message: Value) {
        self.raw(&format!("{message}\n")).await;
    }

    pub(crate) async fn answer(&mut self, request: &Value, result: Value) {
        self.say(json!({ "jsonrpc": "2.0", "id": request["id"], "result": result })).await;
    }

    pub(crate) async fn refuse(&mut self, request: &Value, code: i64, data: Value) {
        let error = json!({ "code": code, "message": "no", "data": data });
        self.say(json!({ "jsonrpc": "2.0", "id": request["id"], "error": error })).await;
    }
}

/// What every server here can do.
pub(crate) fn capabilities() -> Value {
    json!({ "tools": {}, "resources": {}, "prompts": {}, "completions": {}, "logging": {} })
}

pub(crate) fn discovered(versions: &[&str]) -> Value {
    json!({
        "resultType": "complete",
        "supportedVersions": versions,
        "capabilities": capabilities(),
        "instructions": "Ask nicely.",
        "_meta": { "io.modelcontextprotocol/serverInfo": { "name": "fake", "version": "1" } },
    })
}

pub(crate) fn initialized(version: &str) -> Value {
    json!({
        "protocolVersion": version,
        "capabilities": capabilities(),
        "serverInfo": { "name": "fake", "version": "1" },
    })
}

/// Lets a client connect while the server plays its part.
pub(crate) async fn play(
    builder: Builder,
    mut fake: Fake,
    part: impl AsyncFnOnce(&mut Fake),
) -> (Result<Client, Error>, Fake) {
    let (client, ()) = tokio::join!(builder.connect(), part(&mut fake));
    (client, fake)
}

/// A connection to a server of 2026-07-28.
pub(crate) async fn modern(options: impl FnOnce(Builder) -> Builder) -> (Client, Fake) {
    let (builder, fake) = pair();
    let (client, fake) = play(options(builder), fake, async |fake| {
        let probe = fake.expect("server/discover").await;
        fake.answer(&probe, discovered(&["2026-07-28"])).await;
    })
    .await;
    (client.unwrap(), fake)
}

/// A connection to a server of 2025-11-25.
pub(crate) async fn legacy(options: impl FnOnce(Builder) -> Builder) -> (Client, Fake) {
    let (builder, fake) = pair();
    let (client, fake) = play(options(builder), fake, async |fake| {
        let probe = fake.expect("server/discover").await;
        fake.refuse(&probe, -32601, Value::Null).await;
        let request = fake.expect("initialize").await;
        fake.answer(&request, initialized("2025-11-25")).await;
        fake.expect("notifications/initialized").await;
    })
    .await;
    (client.unwrap(), fake)
}
