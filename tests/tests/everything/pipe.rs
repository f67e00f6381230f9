//! One pair of pipes with both eras on it.

use std::time::Duration;

use mcp_runtime::Revision;
use mcp_tests::connection::{modern, request};
use mcp_tests::judge::Judge;
use mcp_tests::process::{PATIENCE, Process};
use serde_json::{Value, json};

use super::everything;

pub(crate) const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";
/// For how long nothing more may come once the server has answered a last request: longer than any tool of the example takes.
const QUIET: Duration = Duration::from_millis(500);

/// One pair of pipes with both eras on it. A client keeps the ids apart: a session's here are numbers, others texts.
pub(crate) struct Pipe {
    pub(crate) process: Process,
    session: Judge,
    modern: Judge,
    fences: usize,
}

impl Pipe {
    pub(crate) fn start(program: &str) -> Self {
        let (session, modern) = (Judge::of(Revision::V2025_11_25), Judge::of(Revision::V2026_07_28));
        Self { process: Process::start(program, &[]), session, modern, fences: 0 }
    }

    /// The same with a session open, whose client can do everything.
    pub(crate) fn with_session(program: &str) -> Self {
        let mut pipe = Self::start(program);
        pipe.initialize();
        pipe
    }

    pub(crate) fn initialize(&mut self) {
        let params = json!({
            "protocolVersion": "2025-11-25", "capabilities": everything(),
            "clientInfo": { "name": "tests", "version": "1" },
        });
        self.ask(0, "initialize", params);
        let answer = self.receive();
        assert_eq!(
            (&answer["id"], &answer["result"]["protocolVersion"]),
            (&json!(0), &json!("2025-11-25")),
            "{answer}"
        );
        self.say("notifications/initialized", json!({}));
    }

    /// Sends a request of the session.
    pub(crate) fn ask(&mut self, id: i64, method: &str, params: Value) {
        let frame = request(id, method, params);
        self.session.sent(&frame);
        self.process.send(frame.to_string());
    }

    /// Sends a request of 2026-07-28.
    pub(crate) fn ask_modern(&mut self, id: &str, method: &str, params: Value, capabilities: Value) {
        let frame = of_client(id, method, params, capabilities);
        self.modern.sent(&frame);
        self.process.send(frame.to_string());
    }

    /// Sends a request of either era and gives it up, both in one write.
    pub(crate) fn ask_and_give_up(&mut self, id: &Value, method: &str, params: Value, reason: Option<&str>) {
        let (frame, judge) = match id {
            Value::String(id) => (of_client(id, method, params, json!({})), &mut self.modern),
            id => (request(id.clone(), method, params), &mut self.session),
        };
        let mut cancelled = json!({ "requestId": id });
        if let Some(reason) = reason {
            cancelled["reason"] = reason.into();
        }
        let cancelled = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": cancelled });
        judge.sent(&frame);
        judge.sent(&cancelled);
        self.process.send(format!("{frame}\n{cancelled}"));
    }

    /// Sends one that breaks the schema.
    pub(crate) fn ask_wrong(&mut self, id: &str, method: &str, params: Value) {
        let frame = of_client(id, method, params, everything());
        self.modern.sent_wrong(&frame);
        self.process.send(frame.to_string());
    }

    /// Sends a notification of whichever era it is about.
    pub(crate) fn say(&mut self, method: &str, params: Value) {
        let frame = json!({ "jsonrpc": "2.0", "method": method, "params": params });
        let judge = if frame["params"]["requestId"].is_string() { &mut self.modern } else { &mut self.session };
        judge.sent(&frame);
        self.process.send(frame.to_string());
    }

    /// Answers a question of the session.
    pub(crate) fn answer(&mut self, question: &Value, result: Value) {
        let frame = json!({ "jsonrpc": "2.0", "id": question["id"], "result": result });
        self.session.sent(&frame);
        self.process.send(frame.to_string());
    }

    pub(crate) fn receive(&mut self) -> Value {
        let frame = self.process.receive();
        self.judged(frame)
    }

    /// Everything that comes before the server falls silent. A server that is only slow is none that is silent: it is asked for
    /// something behind all else, and has answered that.
    pub(crate) fn rest(&mut self) -> Vec<Value> {
        let mut rest = Vec::new();
        if !self.process.is_open() {
            rest.extend(std::iter::from_fn(|| self.process.next_within(PATIENCE)));
            return rest.into_iter().map(|frame| self.judged(frame)).collect();
        }
        while let Some(frame) = self.process.next_within(QUIET) {
            rest.push(self.judged(frame));
        }
        self.fences += 1;
        let fence = format!("fence {}", self.fences);
        self.ask_modern(&fence, "server/discover", json!({}), json!({}));
        loop {
            let frame = self.receive();
            if frame["id"] == fence {
                break;
            }
            rest.push(frame);
        }
        while let Some(frame) = self.process.next_within(QUIET) {
            rest.push(self.judged(frame));
        }
        rest
    }

    fn judged(&mut self, frame: Value) -> Value {
        let params = &frame["params"];
        let is_of_stream = params["_meta"].get(SUBSCRIPTION).is_some();
        // Here only requests of 2026-07-28 have texts for tokens.
        if is_of_stream || params["progressToken"].is_string() || self.modern.awaits(&frame) {
            self.modern.received(&frame);
        } else {
            self.session.received(&frame);
        }
        frame
    }

    /// Ends the input and sees that the process ends, with nothing left to say.
    pub(crate) fn close(mut self) {
        self.process.close();
        assert_eq!(self.rest(), [Value::Null; 0]);
        assert!(self.process.wait().0.success(), "{}", self.process.errors());
    }
}

/// A request of 2026-07-28 from a client that can do this.
fn of_client(id: &str, method: &str, params: Value, capabilities: Value) -> Value {
    let mut frame = modern(id, method, params);
    frame["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"] = capabilities;
    frame
}
