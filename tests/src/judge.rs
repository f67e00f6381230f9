//! What the schemas have against the frames of one revision, both ways round: the client asks and is answered, and so does
//! the server. `frames` finds out which revision a frame belongs to; here whoever talks says it.

use std::collections::HashMap;

use mcp_runtime::{Kind, Method, Revision, Sender};
use serde_json::Value;

use crate::frames::{Question, answer, call};

/// One conversation, or the part of one that is of this revision.
#[derive(Debug)]
pub struct Judge {
    revision: Revision,
    asked: Asked,
    asked_back: Asked,
}

/// What was asked and not answered yet, by the id as JSON; nothing but an error may answer what has no such method.
type Asked = HashMap<String, Option<Question>>;

impl Judge {
    /// A conversation in this revision.
    pub fn of(revision: Revision) -> Self {
        Self { revision, asked: Asked::new(), asked_back: Asked::new() }
    }

    /// Whether this is the answer to something that the client asked here.
    pub fn awaits(&self, frame: &Value) -> bool {
        frame.get("method").is_none() && self.asked.contains_key(&frame["id"].to_string())
    }

    /// Fails if the schemas have something against a frame of the client. It may ask for what this revision does not have.
    pub fn sent(&mut self, frame: &Value) {
        if frame["method"].as_str().is_some_and(|name| find(self.revision, name).is_none()) {
            self.asked.insert(frame["id"].to_string(), None);
            return;
        }
        judged(frame, one(self.revision, Sender::Client, frame, &mut self.asked, &mut self.asked_back));
    }

    /// Takes a request of the client that breaks the schema on purpose; the schemas must have something against it.
    pub fn sent_wrong(&mut self, frame: &Value) {
        let found = one(self.revision, Sender::Client, frame, &mut self.asked, &mut self.asked_back);
        assert!(!found.is_empty(), "the schema has nothing against {frame:#}");
    }

    /// Fails if they have something against a frame of the server.
    pub fn received(&mut self, frame: &Value) {
        judged(frame, one(self.revision, Sender::Server, frame, &mut self.asked_back, &mut self.asked));
    }
}

fn judged(frame: &Value, found: Vec<String>) {
    assert!(found.is_empty(), "{}\n{frame:#}", found.join("\n"));
}

/// What is wrong with a frame of the side that asks `own` and was asked `others`.
fn one(revision: Revision, sender: Sender, frame: &Value, own: &mut Asked, others: &mut Asked) -> Vec<String> {
    let id = frame["id"].to_string();
    let Some(name) = frame["method"].as_str() else {
        return match others.remove(&id) {
            None => vec!["nobody asked".to_owned()],
            Some(asked) => answer(revision, asked, frame),
        };
    };
    let (mut found, method) = call(revision, sender, name, frame);
    let Some(method) = method else { return found };
    if method.kind() == Kind::Request && own.insert(id, Some(Question::of(method, revision, frame))).is_some() {
        found.push("the id of a question that is still open".to_owned());
    }
    if method == Method::Cancelled {
        // What was taken back must not be answered any more.
        own.remove(&frame["params"]["requestId"].to_string());
    }
    found
}

fn find(revision: Revision, name: &str) -> Option<Method> {
    Method::parse(name).filter(|method| method.is_in(revision))
}
