//! What the fuzzers reach of the server over HTTP. Exists only under `--cfg fuzzing`. Floor 5.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value};

use super::events;
use super::mirror::{Mirrors, check_standard};
use crate::error::ProtocolError;

/// One event of a stream.
pub(crate) fn event(name: Option<(u64, u64)>, frame: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    events::event(&mut out, name, frame);
    out
}

/// Headers of these names and values, where they are such.
pub(crate) fn headers<'h>(lines: impl Iterator<Item = (&'h [u8], &'h [u8])>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) {
            headers.append(name, value);
        }
    }
    headers
}

/// Compares headers with what a request of 2026-07-28 says in its body.
pub(crate) fn check(
    headers: &HeaderMap,
    [revision, method, name]: [&str; 3],
    schema: &Map<String, Value>,
    arguments: Option<&str>,
) -> Result<(), ProtocolError> {
    check_standard(headers, Some(revision), method, Some(name))?;
    Mirrors::of(schema).check(headers, arguments)
}
