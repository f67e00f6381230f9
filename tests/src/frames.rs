//! Every frame of a conversation against the schema of the revision that it belongs to: messages against JSON-RPC's
//! definitions and their method's, results against the result of the method they answer. Which revision that is follows
//! from the conversation itself, so that both eras can share one pipe. Either side may ask; an answer goes with its question.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use mcp_runtime::model::{CLIENT_CAPABILITIES_KEY, PROTOCOL_VERSION_KEY, SUBSCRIPTION_ID_KEY, TASKS_EXTENSION};
use mcp_runtime::{Kind, Method, Revision, Sender};
use serde_json::{Value, json};

use crate::schema::validator;

/// The schema's names for a method's message and for its result, or those of the extension that has the method.
pub fn definitions(method: Method) -> (&'static str, Option<&'static str>) {
    match method {
        Method::Initialize => ("InitializeRequest", Some("InitializeResult")),
        Method::Initialized => ("InitializedNotification", None),
        Method::Discover => ("DiscoverRequest", Some("DiscoverResult")),
        Method::Ping => ("PingRequest", Some("EmptyResult")),
        Method::ListTools => ("ListToolsRequest", Some("ListToolsResult")),
        Method::CallTool => ("CallToolRequest", Some("CallToolResult")),
        Method::ListResources => ("ListResourcesRequest", Some("ListResourcesResult")),
        Method::ListResourceTemplates => ("ListResourceTemplatesRequest", Some("ListResourceTemplatesResult")),
        Method::ReadResource => ("ReadResourceRequest", Some("ReadResourceResult")),
        Method::Subscribe => ("SubscribeRequest", Some("EmptyResult")),
        Method::Unsubscribe => ("UnsubscribeRequest", Some("EmptyResult")),
        Method::GetTask => ("GetTaskRequest", Some("GetTaskResult")),
        Method::UpdateTask => ("UpdateTaskRequest", Some("UpdateTaskResult")),
        Method::CancelTask => ("CancelTaskRequest", Some("CancelTaskResult")),
        Method::Listen => ("SubscriptionsListenRequest", Some("SubscriptionsListenResult")),
        Method::ListPrompts => ("ListPromptsRequest", Some("ListPromptsResult")),
        Method::GetPrompt => ("GetPromptRequest", Some("GetPromptResult")),
        Method::Complete => ("CompleteRequest", Some("CompleteResult")),
        Method::SetLevel => ("SetLevelRequest", Some("EmptyResult")),
        Method::Progress => ("ProgressNotification", None),
        Method::Cancelled => ("CancelledNotification", None),
        Method::LogMessage => ("LoggingMessageNotification", None),
        Method::Acknowledged => ("SubscriptionsAcknowledgedNotification", None),
        Method::ToolsListChanged => ("ToolListChangedNotification", None),
        Method::PromptsListChanged => ("PromptListChangedNotification", None),
        Method::ResourcesListChanged => ("ResourceListChangedNotification", None),
        Method::ResourceUpdated => ("ResourceUpdatedNotification", None),
        Method::Elicit => ("ElicitRequest", Some("ElicitResult")),
        Method::CreateMessage => ("CreateMessageRequest", Some("CreateMessageResult")),
        Method::ListRoots => ("ListRootsRequest", Some("ListRootsResult")),
        Method::RootsListChanged => ("RootsListChangedNotification", None),
        other => panic!("say here what the schemas call `{}`", other.as_str()),
    }
}

/// What is wrong with `value` as this definition of the revision's schema.
pub fn mistakes(revision: Revision, definition: &str, value: &Value) -> Vec<String> {
    type Validators = HashMap<(Revision, String), Arc<jsonschema::Validator>>;
    static MADE: Mutex<Option<Validators>> = Mutex::new(None);
    let validator = {
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        let made = made.get_or_insert_default();
        let validator = made.entry((revision, definition.to_owned()));
        Arc::clone(validator.or_insert_with(|| Arc::new(validator_of(revision, definition))))
    };
    validator
        .iter_errors(value)
        .map(|error| format!("{definition} of {revision}: {error} at {}", error.instance_path()))
        .collect()
}

fn validator_of(revision: Revision, definition: &str) -> jsonschema::Validator {
    validator(revision.as_str(), definition)
}

/// One conversation.
#[derive(Debug, Default)]
pub struct Conversation {
    session: Option<Revision>,
    /// What the client asked and was not answered yet.
    asked: Asked,
    /// What the server asked and was not answered yet.
    asked_back: Asked,
}

/// Questions by their id as JSON.
type Asked = HashMap<String, Question>;

/// A request that was not answered yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question {
    method: Method,
    revision: Revision,
    /// Whether it says itself that it may be answered with a task.
    knows_tasks: bool,
}

impl Question {
    pub(crate) fn of(method: Method, revision: Revision, frame: &Value) -> Self {
        let capabilities = &frame["params"]["_meta"][CLIENT_CAPABILITIES_KEY];
        let knows_tasks = capabilities["extensions"].get(TASKS_EXTENSION).is_some();
        Self { method, revision, knows_tasks }
    }
}

impl Conversation {
    /// A conversation after the handshake of this revision, if it has one.
    pub fn of(revision: Revision) -> Self {
        Self { session: Some(revision).filter(|revision| revision.has_handshake()), ..Self::default() }
    }

    /// What the schemas have against a frame of the client.
    pub fn sent(&mut self, frame: &Value) -> Vec<String> {
        if let Value::Array(items) = frame {
            let is_answer = items.iter().all(|item| item.get("method").is_none());
            let definition = if is_answer { "JSONRPCBatchResponse" } else { "JSONRPCBatchRequest" };
            let mut found = if self.session == Some(Revision::V2025_03_26) {
                mistakes(Revision::V2025_03_26, definition, frame)
            } else {
                vec!["only 2025-03-26 has batches".to_owned()]
            };
            found.extend(items.iter().flat_map(|item| self.sent(item)));
            return found;
        }
        let Some(method) = frame["method"].as_str() else {
            // Only where there are sessions does a server ask by a request of its own.
            let Some(revision) = self.session else { return vec!["`method` is missing".to_owned()] };
            let asked = self.asked_back.remove(&frame["id"].to_string());
            return answer(revision, asked, frame);
        };
        let own = frame["params"]["_meta"][PROTOCOL_VERSION_KEY].as_str();
        let asked = frame["params"]["protocolVersion"].as_str().filter(|_| method == "initialize");
        let revision = match (own, asked) {
            (Some(own), _) => Revision::parse(own).filter(|revision| !revision.has_handshake()),
            (None, Some(asked)) => Some(Revision::negotiate(asked)),
            // A notification of 2026-07-28 does not say that it is one.
            (None, None) if frame.get("id").is_none() => self.session.or(Some(Revision::LATEST)),
            (None, None) if method == "ping" => self.session.or(Some(Revision::LATEST_WITH_HANDSHAKE)),
            (None, None) => self.session,
        };
        let Some(revision) = revision else { return vec!["the message belongs to no revision".to_owned()] };
        let (found, method) = call(revision, Sender::Client, method, frame);
        if let Some(method) = method.filter(|method| method.kind() == Kind::Request) {
            self.asked.insert(frame["id"].to_string(), Question::of(method, revision, frame));
        }
        found
    }

    /// What the schemas have against a frame of the server.
    pub fn received(&mut self, frame: &Value) -> Vec<String> {
        if let Value::Array(items) = frame {
            let mut found = mistakes(Revision::V2025_03_26, "JSONRPCBatchResponse", &with_ids(frame));
            if self.session != Some(Revision::V2025_03_26) {
                found.push("only 2025-03-26 has batches".to_owned());
            }
            found.extend(items.iter().flat_map(|item| self.received(item)));
            return found;
        }
        if let Some(method) = frame["method"].as_str() {
            let is_of_stream = frame["params"]["_meta"].get(SUBSCRIPTION_ID_KEY).is_some();
            let revision = self.session.filter(|_| !is_of_stream).unwrap_or(Revision::LATEST);
            let (mut found, method) = call(revision, Sender::Server, method, frame);
            if let Some(method) = method.filter(|method| method.kind() == Kind::Request) {
                let question = Question::of(method, revision, frame);
                let earlier = self.asked_back.insert(frame["id"].to_string(), question);
                found.extend(earlier.map(|_| "the id of a question that is still open".to_owned()));
            }
            return found;
        }
        let asked = self.asked.remove(&frame["id"].to_string());
        let revision = asked.map(|asked| asked.revision).or(self.session).unwrap_or(Revision::LATEST);
        if asked.is_some_and(|asked| asked.method == Method::Initialize) && frame.get("result").is_some() {
            self.session = frame["result"]["protocolVersion"].as_str().and_then(Revision::parse);
        }
        answer(revision, asked, frame)
    }
}

/// What is wrong with a request or a notification, and its method if the revision has it.
pub(crate) fn call(revision: Revision, sender: Sender, name: &str, frame: &Value) -> (Vec<String>, Option<Method>) {
    let Some(method) = Method::parse(name).filter(|method| method.is_in(revision)) else {
        return (vec![format!("{revision} has no method {name}")], None);
    };
    let general = match method.kind() {
        Kind::Request => "JSONRPCRequest",
        Kind::Notification => "JSONRPCNotification",
    };
    let mut found = mistakes(revision, general, frame);
    found.extend(mistakes(revision, definitions(method).0, frame));
    if ![sender, Sender::Either].contains(&method.sender()) {
        found.push(format!("{name} goes the other way"));
    }
    (found, Some(method))
}

/// What is wrong with the answer to this request, if one was made.
pub(crate) fn answer(revision: Revision, asked: Option<Question>, frame: &Value) -> Vec<String> {
    if frame.get("error").is_some() {
        return error(revision, frame);
    }
    let Some(Question { method, knows_tasks, .. }) = asked else { return vec![format!("nobody asked for {frame}")] };
    let general = if revision >= Revision::V2025_11_25 { "JSONRPCResultResponse" } else { "JSONRPCResponse" };
    let mut found = mistakes(revision, general, frame);
    let result = &frame["result"];
    if revision >= Revision::V2026_07_28 && result["resultType"] == "input_required" {
        found.extend(mistakes(revision, "InputRequiredResult", result));
        if result.get("inputRequests").or(result.get("requestState")).is_none() {
            found.push("neither `inputRequests` nor `requestState`".to_owned());
        }
        if !matches!(method, Method::CallTool | Method::GetPrompt | Method::ReadResource) {
            found.push(format!("{} cannot ask for input", method.as_str()));
        }
    } else if revision >= Revision::V2026_07_28 && result["resultType"] == "task" {
        found.extend(mistakes(revision, "CreateTaskResult", result));
        if method != Method::CallTool || !knows_tasks {
            found.push(format!("this request of {} cannot become a task", method.as_str()));
        }
    } else if let (_, Some(definition)) = definitions(method) {
        found.extend(mistakes(revision, definition, result));
    }
    found
}

fn error(revision: Revision, frame: &Value) -> Vec<String> {
    let general = if revision >= Revision::V2025_11_25 { "JSONRPCErrorResponse" } else { "JSONRPCError" };
    let mut found = mistakes(revision, general, &with_ids(frame));
    if revision == Revision::V2026_07_28 {
        found.extend(match frame["error"]["code"].as_i64() {
            Some(-32700) => mistakes(revision, "ParseError", &frame["error"]),
            Some(-32600) => mistakes(revision, "InvalidRequestError", &frame["error"]),
            Some(-32601) => mistakes(revision, "MethodNotFoundError", &frame["error"]),
            Some(-32602) => mistakes(revision, "InvalidParamsError", &frame["error"]),
            Some(-32603) => mistakes(revision, "InternalError", &frame["error"]),
            Some(-32021) => mistakes(revision, "MissingRequiredClientCapabilityError", frame),
            Some(-32022) => mistakes(revision, "UnsupportedProtocolVersionError", frame),
            _ => Vec::new(),
        });
    }
    found
}

/// The frame with an id where it has `null`: JSON-RPC answers what it cannot read with `"id": null`, and the schemas up to
/// 2025-06-18, which follow JSON-RPC, forgot that.
fn with_ids(frame: &Value) -> Value {
    match frame {
        Value::Array(items) => items.iter().map(with_ids).collect(),
        Value::Object(members) if members.get("id") == Some(&Value::Null) => {
            let mut members = members.clone();
            members.insert("id".to_owned(), json!(0));
            Value::Object(members)
        }
        other => other.clone(),
    }
}
