//! What the fuzzers reach of the client over HTTP. Exists only under `--cfg fuzzing`. Floor 6.

use bytes::Bytes;
use http::header::HeaderMap;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::annotation::Mirrors;
use super::headers::{Outline, value};
use super::sse::Decoder;
use crate::fuzz::Events;

/// Takes a stream of events apart that comes in these pieces.
pub(crate) fn events<'p>(pieces: impl Iterator<Item = &'p [u8]>, limit: usize) -> Events {
    let mut decoder = Decoder::new(limit);
    let (mut events, mut is_too_long) = (Vec::new(), false);
    'pieces: for piece in pieces {
        let mut piece = Bytes::copy_from_slice(piece);
        loop {
            match decoder.next(&mut piece) {
                Ok(Some(event)) => events.push((event.kind.to_vec(), event.data.to_vec())),
                Ok(None) => break,
                Err(_) => {
                    is_too_long = true;
                    break 'pieces;
                }
            }
        }
    }
    Events { events, is_too_long, last_id: decoder.last_id().map(str::to_owned), retry: decoder.retry() }
}

/// The headers that go with a frame of the client's own, for a tool with this input schema. `None` where the tool must be
/// left out.
pub(crate) fn headers(frame: &str, schema: &Map<String, Value>) -> Option<HeaderMap> {
    let mirrors = Mirrors::of(schema).ok()?;
    let outline = Outline::of(frame.as_bytes());
    let mut headers = HeaderMap::new();
    outline.add(&mut headers);
    let arguments: Option<&RawValue> = outline.arguments();
    if let Some(arguments) = arguments {
        mirrors.add(&mut headers, arguments);
    }
    Some(headers)
}

/// A text as the value of a header.
pub(crate) fn header(text: &str) -> String {
    value(text).to_str().unwrap_or_default().to_owned()
}
