//! One call on its way in, one reply on its way out: what a layer sees. Floor 2.

use crate::context::Context;
use crate::error::ProtocolError;
use crate::message::Rest;
use crate::method::Method;
use crate::model::{
    Asked, CallToolResult, CompleteResult, CreateTaskResult, EmptyResult, GetPromptResult, ReadResourceResult,
    SubscriptionsListenResult, TaskRecord,
};
use crate::piece::Piece;
#[cfg(feature = "http")]
use crate::revision::Revision;

/// A request of a client, ready to be answered.
#[derive(Debug)]
pub struct Call {
    pub(crate) method: Method,
    pub(crate) context: Context,
    pub(crate) name: Box<str>,
    pub(crate) arguments: Option<Piece>,
    pub(crate) params: Option<Piece>,
}

impl Call {
    /// The method.
    pub fn method(&self) -> Method {
        self.method
    }

    /// What it is about: the tool's or prompt's name, the resource's URI; empty for lists.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The arguments of a tool or prompt as they came, as JSON; `None` where there are none.
    pub fn arguments(&self) -> Option<&[u8]> {
        self.arguments.as_deref().map(str::as_bytes)
    }

    /// The call's context.
    pub fn context(&self) -> &Context {
        &self.context
    }
}

/// What a call is answered with.
#[derive(Debug)]
pub struct Reply(pub(crate) Result<Answered, ProtocolError>);

/// The result of each kind of call; the large ones in boxes, because a reply changes hands often.
#[derive(Debug)]
pub(crate) enum Answered {
    /// With whether this tool's structured content is wrapped for revisions that want an object.
    Tool(Box<CallToolResult>, bool),
    Resource(Box<ReadResourceResult>),
    Prompt(Box<GetPromptResult>),
    Completion(Box<CompleteResult>),
    /// The client is asked first.
    Input(Box<Asked>),
    /// A stream of changes ended.
    Listened(Box<SubscriptionsListenResult>),
    Empty(Box<EmptyResult>),
    /// The call became a task.
    Task(Box<CreateTaskResult>),
    TaskState(Box<TaskRecord>),
    /// What was made once, and many are answered with.
    Prepared(Rest),
}

impl Reply {
    /// An answer that refuses the call.
    pub fn error(error: ProtocolError) -> Self {
        Self(Err(error))
    }

    /// An answer to `tools/call` that the model reads.
    pub fn tool(result: CallToolResult) -> Self {
        Self(Ok(Answered::Tool(Box::new(result), false)))
    }

    /// Whether the call failed: with a protocol error, or as a tool that says so.
    pub fn is_error(&self) -> bool {
        match &self.0 {
            Err(_) => true,
            Ok(Answered::Tool(result, _)) => result.is_error == Some(true),
            Ok(_) => false,
        }
    }

    /// The code of the JSON-RPC error that it is in this revision, if it is one.
    #[cfg(feature = "http")]
    pub(crate) fn error_code(&self, revision: Revision) -> Option<i64> {
        self.0.as_ref().err().map(|error| error.code_in(revision))
    }

    /// Whether it ends a stream of changes.
    pub(crate) fn is_end_of_stream(&self) -> bool {
        matches!(self.0, Ok(Answered::Listened(_)))
    }

    /// What a call is answered with when something around it failed: a layer, or a panic.
    pub(crate) fn failed(method: Method, name: &str, what: &str) -> Self {
        let text = if name.is_empty() {
            format!("{} {what}", method.as_str())
        } else {
            format!("{} {what}", crate::error::quoted(name))
        };
        match method {
            Method::CallTool => Self::tool(CallToolResult::error(text)),
            _ => Self::error(ProtocolError::internal(text)),
        }
    }
}
