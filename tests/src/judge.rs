//! What the schemas have against the frames of one revision, both ways round: the client asks and is answered, and so does
//! the server. `frames` finds out which revision a frame belongs to; here whoever talks says it.

use std::collections::HashMap;

use mcp_runtime::{Kind, Method, Revision};
use serde_json::Value;

use crate::frames::{definitions, mistakes};

/// One conversation, or the part of one that is of this revision.
#[derive(Debug)]
pub struct Judge {
    revision: Revision,
    asked: Asked,
    asked_back: Asked,
}

/// What was asked and not answered yet, by the id as JSON; nothing but an error may answer what has no such method.
type Asked = HashMap<String, Option<Method>>;

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
        judged(frame, one(self.revision, frame, &mut self.asked, &mut self.asked_back));
    }

    /// Takes a request of the client that breaks the schema on purpose; the schemas must have something against it.
    pub fn sent_wrong(&mut self, frame: &Value) {
        let found = one(self.revision, frame, &mut self.asked, &mut self.asked_back);
        assert!(!found.is_empty(), "the schema has nothing against {frame:#}");
    }

    /// Fails if they have something against a frame of the server.
    pub fn received(&mut self, frame: &Value) {
        judged(frame, one(self.revision, frame, &mut self.asked_back, &mut self.asked));
    }
}

fn judged(frame: &Value, found: Vec<String>) {
    assert!(found.is_empty(), "{}\n{frame:#}", found.join("\n"));
}

/// What is wrong with a frame of the side that asks `own` and was asked `others`.
fn one(revision: Revision, frame: &Value, own: &mut Asked, others: &mut Asked) -> Vec<String> {
    let Some(name) = frame["method"].as_str() else {
        let method = others.remove(&frame["id"].to_string());
        return method.map_or_else(|| vec!["nobody asked".to_owned()], |method| answer(revision, method, frame));
    };
    let Some(method) = find(revision, name) else {
        return vec![format!("{revision} has no method {name}")];
    };
    let general = match method.kind() {
        Kind::Request => "JSONRPCRequest",
        Kind::Notification => "JSONRPCNotification",
    };
    let mut found = mistakes(revision, general, frame);
    found.extend(mistakes(revision, names(method).0, frame));
    if method.kind() == Kind::Request && own.insert(frame["id"].to_string(), Some(method)).is_some() {
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

fn answer(revision: Revision, method: Option<Method>, frame: &Value) -> Vec<String> {
    let since_2025_11_25 = revision >= Revision::V2025_11_25;
    if let Some(error) = frame.get("error") {
        let general = if since_2025_11_25 { "JSONRPCErrorResponse" } else { "JSONRPCError" };
        let mut found = mistakes(revision, general, frame);
        if !revision.has_handshake() {
            found.extend(match error["code"].as_i64() {
                Some(-32601) => mistakes(revision, "MethodNotFoundError", error),
                Some(-32602) => mistakes(revision, "InvalidParamsError", error),
                Some(-32021) => mistakes(revision, "MissingRequiredClientCapabilityError", frame),
                Some(-32022) => mistakes(revision, "UnsupportedProtocolVersionError", frame),
                _ => Vec::new(),
            });
        }
        return found;
    }
    let Some(method) = method else { return vec![format!("{revision} has no such method")] };
    let general = if since_2025_11_25 { "JSONRPCResultResponse" } else { "JSONRPCResponse" };
    let mut found = mistakes(revision, general, frame);
    let result = &frame["result"];
    let definition = match result["resultType"].as_str() {
        Some("input_required") => Some("InputRequiredResult"),
        _ => names(method).1,
    };
    found.extend(definition.into_iter().flat_map(|definition| mistakes(revision, definition, result)));
    found
}

/// The schemas' names for a method's message and for its result.
fn names(method: Method) -> (&'static str, Option<&'static str>) {
    match method {
        Method::Subscribe => ("SubscribeRequest", Some("EmptyResult")),
        Method::Unsubscribe => ("UnsubscribeRequest", Some("EmptyResult")),
        Method::Listen => ("SubscriptionsListenRequest", Some("SubscriptionsListenResult")),
        Method::Acknowledged => ("SubscriptionsAcknowledgedNotification", None),
        Method::ToolsListChanged => ("ToolListChangedNotification", None),
        Method::PromptsListChanged => ("PromptListChangedNotification", None),
        Method::ResourcesListChanged => ("ResourceListChangedNotification", None),
        Method::ResourceUpdated => ("ResourceUpdatedNotification", None),
        Method::Elicit => ("ElicitRequest", Some("ElicitResult")),
        Method::CreateMessage => ("CreateMessageRequest", Some("CreateMessageResult")),
        Method::ListRoots => ("ListRootsRequest", Some("ListRootsResult")),
        other => definitions(other),
    }
}
