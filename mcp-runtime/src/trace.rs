//! A span around every call where the crate is built with `tracing`, and nothing where it is not. Floor 3.

#[cfg_attr(not(feature = "tracing"), path = "trace/without.rs")]
mod span;

pub(crate) use self::span::Span;
