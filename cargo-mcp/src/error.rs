//! What can go wrong, with the exit code that says so and a hint what to do.

use std::fmt::Display;
use std::process::ExitCode;

use mcp_runtime::client;
use serde_json::{Value, json};

use crate::print::visible;

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    message: String,
    hint: Option<String>,
    cause: Option<String>,
}

/// The exit codes, as scripts see them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Own,
    Usage,
    Unreachable,
    Tool,
    Protocol,
    Build,
    Interrupted,
}

impl Kind {
    const fn code(self) -> u8 {
        match self {
            Self::Own => 1,
            Self::Usage => 2,
            Self::Unreachable => 4,
            Self::Tool => 5,
            Self::Protocol => 6,
            Self::Build => 101,
            Self::Interrupted => 130,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Own => "internal",
            Self::Usage => "usage",
            Self::Unreachable => "unreachable",
            Self::Tool => "tool",
            Self::Protocol => "protocol",
            Self::Build => "build",
            Self::Interrupted => "interrupted",
        }
    }
}

impl Failure {
    fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None, cause: None }
    }

    /// A fault of this program or of the machine it runs on.
    pub(crate) fn own(error: impl Display) -> Self {
        Self::new(Kind::Own, error.to_string())
    }

    /// Something that the user must say differently.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// The same failure when it kept a connection from coming about.
    pub(crate) fn unreachable_because(self, server: &str) -> Self {
        let message = format!("cannot talk to {server}: {}", self.message);
        let hint = "is it an MCP server that speaks over standard input and output?".to_owned();
        Self { kind: Kind::Unreachable, message, hint: Some(hint), cause: self.cause }
    }

    /// The tool answered that it failed.
    pub(crate) fn tool(message: impl Into<String>) -> Self {
        Self::new(Kind::Tool, message)
    }

    /// The build failed; the compiler has said why.
    pub(crate) fn build(message: impl Into<String>) -> Self {
        Self::new(Kind::Build, message)
    }

    pub(crate) fn interrupted() -> Self {
        Self::new(Kind::Interrupted, "interrupted")
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn cause(mut self, cause: impl Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.kind.code())
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn details(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let cause = self.cause.as_deref().map(|cause| ("cause", cause));
        cause.into_iter().chain(self.hint.as_deref().map(|hint| ("hint", hint)))
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({ "error": {
            "code": self.kind.name(),
            "message": self.message,
            "hint": self.hint,
            "cause": self.cause,
        }})
    }
}

impl From<client::Error> for Failure {
    fn from(error: client::Error) -> Self {
        match error {
            client::Error::Protocol { error, .. } => {
                Self::new(Kind::Protocol, format!("the server answered: {}", visible(error.message())))
                    .cause(format!("JSON-RPC error {}", error.code()))
            }
            other => {
                let failure = Self::new(Kind::Unreachable, visible(&other.to_string()));
                match std::error::Error::source(&other) {
                    Some(cause) => failure.cause(cause),
                    None => failure,
                }
            }
        }
    }
}
