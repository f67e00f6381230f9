//! What the fuzzers in `fuzz/` reach: the private functions that read what a peer sends, one step each. What must hold of them
//! is written there. Exists only under `--cfg fuzzing`, as `cargo fuzz` sets it, and is no part of the API. Floor 6.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::arguments::Problems;
use crate::client::fuzz as client;
use crate::error::ProtocolError;
use crate::message::{self, Frame, Malformed, Message, Outcome, Unreadable};
use crate::method::Method;
use crate::model::RequestId;
use crate::params::Params;
use crate::piece::Piece;
use crate::replay::{Keeping, Replay, Subject};
use crate::schema::{Way, portable};
use crate::seal::Seal;
use crate::transport::frame::{Line, Lines};
use crate::transport::http::fuzz as server;
use crate::uri::Template;

/// A message as it was decoded.
#[derive(Debug, PartialEq)]
pub enum Decoded {
    /// A request, what it is called for and the error of its parameters, if the method is known.
    Request { id: Value, method: String, params: Result<Asked, Refused> },
    /// A notification, and its parameters.
    Notification { method: String, params: Option<String> },
    /// A response, and its result or its error.
    Response { id: Value, outcome: Result<String, String> },
    /// What could not be understood, with the answer to it.
    Malformed { id: Option<Value>, refused: Refused, answer: Vec<u8> },
}

/// The parameters of a request.
#[derive(Debug, Default, PartialEq)]
pub struct Asked {
    /// The name, URI or id that it is about.
    pub name: String,
    /// The arguments as they stand in the frame.
    pub arguments: Option<String>,
    /// Whether there is memory of an earlier round with it that was not accepted.
    pub forgotten: bool,
}

/// An error.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its code.
    pub code: i64,
    /// Its message.
    pub message: String,
}

impl From<&ProtocolError> for Refused {
    fn from(error: &ProtocolError) -> Self {
        Self { code: error.code(), message: error.message().to_owned() }
    }
}

fn value(id: &RequestId) -> Value {
    match id {
        RequestId::Number(number) => Value::from(*number),
        RequestId::String(text) => Value::from(&**text),
    }
}

/// Decodes a frame; the flag says whether it was a batch.
pub fn messages(frame: &[u8]) -> (Vec<Decoded>, bool) {
    match message::decode(frame.to_vec()) {
        Frame::Single(message) => (vec![decoded(message)], false),
        Frame::Batch(messages) => (messages.into_iter().map(decoded).collect(), true),
    }
}

fn decoded(message: Result<Message, Malformed>) -> Decoded {
    match message {
        Ok(Message::Request { id, method, params }) => {
            let asked = match method.known() {
                None => Ok(Asked::default()),
                Some(known) => params.read(known).map(|params| asked(known, &params)),
            };
            Decoded::Request {
                id: value(&id),
                method: method.to_string(),
                params: asked.map_err(|error| Refused::from(&error)),
            }
        }
        Ok(Message::Notification { method, params }) => {
            Decoded::Notification { method: method.to_string(), params: params.map(|params| params.to_string()) }
        }
        Ok(Message::Response { id, outcome }) => Decoded::Response {
            id: value(&id),
            outcome: match outcome {
                Outcome::Result(result) => Ok(result.to_string()),
                Outcome::Error(error) => Err(error.to_string()),
            },
        },
        Err(Malformed { id, error }) => {
            let mut answer = Vec::new();
            message::encode_error(&mut answer, id.as_ref(), Unreadable::Null, &error);
            Decoded::Malformed { id: id.as_ref().map(value), refused: Refused::from(&error), answer }
        }
    }
}

fn asked(method: Method, params: &Params) -> Asked {
    Asked {
        name: params.name.to_string(),
        arguments: params.arguments.as_deref().map(str::to_owned),
        forgotten: Replay::of(&keeping(), method, params, None).is_err(),
    }
}

fn keeping() -> Arc<Keeping> {
    Arc::new(Keeping { seal: Seal::with_key([7; 32]), ttl: Duration::from_mins(10), most: 64 * 1024 })
}

/// Splits what comes in these pieces into lines; `None` is one that is too long.
pub fn lines<'p>(pieces: impl Iterator<Item = &'p [u8]>, limit: usize) -> Vec<Option<Vec<u8>>> {
    fn owned(line: Line<'_>) -> Option<Vec<u8>> {
        match line {
            Line::Whole(line) => Some(line.to_vec()),
            Line::TooLong => None,
        }
    }
    let (mut lines, mut out) = (Lines::new(limit), Vec::new());
    for piece in pieces {
        lines.push(piece);
        while let Some(line) = lines.next() {
            out.push(owned(line));
        }
    }
    out.extend(lines.rest().map(owned));
    out
}

/// Compares these headers with what a request says in its body: its revision, method, name and arguments.
///
/// # Errors
/// The refusal.
pub fn headers<'h>(
    lines: impl Iterator<Item = (&'h [u8], &'h [u8])>,
    said: [&str; 3],
    schema: &Map<String, Value>,
    arguments: Option<&str>,
) -> Result<(), Refused> {
    server::check(&server::headers(lines), said, schema, arguments).map_err(|error| Refused::from(&error))
}

/// Compares the headers that the client makes for a frame with what the server wants of it. `None` where the client leaves
/// the tool out.
pub fn agreed(
    frame: &str,
    said: [&str; 3],
    schema: &Map<String, Value>,
    arguments: Option<&str>,
) -> Option<Result<(), Refused>> {
    let headers = client::headers(frame, schema)?;
    Some(server::check(&headers, said, schema, arguments).map_err(|error| Refused::from(&error)))
}

/// A text as the client writes it into a header.
pub fn header(text: &str) -> String {
    client::header(text)
}

/// What came out of a stream of events.
#[derive(Debug, PartialEq, Eq)]
pub struct Events {
    /// Kind and data of each.
    pub events: Vec<(Vec<u8>, Vec<u8>)>,
    /// Whether it ended with something that was too long.
    pub is_too_long: bool,
    /// Where to go on.
    pub last_id: Option<String>,
    /// After how long.
    pub retry: Option<Duration>,
}

/// Takes a stream of events apart that comes in these pieces.
pub fn events<'p>(pieces: impl Iterator<Item = &'p [u8]>, limit: usize) -> Events {
    client::events(pieces, limit)
}

/// A frame as the server makes an event of it.
pub fn event(name: Option<(u64, u64)>, frame: &[u8]) -> Vec<u8> {
    server::event(name, frame)
}

/// The values of a template's variables, if the URI matches.
pub fn matched(template: &Template, uri: &str) -> Option<Vec<(&'static str, String)>> {
    template.matches(uri)
}

/// Seals a text for a context.
pub fn close(text: &[u8], context: &[u8]) -> Option<String> {
    keeping().seal.close(text.to_vec(), context)
}

/// What was sealed for this context.
pub fn open(sealed: &str, context: &[u8]) -> Option<Vec<u8>> {
    keeping().seal.open(sealed, context)
}

/// What a call of the tool `t` gets that comes with this memory of an earlier round, sealed as if it were the server's own.
///
/// # Errors
/// The refusal.
pub fn remembered(memory: &[u8], arguments: &str) -> Result<(), Refused> {
    let keeping = keeping();
    let piece = |text: String| Some(Piece::whole(text));
    let mut params = Params { name: "t".into(), arguments: piece(arguments.to_owned()), ..Params::default() };
    let method = Method::CallTool;
    let refused = |error: ProtocolError| Refused::from(&error);
    let subject = Subject { method, name: &params.name, arguments: params.arguments.as_deref(), principal: None };
    let sealed = keeping.seal.close(memory.to_vec(), &subject.to_bytes()).unwrap_or_default();
    params.request_state = piece(Value::from(sealed).to_string());
    Replay::of(&keeping, method, &params, None).map(drop).map_err(refused)
}

/// Brings a schema of arguments, or of a result, to the portable subset.
pub fn made_portable(mut schema: Map<String, Value>, is_of_arguments: bool) -> Map<String, Value> {
    portable(&mut schema, if is_of_arguments { Way::In } else { Way::Out });
    schema
}

/// What is wrong with an argument by its schema.
pub fn problems(schema: &Map<String, Value>, value: &Value) -> Option<String> {
    let mut root = Map::new();
    if let Some(definitions) = schema.get("$defs") {
        root.insert("$defs".to_owned(), definitions.clone());
    }
    root.insert("properties".to_owned(), serde_json::json!({ "value": schema }));
    let mut problems = Problems::new(&root);
    problems.out_of_bounds("value", value);
    (!problems.is_empty()).then(|| problems.into_text())
}
