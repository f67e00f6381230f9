//! The share of the load that comes over sockets by hand: what a client can do that keeps to no protocol, above all leave at
//! any byte. Each step fails by panicking, with what it saw.

#![expect(clippy::needless_pass_by_value, reason = "arguments are written as `json!(…)` where they are needed")]

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use mcp_tests::connection::{modern, request};
use mcp_tests::http::{Answer, Request, Session, Site, Wire};
use serde_json::{Value, json};

use crate::calls::text;
use crate::count::{Counts, more};
use crate::dice::Dice;
use crate::target::NEVER;

/// The shortest time from one connection to the next, so that the system does not run out of ports.
const BREATHER: Duration = Duration::from_millis(15);
/// How many connections that say nothing more are kept for a while.
const SILENT: usize = 16;
/// The revision with sessions.
const SESSIONS: &str = "2025-11-25";

/// One who comes over sockets.
pub(crate) struct Raw {
    site: Site,
    counts: Arc<Counts>,
    dice: Dice,
    last: u64,
    /// Connections on which nothing more comes, and that are not closed either.
    silent: VecDeque<Wire>,
}

/// What a visit is.
#[derive(Clone, Copy, Debug)]
enum Visit {
    Requests,
    Session,
    Task,
    CutRequest,
    CutAnswer,
    CutStream,
    CutListening,
    CutSession,
    Silence,
}

const WHOLE: &[(u64, Visit)] = &[(60, Visit::Requests), (35, Visit::Session), (5, Visit::Task)];
const CUT: &[(u64, Visit)] = &[
    (25, Visit::CutRequest),
    (25, Visit::CutAnswer),
    (20, Visit::CutStream),
    (10, Visit::CutListening),
    (15, Visit::CutSession),
    (5, Visit::Silence),
];

impl Raw {
    pub(crate) fn new(address: SocketAddr, counts: Arc<Counts>, dice: Dice) -> Self {
        Self { site: Site::at(address), counts, dice, last: 0, silent: VecDeque::new() }
    }

    /// Comes and goes, until all is over.
    pub(crate) fn run(mut self) {
        while !self.counts.is_over() {
            let start = Instant::now();
            let is_cut = self.counts.is_time_to_abandon();
            let visit = self.dice.one_of(if is_cut { CUT } else { WHOLE });
            if is_cut {
                more(&self.counts.abandoned);
            }
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.visit(visit))) {
                let said = panic.downcast_ref::<String>().map(String::as_str);
                let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("?");
                self.counts.fail(format!("a socket, {visit:?}: {}", said.chars().take(500).collect::<String>()));
            }
            thread::sleep(BREATHER.saturating_sub(start.elapsed()));
        }
    }

    fn visit(&mut self, visit: Visit) {
        match visit {
            Visit::Requests => self.requests(),
            Visit::Session => self.session(),
            Visit::Task => self.task(),
            Visit::CutRequest => self.cut_request(),
            Visit::CutAnswer => self.cut_answer(),
            Visit::CutStream => self.cut_stream(),
            Visit::CutListening => self.cut_listening(),
            Visit::CutSession => self.cut_session(),
            Visit::Silence => self.be_silent(),
        }
    }

    fn connect(&self) -> Wire {
        more(&self.counts.connections);
        self.site.connect()
    }

    fn id(&mut self) -> String {
        self.last += 1;
        format!("{}-{:x}", self.last, self.dice.next())
    }

    /// A call as 2026-07-28 has it.
    fn call(&mut self, tool: &str, arguments: Value) -> (String, Request) {
        let id = self.id();
        let mut message = modern(id.as_str(), "tools/call", json!({ "name": tool, "arguments": arguments }));
        message["params"]["_meta"]["progressToken"] = id.as_str().into();
        message["params"]["_meta"]["io.modelcontextprotocol/logLevel"] = "info".into();
        (id, Request::modern(&message))
    }

    /// Several requests on one connection.
    fn requests(&mut self) {
        let mut wire = self.connect();
        for _ in 0..self.dice.of(1..=6) {
            let (tool, arguments, said) = self.question();
            self.counts.begin(tool);
            let (id, request) = self.call(tool, arguments);
            check(&wire.send(&request), &id, &said);
        }
    }

    /// A tool, its arguments, and what it says.
    fn question(&mut self) -> (&'static str, Value, String) {
        let number = self.dice.of(1..=20);
        match self.dice.of(0..=3) {
            0 => ("add", json!({ "a": number, "b": self.last }), (number + self.last).to_string()),
            1 => ("nap", json!({ "millis": number }), format!("slept {number}")),
            2 => ("steps", json!({ "count": number, "millis": 0 }), format!("took {number}")),
            _ => {
                let text = text(&mut self.dice);
                ("echo", json!({ "text": text }), text)
            }
        }
    }

    /// A session from its beginning to its end, or until it is left.
    fn session(&mut self) {
        let (site, counts) = (Site::at(self.site.address()), Arc::clone(&self.counts));
        for _ in 0..2 {
            more(&counts.connections);
        }
        counts.begin("initialize");
        let session = Session::open(&site, SESSIONS);
        for _ in 0..self.dice.of(1..=4) {
            more(&counts.connections);
            if self.counts.is_time_to_cancel() {
                self.cancel(&session);
                continue;
            }
            match self.dice.of(0..=3) {
                // Its call still waits, and its id with it.
                0 if !self.answer(&session) => break,
                0 => {}
                1 => self.take_up(&session),
                _ => {
                    let (tool, arguments, said) = self.question();
                    counts.begin(tool);
                    check(&session.call(tool, arguments), "whole", &said);
                }
            }
        }
        if self.dice.percent(70) {
            more(&counts.connections);
            counts.begin("delete");
            assert_eq!(session.delete().status, 204);
        } else {
            more(&counts.left);
        }
    }

    /// A call that is given up: its stream ends without an answer.
    fn cancel(&mut self, session: &Session<'_>) {
        self.counts.begin("cancelled");
        more(&self.counts.cancelled);
        let mut wire = session.begin("wait", json!({}));
        thread::sleep(Duration::from_millis(self.dice.of(0..=5)));
        more(&self.counts.connections);
        let params = json!({ "requestId": "call", "reason": "nobody waits" });
        let notice = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": params });
        assert_eq!(session.post(&notice).status, 202);
        for event in wire.rest() {
            assert!(!event.data.concat().contains("\"id\""), "a call that was given up is answered: {event:?}");
        }
    }

    /// A call that asks; says whether it was answered.
    fn answer(&mut self, session: &Session<'_>) -> bool {
        self.counts.begin("confirm");
        let item = self.id();
        let mut wire = session.begin("confirm", json!({ "item": item }));
        let question =
            std::iter::from_fn(|| wire.try_event()).find(|event| event.data.concat().contains("elicitation"));
        let question = question.expect("the server asks").json();
        if self.dice.percent(10) {
            // Nobody ever answers, and nobody waits for what comes of it.
            more(&self.counts.unanswered);
            return false;
        }
        more(&self.counts.connections);
        let result = json!({ "action": "accept", "content": { "ok": true } });
        let answer = json!({ "jsonrpc": "2.0", "id": question["id"], "result": result });
        assert_eq!(session.post(&answer).status, 202);
        let answer = wire.rest().pop().expect("the server answers").json();
        assert_eq!((&answer["id"], said(&answer)), (&json!("call"), format!("{item}: true").as_str()), "{answer}");
        true
    }

    /// A stream that is lost, and taken up again where it was.
    fn take_up(&mut self, session: &Session<'_>) {
        self.counts.begin("steps, taken up again");
        let mut wire = session.begin("steps", json!({ "count": 8, "millis": self.dice.of(1..=4) }));
        let seen = wire.event().id;
        drop(wire);
        more(&self.counts.connections);
        let rest = session.listen(seen.as_deref()).rest();
        let answer = rest.last().expect("the stream goes on").json();
        assert_eq!((&answer["id"], said(&answer)), (&json!("call"), "took 8"), "{answer}");
    }

    /// A task: asked about until it is done, given up, or left alone.
    fn task(&mut self) {
        self.counts.begin("work, as a task");
        let millis = self.dice.of(0..=100);
        let mut wire = self.connect();
        let begun = self.about(&mut wire, "tools/call", json!({ "name": "work", "arguments": { "millis": millis } }));
        assert_eq!(begun["result"]["resultType"], "task", "{begun}");
        let task = json!({ "taskId": begun["result"]["taskId"] });
        if self.dice.percent(30) {
            return;
        }
        if self.dice.percent(30) {
            self.counts.begin("tasks/cancel");
            let cancelled = self.about(&mut wire, "tasks/cancel", task);
            assert_eq!(cancelled["result"]["resultType"], "complete", "{cancelled}");
            return;
        }
        let start = Instant::now();
        loop {
            self.counts.begin("tasks/get");
            let state = self.about(&mut wire, "tasks/get", task.clone());
            if state["result"]["status"] == "completed" {
                let text = &state["result"]["result"]["content"][0]["text"];
                assert_eq!(*text, format!("worked {millis}"), "{state}");
                return;
            }
            assert_eq!(state["result"]["status"], "working", "{state}");
            assert!(start.elapsed() < Duration::from_secs(10), "a task does not end: {state}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// A request of a client that knows tasks, and its answer.
    fn about(&mut self, wire: &mut Wire, method: &str, params: Value) -> Value {
        let id = self.id();
        let mut message = modern(id.as_str(), method, params);
        let capabilities = json!({ "extensions": { "io.modelcontextprotocol/tasks": {} } });
        message["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"] = capabilities;
        let request = Request::modern(&message);
        let request = match message["params"]["taskId"].as_str() {
            Some(task) => request.with("Mcp-Name", task),
            None => request,
        };
        let answer = wire.send(&request).json();
        assert_eq!(answer["id"], id, "{answer}");
        answer
    }

    /// Leaves in the middle of a request.
    fn cut_request(&mut self) {
        self.counts.begin("abandoned in the request");
        let text = text(&mut self.dice);
        let bytes = self.call("echo", json!({ "text": text })).1.bytes();
        let most = self.cut(bytes.len());
        let mut wire = self.connect();
        wire.write(&bytes[..most]);
        if self.dice.percent(20) {
            self.keep(wire);
        }
    }

    /// Leaves in the middle of an answer, or before there is any.
    fn cut_answer(&mut self) {
        self.counts.begin("abandoned in the answer");
        let text = text(&mut self.dice);
        let (tool, arguments) = match self.dice.of(0..=3) {
            0 => ("wait", json!({})),
            1 => ("compute", json!({ "rounds": 1_000_000 })),
            _ => ("echo", json!({ "text": text })),
        };
        let bytes = self.call(tool, arguments).1.bytes();
        let most = self.cut(text.len());
        let mut wire = self.connect();
        wire.write(bytes);
        if tool == "echo" {
            wire.read(most);
        }
        if self.dice.percent(20) {
            // What is not read fills the server's buffers until it has had enough.
            self.keep(wire);
        }
    }

    /// Leaves in the middle of a stream of events.
    fn cut_stream(&mut self) {
        self.counts.begin("abandoned in the stream");
        let (_, request) = self.call("steps", json!({ "count": 1000, "millis": 2 }));
        let mut wire = self.connect();
        wire.write(request.bytes());
        assert_eq!(wire.head().header("content-type"), Some("text/event-stream"));
        for _ in 0..self.dice.of(0..=6) {
            wire.event();
        }
    }

    /// Leaves while it is told of changes.
    fn cut_listening(&mut self) {
        self.counts.begin("abandoned while listening");
        let filter =
            json!({ "notifications": { "resourceSubscriptions": ["soak://watched"], "toolsListChanged": true } });
        let mut wire = self.connect();
        wire.write(Request::modern(&modern(self.id(), "subscriptions/listen", filter)).bytes());
        wire.head();
        assert_eq!(wire.event().method(), "notifications/subscriptions/acknowledged");
        if self.dice.percent(50) {
            self.counts.begin("touch");
            let request = self.call("touch", json!({})).1;
            assert_eq!(self.connect().send(&request).status, 200);
            assert_eq!(wire.event().method(), "notifications/resources/updated");
        }
    }

    /// Leaves a session: in the middle of a call, of a question, of the session's own stream.
    fn cut_session(&mut self) {
        let (site, counts) = (Site::at(self.site.address()), Arc::clone(&self.counts));
        for _ in 0..3 {
            more(&counts.connections);
        }
        counts.begin("initialize");
        more(&counts.left);
        let session = Session::open(&site, SESSIONS);
        counts.begin("abandoned in a session");
        match self.dice.of(0..=3) {
            0 => drop(session.begin("steps", json!({ "count": 500, "millis": 4 }))),
            1 => drop(session.begin("wait", json!({}))),
            2 => {
                more(&counts.unanswered);
                let mut wire = session.begin("confirm", json!({ "item": NEVER }));
                while !wire.event().data.concat().contains("elicitation") {}
            }
            _ => {
                more(&counts.connections);
                let subscribe = request("subscribe", "resources/subscribe", json!({ "uri": "soak://watched" }));
                assert_eq!(session.post(&subscribe).json()["result"], json!({}));
                drop(session.listen(None));
            }
        }
    }

    /// Says nothing at all.
    fn be_silent(&mut self) {
        let wire = self.connect();
        self.keep(wire);
    }

    /// How much of `all` comes: often only the beginning, where the head is.
    fn cut(&mut self, all: usize) -> usize {
        let most = if self.dice.percent(50) { all.min(400) } else { all };
        usize::try_from(self.dice.of(0..=most.saturating_sub(1) as u64)).unwrap_or_default()
    }

    fn keep(&mut self, wire: Wire) {
        self.silent.push_back(wire);
        if self.silent.len() > SILENT {
            self.silent.pop_front();
        }
    }
}

/// The text of a tool's answer.
fn said(message: &Value) -> &str {
    message["result"]["content"][0]["text"].as_str().unwrap_or_default()
}

/// Fails unless this is the answer to this request and says this.
fn check(answer: &Answer, id: &str, text: &str) {
    assert_eq!(answer.status, 200, "{answer}");
    let message = if answer.header("content-type") == Some("text/event-stream") {
        let events = answer.events();
        let mut messages =
            events.iter().filter(|event| !event.data.concat().is_empty()).map(mcp_tests::http::Event::json);
        let last = messages.next_back().expect("a stream ends with an answer");
        assert!(messages.all(|message| message.get("id").is_none()), "more than one answer: {answer}");
        last
    } else {
        answer.json()
    };
    let short = |text: &str| text.chars().take(200).collect::<String>();
    assert!(
        message["id"] == id && said(&message) == text,
        "{} instead of {id}, {}",
        short(&message.to_string()),
        short(text)
    );
}
