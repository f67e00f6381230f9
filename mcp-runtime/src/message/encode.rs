//! Messages as JSON. Knows no method and no result. Floor 1.

use bytes::Bytes;
use serde::ser::Serialize;

use crate::model::RequestId;

/// How many bytes an answer is expected to need, apart from what was prepared.
const ANSWER: usize = 256;
/// How many bytes stand before a result, unless the id is a long text.
const BEGINNING: usize = 64;
/// From how many bytes on what many are answered with is better sent from where it is than copied.
const LONG: usize = 4 * 1024;

/// How an answer names the request that it could not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// `"id": null`, as JSON-RPC has it and the revisions up to 2025-06-18 do.
    Null,
    /// No `id`, as 2025-11-25 and later have it.
    Omitted,
}

/// Makes spaces of the line breaks from `start` on, which can only stand between tokens. Looking for the first one is all
/// that is done where there is none.
pub(crate) fn blank_breaks(json: &mut [u8], start: usize) {
    let Some(json) = json.get_mut(start..) else { return };
    let Some(first) = memchr::memchr2(b'\n', b'\r', json) else { return };
    for byte in json.iter_mut().skip(first).filter(|byte| matches!(byte, b'\n' | b'\r')) {
        *byte = b' ';
    }
}

/// The end of a response: a result that was made beforehand, and the brace that ends the message.
#[derive(Clone, Debug)]
pub(crate) struct Rest {
    bytes: Bytes,
    /// Many are answered with it: to send it to one more takes no memory.
    is_shared: bool,
}

impl Rest {
    /// The end of the responses of many, with this result, which is JSON.
    pub(crate) fn shared(result: Vec<u8>) -> Self {
        Self { is_shared: true, ..Self::alone(result) }
    }

    /// The end of one response.
    pub(crate) fn alone(mut result: Vec<u8>) -> Self {
        result.push(b'}');
        Self { bytes: result.into(), is_shared: false }
    }

    /// The end of a response that says nothing.
    pub(crate) fn empty() -> Self {
        Self { bytes: Bytes::from_static(b"{}}"), is_shared: true }
    }

    /// How many bytes it is.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    #[cfg(feature = "http")]
    pub(crate) fn into_bytes(self) -> Bytes {
        self.bytes
    }

    /// Appends it to the beginning.
    pub(crate) fn append_to(&self, out: &mut Vec<u8>) {
        // With the line break that ends a frame.
        out.reserve(self.len().saturating_add(1));
        out.extend_from_slice(&self.bytes);
    }
}

/// Appends a response to `out` whose result `write` appends.
pub(crate) fn encode_with(
    out: &mut Vec<u8>,
    id: &RequestId,
    write: impl FnOnce(&mut Vec<u8>) -> serde_json::Result<()>,
) -> serde_json::Result<()> {
    // Most answers fit, so that a buffer which is new grows once.
    out.reserve(ANSWER);
    begin(out, id)?;
    write(out)?;
    out.push(b'}');
    Ok(())
}

fn begin(out: &mut Vec<u8>, id: &RequestId) -> serde_json::Result<()> {
    out.extend_from_slice(br#"{"jsonrpc":"2.0","id":"#);
    serde_json::to_writer(&mut *out, id)?;
    out.extend_from_slice(br#","result":"#);
    Ok(())
}

/// Appends a response with this result.
pub(crate) fn encode_result(out: &mut Vec<u8>, id: &RequestId, result: &impl Serialize) -> serde_json::Result<()> {
    encode_with(out, id, |out| serde_json::to_writer(out, result))
}

/// Appends a response whose result is JSON already.
#[cfg(feature = "client")]
pub(crate) fn encode_prepared(out: &mut Vec<u8>, id: &RequestId, result: &[u8]) -> serde_json::Result<()> {
    out.reserve(ANSWER.saturating_add(result.len()));
    encode_with(out, id, |out| {
        out.extend_from_slice(result);
        Ok(())
    })
}

/// Appends the beginning of a response, and its end if that is short or nobody else's; any other is given back.
pub(crate) fn encode_shared(out: &mut Vec<u8>, id: &RequestId, rest: Rest) -> Option<Rest> {
    let stays = rest.is_shared && rest.len() >= LONG;
    out.reserve(BEGINNING + if stays { 0 } else { rest.len() });
    // The crate's own types always serialize.
    let _ = begin(out, id);
    if stays {
        return Some(rest);
    }
    rest.append_to(out);
    None
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
