//! Decodes one frame into messages and encodes messages into frames. Knows JSON-RPC; knows nothing of tools. Ids and
//! parameters stay slices of the frame. Batches (2025-03-26) are split here. Floor 1.

mod encode;

use std::borrow::Cow;
use std::fmt;
use std::str::Utf8Error;

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

#[cfg(feature = "client")]
pub(crate) use self::encode::encode_prepared;
pub(crate) use self::encode::{
    Rest, Unreadable, blank_breaks, encode_call, encode_error, encode_result, encode_shared, encode_with,
};
use crate::error::{ProtocolError, bounded};
use crate::method::Name;
use crate::model::RequestId;
use crate::params::{Outline, Parameters, Params, is_of_function, once, read_into};
use crate::piece::Piece;

/// The deepest nesting that a frame may have; `serde_json` stops typed values at the same depth.
pub(crate) const DEPTH: usize = 128;
/// The longest id in bytes as it stands in the frame: it is kept and sent back, so it must not be a lever.
const ID_LENGTH: usize = 1024;
/// The most messages that one batch may hold.
const BATCH: usize = 256;

/// One decoded message.
#[derive(Debug)]
pub(crate) enum Message {
    Request { id: RequestId, method: Name, params: Parameters },
    Notification { method: Name, params: Option<Piece> },
    Response { id: RequestId, outcome: Outcome },
}

/// What a response carries.
#[derive(Debug)]
pub(crate) enum Outcome {
    Result(Piece),
    Error(Piece),
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
#[cfg(any(feature = "http", feature = "client", test))]
pub(crate) fn decode(frame: Vec<u8>) -> Frame {
    let frame = String::from_utf8(frame).map(Piece::whole).map_err(|error| error.utf8_error());
    decode_text(frame.as_ref().map_err(|error| *error))
}

/// The same for what was found to be text, or not.
pub(crate) fn decode_text(frame: Result<&Piece, Utf8Error>) -> Frame {
    let malformed = match frame {
        Err(error) => format!("the message is not UTF-8 at byte {}", error.valid_up_to()).into(),
        Ok(frame) if frame.starts_with('\u{feff}') => {
            Cow::Borrowed("the message begins with a byte-order mark; send plain UTF-8 without one")
        }
        Ok(frame) if is_deeper_than(frame.as_bytes(), DEPTH) => {
            // Whoever sent it waits for this answer, or has been waited for.
            let id = id_of(frame).and_then(Result::ok);
            let error = ProtocolError::parse(format!("the message is nested deeper than {DEPTH} levels"));
            return Frame::Single(Err(Malformed { id, error }));
        }
        Ok(frame) if frame.trim_ascii_start().starts_with('[') => return batch(frame),
        Ok(frame) => return Frame::Single(single(frame, frame)),
    };
    Frame::Single(Err(Malformed::parse(malformed)))
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

fn batch(frame: &Piece) -> Frame {
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
    match serde_json::from_str::<Items<'_>>(frame) {
        Err(error) => Frame::Single(Err(unreadable(frame, &error))),
        Ok(Items(items)) if items.is_empty() => {
            Frame::Single(Err(Malformed::request(None, "a batch holds at least one message")))
        }
        Ok(Items(items)) => Frame::Batch(items.into_iter().map(|item| single(frame, item.get())).collect()),
    }
}

/// Decodes one message, which is `text` within the frame.
fn single(frame: &Piece, text: &str) -> Result<Message, Malformed> {
    let mut envelope = Envelope::default();
    if read_into(text, Reading { envelope: &mut envelope, takes_apart: true }).is_err() {
        envelope = Envelope::default();
        // Parameters that cannot be taken apart are the method's business.
        read_into(text, Reading { envelope: &mut envelope, takes_apart: false })
            .map_err(|error| unreadable(text, &error))?;
    }
    let id = envelope.id;
    if envelope.jsonrpc.as_ref().is_none_or(|version| version.0 != "2.0") {
        return Err(Malformed::request(id, "`jsonrpc` must be \"2.0\""));
    }
    if matches!(&id, Some(RequestId::String(id)) if id.len() > ID_LENGTH) {
        return Err(Malformed::request(None, too_long_id()));
    }
    let part = |raw: &RawValue| frame.part(raw.get());
    match (envelope.method, id, envelope.result, envelope.error) {
        (Some(method), id, None, None) => {
            if let Some(raw) = envelope.params
                && !matches!(raw.get().as_bytes(), [b'{' | b'[', ..])
            {
                let message = format!("`params` must be an object, not {}", kind_of(raw.get()));
                return Err(Malformed::request(id, message));
            }
            Ok(match (id, &mut envelope.outline) {
                (Some(id), Some(outline)) => {
                    // It was taken apart for this method.
                    let read = method.known().map(|method| Params::of(method, outline, Some(frame)));
                    let params = read.map_or(Parameters::Raw(None), Parameters::Read);
                    Message::Request { id, method, params }
                }
                (Some(id), None) => Message::Request { id, method, params: Parameters::Raw(envelope.params.map(part)) },
                (None, _) => Message::Notification { method, params: envelope.params.map(part) },
            })
        }
        (None, Some(id), Some(result), None) => Ok(Message::Response { id, outcome: Outcome::Result(part(result)) }),
        (None, Some(id), None, Some(error)) => Ok(Message::Response { id, outcome: Outcome::Error(part(error)) }),
        (None, id, None, None) => Err(Malformed::request(id, "`method` is missing")),
        (_, id, _, _) => {
            Err(Malformed::request(id, "a message is a request (`method`) or a response (`result` or `error`)"))
        }
    }
}

/// Tells JSON that is no message from text that is no JSON. Runs only when decoding failed.
fn unreadable(text: &str, error: &serde_json::Error) -> Malformed {
    if let Err(syntax) = serde_json::from_str::<IgnoredAny>(text) {
        return Malformed::parse(format!("the message is not JSON: {syntax}"));
    }
    match id_of(text).transpose() {
        Err(reason) => Malformed::request(None, reason),
        Ok(id) => {
            Malformed::request(id, format!("the message is not a JSON-RPC message: {}", bounded(&error.to_string())))
        }
    }
}

/// The id of what is no message otherwise, or what is wrong with it. However deep the rest nests, it is passed over without
/// recursion.
fn id_of(text: &str) -> Option<Result<RequestId, String>> {
    // A list has members, but none with a name.
    let object = Some(text).filter(|text| text.trim_ascii_start().starts_with('{'));
    let IdOnly { id } = serde_json::from_str(object?).ok()?;
    id.map(request_id)
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
        return Err(too_long_id());
    }
    serde_json::from_str(text).map_err(|_| match kind_of(text) {
        "a number" => "`id` must be an integer within 64 bits or a string".to_owned(),
        kind => format!("`id` must be an integer or a string, not {kind}"),
    })
}

fn too_long_id() -> String {
    format!("`id` is longer than {ID_LENGTH} bytes")
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
    id: Option<RequestId>,
    method: Option<Name>,
    params: Option<&'a RawValue>,
    /// The same, taken apart.
    outline: Option<Outline<'a>>,
    result: Option<&'a RawValue>,
    error: Option<&'a RawValue>,
}

/// Reads a message into its envelope, where it stays: it is large, and on the way of every call.
struct Reading<'e, 'a> {
    envelope: &'e mut Envelope<'a>,
    /// Whether parameters are taken apart on the way, where the method is known by then and nothing else looks at them.
    takes_apart: bool,
}

impl<'de> DeserializeSeed<'de> for Reading<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Reading<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON-RPC message, which is an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { envelope, takes_apart } = self;
        while let Some(key) = map.next_key::<Text<'_>>()? {
            match key.0.as_ref() {
                "jsonrpc" => once(&mut envelope.jsonrpc, "jsonrpc", &mut map)?,
                "id" => once(&mut envelope.id, "id", &mut map)?,
                "method" => {
                    if envelope.method.is_some() {
                        return Err(de::Error::duplicate_field("method"));
                    }
                    envelope.method = Some(Name::from(&*map.next_value::<Text<'_>>()?.0));
                }
                "params" => {
                    if envelope.params.is_some() || envelope.outline.is_some() {
                        return Err(de::Error::duplicate_field("params"));
                    }
                    let method = envelope.method.as_ref().filter(|_| takes_apart).and_then(Name::known);
                    if method.is_some_and(is_of_function) {
                        map.next_value_seed(envelope.outline.insert(Outline::default()))?;
                    } else {
                        envelope.params = Some(map.next_value()?);
                    }
                }
                "result" => once(&mut envelope.result, "result", &mut map)?,
                "error" => once(&mut envelope.error, "error", &mut map)?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

#[derive(serde::Deserialize)]
struct IdOnly<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
}

/// What stands there, `null` too.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> i64 {
        match decode(text.as_bytes().to_vec()) {
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
        let deep = decode(nested(100_000).into_bytes());
        assert!(matches!(deep, Frame::Single(Err(Malformed { id: Some(RequestId::Number(1)), .. }))), "{deep:?}");
        let text = nested(126);
        assert!(matches!(decode(text.as_bytes().to_vec()), Frame::Single(Ok(Message::Request { .. }))));
        let brackets_in_a_string = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{}"}}"#, "[".repeat(300));
        assert!(matches!(decode(brackets_in_a_string.into_bytes()), Frame::Single(Ok(_))));
    }

    #[test]
    fn a_batch_is_split_and_bounded() {
        let one = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
        let frame = |count: usize| format!("[{}]", vec![one; count].join(",")).into_bytes();
        assert!(matches!(decode(frame(256)), Frame::Batch(items) if items.len() == 256));
        assert!(matches!(decode(frame(257)), Frame::Single(Err(_))));
        assert!(matches!(decode(b"[1,{}]".to_vec()), Frame::Batch(items) if items.iter().all(Result::is_err)));
    }
}
