//! The server over HTTP as a stranger meets it: bytes on a loopback socket, and what comes back.

#![expect(clippy::needless_pass_by_value, reason = "arguments are written as `json!(…)` where they are needed")]

#[path = "http/routing.rs"]
mod routing;

#[path = "http/framing.rs"]
mod framing;

#[path = "http/bounds.rs"]
mod bounds;

#[path = "http/headers.rs"]
mod headers;

#[path = "http/order.rs"]
mod order;

#[path = "http/answers.rs"]
mod answers;

#[path = "http/sessions.rs"]
mod sessions;

#[path = "http/streams.rs"]
mod streams;

#[path = "http/service.rs"]
mod service;

#[path = "http/pair.rs"]
mod pair;

#[cfg(unix)]
#[path = "http/process.rs"]
mod process;
