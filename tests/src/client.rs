//! A client of any revision that answers what it is asked: up to 2025-11-25 requests of the server's, in 2026-07-28 results
//! that ask for more. Every frame is checked against the schemas. Meant for a paused clock, like the connection under it.

use std::collections::VecDeque;

use mcp_runtime::{Revision, Server};
use serde_json::{Map, Value, json};

use crate::connection::Connection;
use crate::frames::Conversation;

/// Everything that a client can declare in this revision.
pub fn everything(revision: Revision) -> Value {
    let mut capabilities = json!({ "roots": {}, "sampling": {} });
    if revision >= Revision::V2025_06_18 {
        capabilities["elicitation"] = json!({});
    }
    if revision >= Revision::V2025_11_25 {
        capabilities["elicitation"] = json!({ "form": {}, "url": {} });
        capabilities["sampling"] = json!({ "tools": {} });
    }
    capabilities
}

/// A model's answer.
pub fn said(text: &str) -> Value {
    json!({ "role": "assistant", "content": { "type": "text", "text": text }, "model": "m" })
}

/// A user's answer.
pub fn accepted(content: Value) -> Value {
    json!({ "action": "accept", "content": content })
}

/// The client.
#[derive(Debug)]
pub struct Client {
    /// The revision that it speaks.
    pub revision: Revision,
    /// What each of its requests declares in 2026-07-28.
    pub capabilities: Value,
    /// As whom it introduces itself.
    pub name: &'static str,
    connection: Connection,
    conversation: Conversation,
    last: u64,
    /// What came while something else was waited for.
    early: VecDeque<Value>,
}

/// What came of a call that asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Course {
    /// What was asked, round by round: method and parameters. One round each up to 2025-11-25.
    pub rounds: Vec<Vec<(String, Value)>>,
    /// The states that came with it (2026-07-28).
    pub states: Vec<String>,
    /// The result, or the error.
    pub end: Value,
}

impl Course {
    /// The text of a result.
    #[track_caller]
    pub fn text(&self) -> &str {
        text(&self.end)
    }
}

/// The text of a tool's result, of a prompt's or of a resource's.
#[track_caller]
pub fn text(result: &Value) -> &str {
    let places = ["/content/0/text", "/messages/0/content/text", "/contents/0/text"];
    let text = places.iter().find_map(|place| result.pointer(place));
    text.and_then(Value::as_str).unwrap_or_else(|| panic!("no text in {result}"))
}

impl Client {
    /// Connects; does the handshake of the revision if it has one.
    pub async fn open(server: Server, revision: Revision, capabilities: Value) -> Self {
        Self::named("tests", server, revision, capabilities).await
    }

    /// The same under another name.
    pub async fn named(name: &'static str, server: Server, revision: Revision, capabilities: Value) -> Self {
        Self::over(name, Connection::open(server), revision, capabilities).await
    }

    /// The same over a connection that is there already.
    pub async fn over(name: &'static str, connection: Connection, revision: Revision, capabilities: Value) -> Self {
        let (conversation, early) = (Conversation::default(), VecDeque::new());
        let mut client = Self { revision, capabilities, name, connection, conversation, last: 0, early };
        // The server starts here, so that whatever a test does to it next, it does to one that runs.
        tokio::task::yield_now().await;
        if revision.has_handshake() {
            let params = json!({
                "protocolVersion": revision.as_str(),
                "capabilities": client.capabilities,
                "clientInfo": { "name": name, "version": "1" },
            });
            client.request("initialize", params).await;
            client.notify("notifications/initialized", None).await;
        }
        client
    }

    /// Sends a message that the schemas have nothing against.
    pub async fn send(&mut self, message: &Value) {
        let found = self.conversation.sent(message);
        assert!(found.is_empty(), "the client's frame: {found:?}\n{message}");
        self.connection.send(&message.to_string()).await;
    }

    /// Sends a message that breaks a schema.
    pub async fn send_wrong(&mut self, message: &Value) {
        let found = self.conversation.sent(message);
        assert!(!found.is_empty(), "the schemas have nothing against {message}");
        self.connection.send(&message.to_string()).await;
    }

    /// Sends a notification.
    pub async fn notify(&mut self, method: &str, params: Option<Value>) {
        let mut message = json!({ "jsonrpc": "2.0", "method": method });
        if let Some(params) = params {
            message["params"] = params;
        }
        self.send(&message).await;
    }

    /// A request as this revision has it.
    pub fn message(&self, id: impl Into<Value>, method: &str, mut params: Value) -> Value {
        if !self.revision.has_handshake() {
            params["_meta"]["io.modelcontextprotocol/protocolVersion"] = self.revision.as_str().into();
            params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = self.capabilities.clone();
            params["_meta"]["io.modelcontextprotocol/clientInfo"] = json!({ "name": self.name, "version": "1" });
        }
        json!({ "jsonrpc": "2.0", "id": id.into(), "method": method, "params": params })
    }

    /// An id that was not used before.
    pub fn id(&mut self) -> String {
        self.last += 1;
        format!("request {}", self.last)
    }

    /// The next frame, if one comes.
    pub async fn try_next(&mut self) -> Option<Value> {
        if let Some(frame) = self.early.pop_front() {
            return Some(frame);
        }
        self.read().await
    }

    async fn read(&mut self) -> Option<Value> {
        let frame = self.connection.try_next().await?;
        self.check(&frame);
        Some(frame)
    }

    fn check(&mut self, frame: &Value) {
        let found = self.conversation.received(frame);
        assert!(found.is_empty(), "the server's frame: {found:?}\n{frame}");
    }

    /// The next frame.
    pub async fn next(&mut self) -> Value {
        self.try_next().await.expect("the server says something")
    }

    /// Everything that comes before the server falls silent.
    pub async fn rest(&mut self) -> Vec<Value> {
        let mut frames = Vec::new();
        while let Some(frame) = self.try_next().await {
            frames.push(frame);
        }
        frames
    }

    /// Ends the input and takes what still comes.
    pub async fn close(mut self) -> Vec<Value> {
        let mut frames: Vec<Value> = self.early.drain(..).collect();
        let rest = self.connection.close().await;
        for frame in &rest {
            let found = self.conversation.received(frame);
            assert!(found.is_empty(), "the server's frame: {found:?}\n{frame}");
        }
        frames.extend(rest);
        frames
    }

    /// Makes a request and gives its result or its error; what else comes meanwhile is kept.
    pub async fn request(&mut self, method: &str, params: Value) -> Value {
        let id = self.id();
        let message = self.message(id.as_str(), method, params);
        self.exchange(&message).await
    }

    /// The same for a message that is there already.
    pub async fn exchange(&mut self, message: &Value) -> Value {
        self.send(message).await;
        loop {
            let frame = self.read().await.unwrap_or_else(|| panic!("no answer to {message}"));
            if frame["id"] == message["id"] && frame.get("method").is_none() {
                return outcome(frame);
            }
            self.early.push_back(frame);
        }
    }

    /// Calls a tool.
    pub async fn call(&mut self, tool: &str, arguments: Value) -> Value {
        self.request("tools/call", json!({ "name": tool, "arguments": arguments })).await
    }

    /// Makes a request and answers what it asks until it has come to its end.
    pub async fn ask(&mut self, method: &str, params: Value, mut answer: impl FnMut(&str, &Value) -> Value) -> Course {
        let mut course = Course::default();
        if self.revision.has_handshake() {
            let id = self.id();
            let message = self.message(id.as_str(), method, params);
            self.send(&message).await;
            loop {
                let frame = self.next().await;
                let Some(asked) = frame["method"].as_str() else {
                    assert_eq!(frame["id"], id, "the answer to something else: {frame}");
                    course.end = outcome(frame);
                    return course;
                };
                let result = answer(asked, &frame["params"]);
                self.send(&json!({ "jsonrpc": "2.0", "id": frame["id"], "result": result })).await;
                course.rounds.push(vec![(asked.to_owned(), frame["params"].clone())]);
            }
        }
        let mut again = params.clone();
        loop {
            let result = self.request(method, again).await;
            if result["resultType"] != "input_required" {
                course.end = result;
                return course;
            }
            let (round, answers) = answered(&result, &mut answer);
            course.rounds.push(round);
            again = params.clone();
            again["inputResponses"] = answers;
            again["requestState"] = result["requestState"].clone();
            course.states.push(result["requestState"].as_str().unwrap_or_default().to_owned());
            assert!(course.rounds.len() < 100, "the questions do not end");
        }
    }

    /// Calls a tool and answers what it asks.
    pub async fn ask_tool(
        &mut self,
        tool: &str,
        arguments: Value,
        answer: impl FnMut(&str, &Value) -> Value,
    ) -> Course {
        self.ask("tools/call", json!({ "name": tool, "arguments": arguments }), answer).await
    }
}

fn outcome(mut frame: Value) -> Value {
    let member = if frame.get("error").is_some() { "error" } else { "result" };
    frame[member].take()
}

/// What a result asks, and the answers to it.
fn answered(result: &Value, answer: &mut impl FnMut(&str, &Value) -> Value) -> (Vec<(String, Value)>, Value) {
    let requests = result["inputRequests"].as_object().unwrap_or_else(|| panic!("nothing is asked in {result}"));
    let mut round = Vec::new();
    let mut answers = Map::new();
    for (key, request) in requests {
        let method = request["method"].as_str().unwrap_or_default();
        answers.insert(key.clone(), answer(method, &request["params"]));
        round.push((method.to_owned(), request["params"].clone()));
    }
    (round, Value::Object(answers))
}
