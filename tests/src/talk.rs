//! A conversation with a server in one revision, the same over every transport: whoever holds it asks, answers, cancels and
//! subscribes, and does not see how. Checks on the way that whatever comes is valid and comes where it belongs.

mod http;
mod wire;

use std::collections::VecDeque;

use mcp_runtime::{Revision, Server};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout;

pub use self::wire::Wire;
use self::wire::{Connected, Line, Served, connect};
use crate::judge::Judge;
use crate::process::PATIENCE;

const CANCELLED: &str = "notifications/cancelled";

/// Something that came from the server.
#[derive(Debug)]
struct Event {
    place: Place,
    /// The response's status, over HTTP.
    status: u16,
    /// `None` when the stream has ended.
    frame: Option<Value>,
}

/// Where it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Where everything comes.
    Pipe,
    /// Where the request with this id is answered.
    Answer(i64),
    /// Where a session is told what belongs to no request.
    Session,
}

/// A conversation.
pub struct Talk {
    revision: Revision,
    capabilities: Value,
    /// From which level on each request of 2026-07-28 wants the log.
    level: Option<Value>,
    line: Line,
    served: Served,
    events: UnboundedReceiver<Event>,
    /// What was told of changes and not taken yet.
    told: VecDeque<Value>,
    judge: Judge,
    last_id: i64,
    /// The request that changes are told to (2026-07-28), and what it listens to.
    listening: Option<(i64, Vec<String>)>,
}

impl std::fmt::Debug for Talk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Talk").field("revision", &self.revision).finish_non_exhaustive()
    }
}

impl Talk {
    /// Starts a server and opens a conversation with it, handshake included where there is one.
    pub async fn open(wire: Wire, server: fn() -> Server, revision: Revision, capabilities: Value) -> Self {
        let (connected, events) = connect(wire, server, revision).await;
        let Connected { line, served } = connected;
        let mut talk = Self {
            revision,
            capabilities,
            level: None,
            line,
            served,
            events,
            told: VecDeque::new(),
            judge: Judge::of(revision),
            last_id: 0,
            listening: None,
        };
        if revision.has_handshake() {
            let client = json!({ "name": "tests", "version": "1" });
            let capabilities = talk.capabilities.clone();
            let params =
                json!({ "protocolVersion": revision.as_str(), "capabilities": capabilities, "clientInfo": client });
            let id = talk.begin("initialize", params).await;
            let answer = talk.next_of(id).await;
            assert_eq!(answer["result"]["protocolVersion"], revision.as_str(), "{answer}");
            talk.notify("notifications/initialized", json!({})).await;
        }
        talk
    }

    /// Sends a request and gives its id.
    pub async fn begin(&mut self, method: &str, mut params: Value) -> i64 {
        self.last_id += 1;
        if !self.revision.has_handshake() {
            let meta = &mut params["_meta"];
            meta["io.modelcontextprotocol/protocolVersion"] = self.revision.as_str().into();
            meta["io.modelcontextprotocol/clientCapabilities"] = self.capabilities.clone();
            meta["io.modelcontextprotocol/clientInfo"] = json!({ "name": "tests", "version": "1" });
            if let Some(level) = &self.level {
                meta["io.modelcontextprotocol/logLevel"] = level.clone();
            }
        }
        self.send(json!({ "jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params })).await;
        self.last_id
    }

    /// Sends a notification.
    pub async fn notify(&mut self, method: &str, params: Value) {
        self.send(json!({ "jsonrpc": "2.0", "method": method, "params": params })).await;
    }

    /// Answers a question of the server, with `result` or `error`.
    pub async fn answer(&mut self, question: &Value, mut answer: Value) {
        answer["jsonrpc"] = "2.0".into();
        answer["id"] = question["id"].clone();
        self.send(answer).await;
    }

    /// The next frame that belongs to this request: what is said meanwhile, what is asked, or the answer.
    pub async fn next_of(&mut self, id: i64) -> Value {
        loop {
            let Some(Event { place, status, frame }) = self.event().await else { continue };
            let Some(frame) = frame else {
                assert!(![Place::Answer(id), Place::Pipe].contains(&place), "the stream ended without an answer");
                continue;
            };
            if frame.get("method").is_none() {
                assert_eq!(frame["id"], id, "the answer to something else: {frame}");
                assert!(place == Place::Pipe || status == self.status_of(&frame), "status {status} of {frame}");
            }
            return self.plain(frame);
        }
    }

    /// Gives a request up: by a message, or by closing its connection where that is the way.
    pub async fn cancel(&mut self, id: i64) {
        if let Line::Http(http) = &mut self.line
            && !self.revision.has_handshake()
        {
            return http.close(id);
        }
        self.notify("notifications/cancelled", json!({ "requestId": id, "reason": "nobody waits any more" })).await;
    }

    /// What is still said of a request that was given up before its stream ends, where it has one that does not end with it.
    pub async fn rest_of(&mut self, id: i64) -> Vec<Value> {
        let mut rest = Vec::new();
        while matches!(self.line, Line::Http(_)) && !matches!(self.revision.as_str(), "2024-11-05" | "2026-07-28") {
            match self.event().await {
                Some(Event { place, frame: None, .. }) if place == Place::Answer(id) => break,
                Some(Event { frame: Some(frame), .. }) => rest.push(frame),
                _ => {}
            }
        }
        rest
    }

    /// Wants the log from this level on.
    pub async fn set_level(&mut self, level: Value) {
        if self.revision.has_handshake() {
            let id = self.begin("logging/setLevel", json!({ "level": level })).await;
            assert_eq!(self.next_of(id).await["result"], json!({}));
        } else {
            self.level = Some(level);
        }
    }

    /// Wants to hear of these resources and of every list.
    pub async fn subscribe(&mut self, uris: Vec<String>) {
        if !self.revision.has_handshake() {
            return self.listen(uris).await;
        }
        if let Line::Http(http) = &mut self.line {
            http.listen().await;
        }
        for uri in uris {
            let id = self.begin("resources/subscribe", json!({ "uri": uri })).await;
            assert_eq!(self.next_of(id).await["result"], json!({}));
        }
    }

    /// No longer wants to hear of a resource: takes that back, or ends the stream and opens another.
    pub async fn unsubscribe(&mut self, uri: &str) {
        match self.listening.take() {
            None => {
                let id = self.begin("resources/unsubscribe", json!({ "uri": uri })).await;
                assert_eq!(self.next_of(id).await["result"], json!({}));
            }
            Some((id, uris)) => {
                self.cancel(id).await;
                self.listen(uris.into_iter().filter(|known| known != uri).collect()).await;
            }
        }
    }

    async fn listen(&mut self, uris: Vec<String>) {
        let wanted = json!({
            "toolsListChanged": true, "promptsListChanged": true, "resourcesListChanged": true,
            "resourceSubscriptions": uris,
        });
        // What is told at once is told to this request already.
        self.listening = Some((self.last_id + 1, uris));
        self.begin("subscriptions/listen", json!({ "notifications": wanted })).await;
        let acknowledged = self.next_told().await;
        assert_eq!(acknowledged["method"], "notifications/subscriptions/acknowledged");
        assert_eq!(acknowledged["params"]["notifications"], wanted);
    }

    /// The next thing that is told of a change.
    pub async fn next_told(&mut self) -> Value {
        while self.told.is_empty() {
            if let Some(event) = self.event().await {
                assert!(event.frame.is_none(), "nobody waits for {event:?}");
            }
        }
        self.told.pop_front().expect("there is one")
    }

    /// Ends the conversation as its transport does, and sees that the server has nothing more to say.
    pub async fn close(mut self) {
        match &mut self.line {
            Line::Http(http) => return http.end().await,
            Line::Pipe(writer) => writer.take().expect("the pipe is open").shutdown().await.unwrap(),
        }
        // A stream of changes is ended in order.
        if let Some((id, _)) = self.listening {
            let meta = json!({ "io.modelcontextprotocol/subscriptionId": id });
            assert_eq!(self.next_told().await, json!({ "jsonrpc": "2.0", "id": id, "result": { "_meta": meta } }));
            let cancelled = self.event().await.and_then(|event| event.frame).expect("the end is told twice");
            assert_eq!((&cancelled["method"], &cancelled["params"]["requestId"]), (&json!(CANCELLED), &json!(id)));
        }
        let rest = self.event().await.expect("nothing is told any more");
        assert!(rest.frame.is_none() && self.told.is_empty(), "nobody waits for {rest:?} and {:?}", self.told);
        match &mut self.served {
            Served::Task(task) => timeout(PATIENCE, task).await.expect("the server ends").unwrap().unwrap(),
            Served::Process(child) => {
                assert!(timeout(PATIENCE, child.wait()).await.expect("the process ends").unwrap().success());
            }
        }
    }

    async fn send(&mut self, frame: Value) {
        self.judge.sent(&frame);
        match &mut self.line {
            Line::Http(http) => http.send(&frame).await,
            Line::Pipe(writer) => {
                let writer = writer.as_mut().expect("the pipe is open");
                writer.write_all(format!("{frame}\n").as_bytes()).await.unwrap();
                writer.flush().await.unwrap();
            }
        }
    }

    /// The next event; what is told of changes is put aside.
    async fn event(&mut self) -> Option<Event> {
        let event = timeout(PATIENCE, self.events.recv()).await.expect("the server says nothing");
        let event = event.expect("the connection is gone, or what came was no frame");
        let Some(frame) = &event.frame else { return Some(event) };
        self.judge.received(frame);
        let method = frame["method"].as_str();
        let listening = self.listening.as_ref().map(|(id, _)| *id);
        let is_told = match method {
            Some(method) => {
                let method = method.strip_prefix("notifications/").unwrap_or_default();
                method.ends_with("list_changed") || matches!(method, "resources/updated" | "subscriptions/acknowledged")
            }
            None => listening.is_some_and(|id| frame["id"] == id),
        };
        let is_in_place = match event.place {
            Place::Pipe => true,
            Place::Session => is_told,
            Place::Answer(id) => is_told == (listening == Some(id)),
        };
        assert!(is_in_place, "{event:?} came to the wrong place");
        if !is_told {
            return Some(event);
        }
        let mut frame = self.plain(frame.clone());
        if method.is_some() {
            let meta = frame["params"].as_object_mut().and_then(|params| params.remove("_meta"));
            let told_to = listening.map(|id| json!({ "io.modelcontextprotocol/subscriptionId": id }));
            assert_eq!(meta, told_to, "{event:?}");
        }
        self.told.push_back(frame);
        None
    }

    /// A frame without what every result of 2026-07-28 has.
    fn plain(&self, mut frame: Value) -> Value {
        let Some(result) = frame.get_mut("result").and_then(Value::as_object_mut) else { return frame };
        if self.revision.has_handshake() {
            return frame;
        }
        if result["resultType"] == "complete" {
            result.remove("resultType");
        }
        let meta = result.get_mut("_meta").and_then(Value::as_object_mut).expect("every result says who gives it");
        let server = meta.remove("io.modelcontextprotocol/serverInfo").expect("every result says who gives it");
        assert_eq!(server["name"], env!("CARGO_PKG_NAME"));
        if meta.is_empty() {
            result.remove("_meta");
        }
        frame
    }

    /// The status that goes with an answer.
    fn status_of(&self, answer: &Value) -> u16 {
        match answer["error"]["code"].as_i64() {
            Some(-32601) if !self.revision.has_handshake() => 404,
            Some(-32602 | -32021) if !self.revision.has_handshake() => 400,
            _ => 200,
        }
    }
}
