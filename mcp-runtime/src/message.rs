//! Decodes one frame into messages and encodes messages into frames. Knows JSON-RPC; knows nothing of tools. Ids and
//! parameters stay slices of the frame. Batches (2025-03-26) are split here. Floor 1.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::Serialize;
use serde_json::value::RawValue;

use crate::error::ProtocolError;
use crate::model::RequestId;

/// The deepest nesting that a frame may have; `serde_json` stops typed values at the same depth.
pub(crate) const DEPTH: usize = 128;
/// The longest id in bytes as it stands in the frame: it is kept and sent back, so it must not be a lever.
const ID_LENGTH: usize = 1024;
/// The most messages that one batch may hold.
const BATCH: usize = 256;

/// One decoded message.
#[derive(Debug)]
pub(crate) enum Message {
    Request { id: RequestId, method: Box<str>, params: Option<Bytes> },
    Notification { method: Box<str>, params: Option<Bytes> },
    Response { id: RequestId, outcome: Outcome },
}

/// What a response carries.
#[derive(Debug)]
pub(crate) enum Outcome {
    Result(Bytes),
    Error(Bytes),
}

/// What one frame holds.
#[derive(Debug)]
pub(crate) enum Frame {
    Single(Result<Message, Malformed>),
    Batch(Vec<Result<Message, Malformed>>),
}

/// Why a message could not be understood, with its id where that was readable.
#[derive(Debug)]
pub(crate) struct Malformed {
    pub(crate) id: Option<RequestId>,
    pub(crate) error: ProtocolError,
}

impl Malformed {
    fn parse(message: impl Into<Cow<'static, str>>) -> Self {
        Self { id: None, error: ProtocolError::parse(message) }
    }

    fn request(id: Option<RequestId>, message: impl Into<Cow<'static, str>>) -> Self {
        Self { id, error: ProtocolError::invalid_request(message) }
    }
}

/// Decodes one frame: a line of stdio, a body of HTTP.
pub(crate) fn decode(frame: &Bytes) -> Frame {
    match text_of(frame) {
        Err(malformed) => Frame::Single(Err(malformed)),
        Ok(text) if text.trim_ascii_start().starts_with('[') => batch(frame, text),
        Ok(text) => Frame::Single(single(frame, text)),
    }
}

/// The frame as text, once it is known to be harmless to parse.
fn text_of(frame: &Bytes) -> Result<&str, Malformed> {
    let text = std::str::from_utf8(frame)
        .map_err(|error| Malformed::parse(format!("the message is not UTF-8 at byte {}", error.valid_up_to())))?;
    if text.starts_with('\u{feff}') {
        return Err(Malformed::parse("the message begins with a byte-order mark; send plain UTF-8 without one"));
    }
    if is_deeper_than(frame, DEPTH) {
        return Err(Malformed::parse(format!("the message is nested deeper than {DEPTH} levels")));
    }
    Ok(text)
}

/// How many brackets open, in texts too: an upper bound of the depth. In runs that a byte can count, which is what makes
/// it fast.
fn opening(frame: &[u8]) -> usize {
    // `[` and `{` differ in this bit alone, and no other byte becomes either with it.
    let is_opening = |byte: &u8| u8::from(byte | 0x20 == b'{');
    frame.chunks(255).map(|run| usize::from(run.iter().map(is_opening).sum::<u8>())).sum()
}

/// Whether brackets nest deeper than `limit`. Counting all brackets first is cheap and settles almost every frame.
fn is_deeper_than(frame: &[u8], limit: usize) -> bool {
    if frame.len() <= limit || opening(frame) <= limit {
        return false;
    }
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in frame {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => {
                depth += 1;
                if depth > limit {
                    return true;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

fn batch(frame: &Bytes, text: &str) -> Frame {
    struct Items<'a>(Vec<&'a RawValue>);
    impl<'de> Deserialize<'de> for Items<'de> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Bounded;
            impl<'de> Visitor<'de> for Bounded {
                type Value = Items<'de>;
                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    write!(f, "a batch of at most {BATCH} messages")
                }
                fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                    let mut items = Vec::new();
                    while items.len() < BATCH {
                        match seq.next_element()? {
                            Some(item) => items.push(item),
                            None => return Ok(Items(items)),
                        }
                    }
                    match seq.next_element::<IgnoredAny>()? {
                        Some(_) => Err(de::Error::invalid_length(BATCH + 1, &self)),
                        None => Ok(Items(items)),
                    }
                }
            }
            deserializer.deserialize_seq(Bounded)
        }
    }
    match serde_json::from_str::<Items<'_>>(text) {
        Err(error) => Frame::Single(Err(unreadable(text, &error))),
        Ok(Items(items)) if items.is_empty() => {
            Frame::Single(Err(Malformed::request(None, "a batch holds at least one message")))
        }
        Ok(Items(items)) => {
            Frame::Batch(items.into_iter().map(|item| single(&slice(frame, item), item.get())).collect())
        }
    }
}

fn single(frame: &Bytes, text: &str) -> Result<Message, Malformed> {
    let envelope: Envelope<'_> = serde_json::from_str(text).map_err(|error| unreadable(text, &error))?;
    let id = envelope.id.map(request_id).transpose();
    let known = id.as_ref().ok().cloned().flatten();
    if envelope.jsonrpc.as_ref().is_none_or(|version| version.0 != "2.0") {
        return Err(Malformed::request(known, "`jsonrpc` must be \"2.0\""));
    }
    let id = id.map_err(|reason| Malformed::request(None, reason))?;
    let params = envelope.params.map(|raw| slice(frame, raw));
    match (envelope.method, id, envelope.result, envelope.error) {
        (Some(method), id, None, None) => {
            if let Some(raw) = envelope.params.filter(|raw| !raw.get().starts_with(['{', '['])) {
                let message = format!("`params` must be an object, not {}", kind_of(raw.get()));
                return Err(Malformed::request(known, message));
            }
            let method = method.0.into_owned().into_boxed_str();
            Ok(match id {
                Some(id) => Message::Request { id, method, params },
                None => Message::Notification { method, params },
            })
        }
        (None, Some(id), Some(result), None) => {
            Ok(Message::Response { id, outcome: Outcome::Result(slice(frame, result)) })
        }
        (None, Some(id), None, Some(error)) => {
            Ok(Message::Response { id, outcome: Outcome::Error(slice(frame, error)) })
        }
        (None, _, None, None) => Err(Malformed::request(known, "`method` is missing")),
        _ => Err(Malformed::request(known, "a message is a request (`method`) or a response (`result` or `error`)")),
    }
}

/// Tells JSON that is no message from text that is no JSON. Runs only when decoding failed.
fn unreadable(text: &str, error: &serde_json::Error) -> Malformed {
    match serde_json::from_str::<IgnoredAny>(text) {
        Err(syntax) => Malformed::parse(format!("the message is not JSON: {syntax}")),
        Ok(_) => {
            let id = serde_json::from_str::<IdOnly<'_>>(text).ok().and_then(|found| request_id(found.id?).ok());
            Malformed::request(id, format!("the message is not a JSON-RPC message: {error}"))
        }
    }
}

/// A JSON value's kind in words, from its first byte.
pub(crate) fn kind_of(json: &str) -> &'static str {
    match json.trim_ascii_start().as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

fn request_id(raw: &RawValue) -> Result<RequestId, String> {
    let text = raw.get();
    if text.len() > ID_LENGTH {
        return Err(format!("`id` is longer than {ID_LENGTH} bytes"));
    }
    serde_json::from_str(text).map_err(|_| match kind_of(text) {
        "a number" => "`id` must be an integer within 64 bits or a string".to_owned(),
        kind => format!("`id` must be an integer or a string, not {kind}"),
    })
}

/// The part of `frame` that `raw` points into, without copying.
pub(crate) fn slice(frame: &Bytes, raw: &RawValue) -> Bytes {
    frame.slice_ref(raw.get().as_bytes())
}

/// Text that borrows from the frame where it has no escapes.
#[derive(Clone, Debug, PartialEq)]
pub struct Text<'a>(pub Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
            fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text)))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

/// The members of a JSON-RPC message. A member that stands twice is an error, one that is `null` is not absent.
#[derive(Default)]
struct Envelope<'a> {
    jsonrpc: Option<Text<'a>>,
    id: Option<&'a RawValue>,
    method: Option<Text<'a>>,
    params: Option<&'a RawValue>,
    result: Option<&'a RawValue>,
    error: Option<&'a RawValue>,
}

impl<'de> Deserialize<'de> for Envelope<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EnvelopeVisitor;
        fn once<'de, T: Deserialize<'de>, A: MapAccess<'de>>(
            slot: &mut Option<T>,
            name: &'static str,
            map: &mut A,
        ) -> Result<(), A::Error> {
            if slot.is_some() {
                return Err(de::Error::duplicate_field(name));
            }
            *slot = Some(map.next_value()?);
            Ok(())
        }
        impl<'de> Visitor<'de> for EnvelopeVisitor {
            type Value = Envelope<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON-RPC message, which is an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut envelope = Envelope::default();
                while let Some(key) = map.next_key::<Text<'_>>()? {
                    match key.0.as_ref() {
                        "jsonrpc" => once(&mut envelope.jsonrpc, "jsonrpc", &mut map)?,
                        "id" => once(&mut envelope.id, "id", &mut map)?,
                        "method" => once(&mut envelope.method, "method", &mut map)?,
                        "params" => once(&mut envelope.params, "params", &mut map)?,
                        "result" => once(&mut envelope.result, "result", &mut map)?,
                        "error" => once(&mut envelope.error, "error", &mut map)?,
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(envelope)
            }
        }
        deserializer.deserialize_map(EnvelopeVisitor)
    }
}

#[derive(serde::Deserialize)]
struct IdOnly<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
}

/// How an answer names the request that it could not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// `"id": null`, as JSON-RPC has it and the revisions up to 2025-06-18 do.
    Null,
    /// No `id`, as 2025-11-25 and later have it.
    Omitted,
}

/// Appends a response with this result to `out`.
pub(crate) fn encode_result(out: &mut Vec<u8>, id: &RequestId, result: &impl Serialize) -> serde_json::Result<()> {
    out.extend_from_slice(br#"{"jsonrpc":"2.0","id":"#);
    serde_json::to_writer(&mut *out, id)?;
    out.extend_from_slice(br#","result":"#);
    serde_json::to_writer(&mut *out, result)?;
    out.push(b'}');
    Ok(())
}

/// Appends a response whose result is JSON already.
pub(crate) fn encode_prepared(out: &mut Vec<u8>, id: &RequestId, result: &[u8]) -> serde_json::Result<()> {
    out.extend_from_slice(br#"{"jsonrpc":"2.0","id":"#);
    serde_json::to_writer(&mut *out, id)?;
    out.extend_from_slice(br#","result":"#);
    out.extend_from_slice(result);
    out.push(b'}');
    Ok(())
}

/// Appends an error response; `unreadable` says what stands for an id that could not be read.
pub(crate) fn encode_error(out: &mut Vec<u8>, id: Option<&RequestId>, unreadable: Unreadable, error: &impl Serialize) {
    out.extend_from_slice(br#"{"jsonrpc":"2.0","#);
    match (id, unreadable) {
        (Some(id), _) => member(out, "id", id),
        (None, Unreadable::Null) => out.extend_from_slice(br#""id":null,"#),
        (None, Unreadable::Omitted) => {}
    }
    member(out, "error", error);
    close(out);
}

/// Appends a request or, without an id, a notification.
pub(crate) fn encode_call(out: &mut Vec<u8>, id: Option<&RequestId>, method: &str, params: Option<&impl Serialize>) {
    out.extend_from_slice(br#"{"jsonrpc":"2.0","#);
    if let Some(id) = id {
        member(out, "id", id);
    }
    member(out, "method", &method);
    if let Some(params) = params {
        member(out, "params", params);
    }
    close(out);
}

/// Writes `"name":value,`. Only for the crate's own types: their serialization into memory cannot fail.
fn member(out: &mut Vec<u8>, name: &str, value: &impl Serialize) {
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
    let start = out.len();
    if serde_json::to_writer(&mut *out, value).is_err() {
        out.truncate(start);
        out.extend_from_slice(b"null");
    }
    out.push(b',');
}

/// Ends an object whose last member was written by [`member`].
fn close(out: &mut Vec<u8>) {
    if out.last() == Some(&b',') {
        out.pop();
    }
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> i64 {
        match decode(&Bytes::copy_from_slice(text.as_bytes())) {
            Frame::Single(Err(malformed)) => malformed.error.code(),
            other => panic!("{text} was accepted: {other:?}"),
        }
    }

    #[test]
    fn text_that_is_no_json_and_json_that_is_no_message_differ() {
        for text in ["", "{", "nul", "{\"id\":1}}", "[1", "\u{feff}{}", "{'a':1}", "{\"a\":1,}"] {
            assert_eq!(code(text), -32700, "{text}");
        }
        for text in ["1", "null", "\"x\"", "{}", "[]", r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#] {
            assert_eq!(code(text), -32600, "{text}");
        }
    }

    #[test]
    fn a_member_that_stands_twice_is_refused() {
        assert_eq!(code(r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#), -32600);
        assert_eq!(code(r#"{"jsonrpc":"2.0","method":"ping","id":1,"method":"tools/call"}"#), -32600);
    }

    #[test]
    fn an_id_is_an_integer_or_a_string_of_bounded_length() {
        let long = format!(r#"{{"jsonrpc":"2.0","id":"{}","method":"ping"}}"#, "x".repeat(1 << 20));
        assert_eq!(code(&long), -32600);
        for id in ["null", "1.5", "true", "{}", "1e400", "99999999999999999999"] {
            assert_eq!(code(&format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#)), -32600, "{id}");
        }
    }

    #[test]
    fn depth_is_bounded_wherever_it_is_hidden() {
        let nested = |depth: usize| {
            let (open, close) = ("[".repeat(depth), "]".repeat(depth));
            format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"a":{open}{close}}}}}"#)
        };
        assert_eq!(code(&nested(127)), -32700);
        let text = nested(126);
        assert!(matches!(decode(&Bytes::from(text)), Frame::Single(Ok(Message::Request { .. }))));
        let brackets_in_a_string = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{}"}}"#, "[".repeat(300));
        assert!(matches!(decode(&Bytes::from(brackets_in_a_string)), Frame::Single(Ok(_))));
    }

    #[test]
    fn a_batch_is_split_and_bounded() {
        let one = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
        let frame = |count: usize| Bytes::from(format!("[{}]", vec![one; count].join(",")));
        assert!(matches!(decode(&frame(256)), Frame::Batch(items) if items.len() == 256));
        assert!(matches!(decode(&frame(257)), Frame::Single(Err(_))));
        assert!(
            matches!(decode(&Bytes::from_static(b"[1,{}]")), Frame::Batch(items) if items.iter().all(Result::is_err))
        );
    }
}
