//! What can go wrong, with the exit code that says so and a hint what to do.

use std::fmt::Display;
use std::process::ExitCode;
use std::time::Duration;

use mcp_runtime::client;
use serde_json::{Value, json};

use crate::print::visible;
use crate::target::Way;

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    message: String,
    hint: Option<String>,
    cause: Option<String>,
}

/// One row of the table of exit codes.
pub(crate) struct Exit {
    pub(crate) code: u8,
    /// The name in JSON.
    pub(crate) name: &'static str,
    pub(crate) meaning: &'static str,
}

macro_rules! exits {
    ($($kind:ident $code:literal $name:literal $meaning:literal;)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        enum Kind {
            $($kind),*
        }

        impl Kind {
            const fn exit(self) -> Exit {
                match self {
                    $(Self::$kind => Exit { code: $code, name: $name, meaning: $meaning }),*
                }
            }
        }

        /// Every way to fail, as scripts see it; 0 is the other code.
        pub(crate) const EXITS: &[Exit] = &[$(Kind::$kind.exit()),*];
    };
}

exits! {
    Own 1 "internal" "a fault of cargo mcp, or of the machine it runs on";
    Usage 2 "usage" "usage, or arguments that the tool's schema rejects, found before anything was sent";
    Authentication 3 "authentication" "the server demands authentication";
    Unreachable 4 "unreachable" "the server did not start, is unreachable, or timed out";
    Tool 5 "tool" "the tool answered that it failed";
    Protocol 6 "protocol" "the server answered with a JSON-RPC error";
    Check 7 "check" "a check failed";
    Breaking 100 "breaking" "a change that breaks clients";
    Build 101 "build" "the build failed";
    Interrupted 130 "interrupted" "interrupted";
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

    /// What clap says of the command line: the error first, what may help below it.
    pub(crate) fn command_line(text: &str) -> Self {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let first = lines.next().unwrap_or("the command line cannot be read");
        let rest: Vec<_> = lines.take_while(|line| !line.starts_with("For more information")).collect();
        let failure = Self::usage(first.strip_prefix("error: ").unwrap_or(first));
        if rest.is_empty() { failure } else { failure.hint(rest.join("; ")) }
    }

    /// The same failure when it kept a connection from coming about. Whoever has to sign in is told that, and nothing else.
    pub(crate) fn unreachable_because(self, way: &Way) -> Self {
        let kind = if self.kind == Kind::Authentication { self.kind } else { Kind::Unreachable };
        let hint = self.hint.unwrap_or_else(|| match way {
            Way::Program(_) => "is it an MCP server that speaks over standard input and output?".to_owned(),
            Way::Remote(_) => NO_ENDPOINT.to_owned(),
        });
        let shown = way.shown();
        let message = match way {
            Way::Remote(_) if self.message.contains(&shown) => self.message,
            _ => format!("cannot talk to {shown}: {}", self.message),
        };
        Self { kind, message, hint: Some(hint), cause: self.cause }
    }

    /// The server cannot be started.
    pub(crate) fn unreachable(message: impl Into<String>) -> Self {
        Self::new(Kind::Unreachable, message)
    }

    /// The server took too long.
    pub(crate) fn late(time: Duration) -> Self {
        Self::new(Kind::Unreachable, format!("the server did not answer within {time:?}"))
            .hint("--timeout SECONDS waits longer")
    }

    /// The tool answered that it failed.
    pub(crate) fn tool(message: impl Into<String>) -> Self {
        Self::new(Kind::Tool, message)
    }

    /// The build failed; the compiler has said why.
    pub(crate) fn build(message: impl Into<String>) -> Self {
        Self::new(Kind::Build, message)
    }

    /// A check found something.
    pub(crate) fn check(message: impl Into<String>) -> Self {
        Self::new(Kind::Check, message)
    }

    /// Something changed that clients rely on.
    pub(crate) fn breaking(message: impl Into<String>) -> Self {
        Self::new(Kind::Breaking, message)
    }

    pub(crate) fn interrupted() -> Self {
        Self::new(Kind::Interrupted, "interrupted")
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// A hint where there is none yet.
    pub(crate) fn or_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint.get_or_insert_with(|| hint.into());
        self
    }

    pub(crate) fn cause(mut self, cause: impl Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.kind.exit().code)
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
            "code": self.kind.exit().name,
            "message": self.message,
            "hint": self.hint,
            "cause": self.cause,
        }})
    }
}

/// What may be wrong with an address where no server answers as one.
const NO_ENDPOINT: &str = "is it the address of an MCP endpoint? Most end in /mcp";
/// What to do where nobody can sign in.
const SIGN_IN: &str =
    "run it on a terminal to sign in, or name the token's variable with --bearer-env, or give a --header";

impl From<client::Error> for Failure {
    fn from(error: client::Error) -> Self {
        let message = visible(&error.to_string());
        let failure = match &error {
            client::Error::Protocol { error, .. } => {
                return Self::new(Kind::Protocol, format!("the server answered: {}", visible(error.message())))
                    .cause(format!("JSON-RPC error {}", error.code()));
            }
            client::Error::Authorization { .. } => Self::new(Kind::Authentication, message).hint(SIGN_IN),
            client::Error::Status { url, status: status @ (401 | 403), .. } => {
                let what = if *status == 401 { "demands credentials" } else { "does not let you in" };
                Self::new(Kind::Authentication, format!("the server at {} {what} (status {status})", visible(url)))
                    .hint(SIGN_IN)
            }
            // How a page begins helps nobody.
            client::Error::Status { url, status, .. } => Self::new(
                Kind::Unreachable,
                format!("the server at {} answered with the status {status}", visible(url)),
            )
            .hint(if *status < 500 { NO_ENDPOINT } else { "the server is in trouble: try again later" }),
            client::Error::Http { .. } => {
                Self::new(Kind::Unreachable, message).hint("is the server running, and is the address right?")
            }
            client::Error::Timeout { .. } => {
                Self::new(Kind::Unreachable, message).hint("--timeout SECONDS waits longer")
            }
            client::Error::Arguments { .. } => Self::new(Kind::Usage, message),
            client::Error::Input { .. } => Self::new(Kind::Protocol, message),
            _ => Self::new(Kind::Unreachable, message),
        };
        match root(&error) {
            Some(cause) => failure.cause(visible(&cause)),
            None => failure,
        }
    }
}

/// The innermost cause, which says most: what is around it says only that something failed.
fn root(error: &client::Error) -> Option<String> {
    let mut cause = std::error::Error::source(error)?;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    Some(cause.to_string())
}
