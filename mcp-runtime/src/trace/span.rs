//! A span around every call, so that what it logs can be told apart, with the trace that its client names. Floor 3.

use tracing::field::Empty;
use tracing::span::Entered;

use crate::call::Call;

/// The span of one call.
#[derive(Clone, Debug)]
pub(crate) struct Span(tracing::Span);

impl Span {
    /// None at all.
    pub(crate) fn none() -> Self {
        Self(tracing::Span::none())
    }

    /// The span of this call.
    pub(crate) fn of(call: &Call) -> Self {
        let context = call.context();
        let span = tracing::info_span!(
            "mcp.call",
            method = call.method().as_str(),
            name = call.name(),
            revision = context.revision().as_str(),
            traceparent = Empty,
            tracestate = Empty,
        );
        // Nothing is read that nobody wants.
        if !span.is_disabled() {
            if let Some(parent) = context.traceparent() {
                span.record("traceparent", &*parent);
            }
            if let Some(state) = context.meta("tracestate").as_ref().and_then(|state| state.as_str()) {
                span.record("tracestate", &*crate::error::shortened(state));
            }
        }
        Self(span)
    }

    /// The one around whatever runs now.
    pub(crate) fn current() -> Self {
        Self(tracing::Span::current())
    }

    pub(crate) fn enter(&self) -> Entered<'_> {
        self.0.enter()
    }
}
