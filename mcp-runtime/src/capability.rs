//! What a client may be able to do for a server that asks, and how the protocol calls it. Floor 1.

use serde_json::{Value, json};

/// What a client may be able to do for a server that asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Capability {
    /// Ask its user by form, [`Context::elicit`](crate::Context::elicit).
    Form,
    /// Send its user to a page, [`Context::elicit_url`](crate::Context::elicit_url).
    Url,
    /// Ask its model, [`Context::sample`](crate::Context::sample).
    Sampling,
    /// Let its model use tools that the server names.
    SamplingTools,
    /// List its roots, [`Context::roots`](crate::Context::roots).
    Roots,
}

impl Capability {
    /// What the client would have to declare.
    pub(crate) fn required(self) -> Value {
        match self {
            Self::Form => json!({ "elicitation": { "form": {} } }),
            Self::Url => json!({ "elicitation": { "url": {} } }),
            Self::Sampling => json!({ "sampling": {} }),
            Self::SamplingTools => json!({ "sampling": { "tools": {} } }),
            Self::Roots => json!({ "roots": {} }),
        }
    }

    /// What it lets a server do.
    pub(crate) const fn means(self) -> &'static str {
        match self {
            Self::Form => "ask its user (`elicitation`)",
            Self::Url => "send its user to a page (`elicitation.url`)",
            Self::Sampling => "let a server use its model (`sampling`)",
            Self::SamplingTools => "let a server's request use tools (`sampling.tools`)",
            Self::Roots => "list its roots (`roots`)",
        }
    }
}
