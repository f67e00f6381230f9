//! From a call to the entry that answers it: the single match on `Method`. Floor 4.

use std::convert::Infallible;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use bytes::Bytes;
use tower_service::Service;

use crate::arguments::{Input, Source};
use crate::call::{Answered, Call, Reply};
use crate::entry::{Answering, candidates_of};
use crate::error::{ProtocolError, chain, quoted, reason};
use crate::method::Method;
use crate::model::{
    CallToolResult, CompleteReference, CompleteRequestParams, CompleteResult, GetPromptResult, PaginatedRequestParams,
    ReadResourceResult,
};
use crate::server::{App, Core};

/// The bare server as a tower service: what the innermost layer wraps.
#[derive(Clone)]
pub(crate) struct Bare(pub(crate) Arc<Core>);

impl Service<Call> for Bare {
    type Response = Reply;
    type Error = Infallible;
    type Future = Unfailing;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: Call) -> Unfailing {
        Unfailing(self.0.begin(call))
    }
}

/// A call under way, as the future of a service that cannot fail.
pub(crate) struct Unfailing(Running);

impl Future for Unfailing {
    type Output = Result<Reply, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(Ok)
    }
}

/// A call under way. A panic anywhere inside it is its answer.
pub(crate) struct Running {
    stage: Stage,
    method: Method,
    name: Box<str>,
}

enum Stage {
    Done(Option<Reply>),
    Tool(Answering<CallToolResult>, bool),
    Resource(Answering<ReadResourceResult>),
    Prompt(Answering<GetPromptResult>),
    Completion(Pin<Box<dyn Future<Output = Vec<String>> + Send>>),
    Layered(Pin<Box<dyn Future<Output = Result<Reply, crate::layer::BoxError>> + Send>>),
}

impl From<Reply> for Stage {
    fn from(reply: Reply) -> Self {
        Self::Done(Some(reply))
    }
}

impl From<ProtocolError> for Stage {
    fn from(error: ProtocolError) -> Self {
        Reply::error(error).into()
    }
}

impl Future for Running {
    type Output = Reply;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Reply> {
        let this = &mut *self;
        // The state behind a panic is dropped with the call; states that functions share are the author's to keep whole.
        let polled = catch_unwind(AssertUnwindSafe(|| match &mut this.stage {
            Stage::Done(reply) => reply.take().map_or(Poll::Pending, Poll::Ready),
            Stage::Tool(future, wraps) => {
                let wraps = *wraps;
                future.as_mut().poll(cx).map(|result| Reply(result.map(|result| Answered::Tool(result, wraps))))
            }
            Stage::Resource(future) => future.as_mut().poll(cx).map(|result| Reply(result.map(Answered::Resource))),
            Stage::Prompt(future) => future.as_mut().poll(cx).map(|result| Reply(result.map(Answered::Prompt))),
            Stage::Completion(future) => {
                future.as_mut().poll(cx).map(|values| Reply(Ok(Answered::Completion(CompleteResult::new(values)))))
            }
            Stage::Layered(future) => future.as_mut().poll(cx).map(|result| {
                result.unwrap_or_else(|error| {
                    Reply::failed(this.method, &this.name, &format!("was not answered: {}", chain(&*error)))
                })
            }),
        }));
        let reply = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(reply)) => reply,
            Err(_) => Reply::failed(this.method, &this.name, "panicked; the server's standard error says where"),
        };
        // Whatever the future holds is dropped here, where a panic of its `Drop` is caught too.
        let rest = std::mem::replace(&mut this.stage, Stage::Done(None));
        if catch_unwind(AssertUnwindSafe(|| drop(rest))).is_err() {
            return Poll::Ready(Reply::failed(
                this.method,
                &this.name,
                "panicked; the server's standard error says where",
            ));
        }
        Poll::Ready(reply)
    }
}

impl App {
    /// Begins a call: through the layers if there are any.
    pub(crate) fn start(&self, call: Call) -> Running {
        match &self.layered {
            None => self.core.begin(call),
            Some(layered) => {
                let (method, name) = (call.method, call.name.clone());
                Running { stage: Stage::Layered(layered.call(call)), method, name }
            }
        }
    }
}

impl Core {
    /// Begins a call without layers.
    fn begin(&self, mut call: Call) -> Running {
        let (method, name) = (call.method, std::mem::take(&mut call.name));
        // The function itself runs when the future is polled, but a `Handler` is the user's code too.
        let stage = catch_unwind(AssertUnwindSafe(|| self.route(method, &name, call))).unwrap_or_else(|_| {
            Reply::failed(method, &name, "panicked; the server's standard error says where").into()
        });
        Running { stage, method, name }
    }

    fn route(&self, method: Method, name: &str, call: Call) -> Stage {
        if !self.catalog.offers(method) {
            return ProtocolError::method_not_found(method.as_str()).into();
        }
        match method {
            Method::CallTool => self.call_tool(name, call),
            Method::ReadResource => self.read_resource(name, call),
            Method::GetPrompt => self.get_prompt(name, call),
            Method::Complete => self.complete(call),
            Method::ListTools | Method::ListResources | Method::ListResourceTemplates | Method::ListPrompts => {
                let revision = call.context.revision();
                let page = cursor(call.params.as_ref())
                    .and_then(|cursor| self.catalog.page(method, revision, cursor.as_deref()));
                Reply(page.map(Answered::Prepared)).into()
            }
            // The serve loop answers these itself, and the rest are no requests of a client.
            _ => ProtocolError::method_not_found(method.as_str()).into(),
        }
    }

    fn call_tool(&self, name: &str, call: Call) -> Stage {
        let Some(entry) = self.tool_index.get(name).and_then(|index| self.tools.get(*index)) else {
            return ProtocolError::invalid_params(format!("unknown tool {}", quoted(name))).into();
        };
        let source = Source::Typed(call.arguments);
        let schema = Arc::clone(&entry.schema);
        Stage::Tool((entry.handler)(Input { context: call.context, source, schema }), entry.wraps)
    }

    fn get_prompt(&self, name: &str, call: Call) -> Stage {
        let Some(entry) = self.prompt_index.get(name).and_then(|index| self.prompts.get(*index)) else {
            return ProtocolError::invalid_params(format!("unknown prompt {}", quoted(name))).into();
        };
        let source = Source::Strings(call.arguments);
        let schema = Arc::clone(&entry.schema);
        Stage::Prompt((entry.handler)(Input { context: call.context, source, schema }))
    }

    fn read_resource(&self, uri: &str, call: Call) -> Stage {
        let context = call.context;
        if let Some(entry) = self.resource_index.get(uri).and_then(|index| self.resources.get(*index)) {
            let source = Source::Variables { uri: uri.into(), values: Vec::new() };
            let schema = Arc::clone(&entry.schema);
            return Stage::Resource((entry.handler)(Input { context, source, schema }));
        }
        for entry in &self.templates {
            if let Some(values) = entry.uri.matches(uri) {
                let source = Source::Variables { uri: uri.into(), values };
                let schema = Arc::clone(&entry.schema);
                return Stage::Resource((entry.handler)(Input { context, source, schema }));
            }
        }
        ProtocolError::resource_not_found(uri).into()
    }

    fn complete(&self, call: Call) -> Stage {
        let params = call.params.as_deref().unwrap_or(b"{}");
        let params: CompleteRequestParams = match serde_json::from_slice(params) {
            Ok(params) => params,
            Err(error) => {
                return ProtocolError::invalid_params(format!(
                    "wrong parameters for `completion/complete`: {}",
                    reason(&error)
                ))
                .into();
            }
        };
        let argument = params.argument;
        let (schema, completers) = match &params.reference {
            CompleteReference::Prompt(prompt) => {
                match self.prompt_index.get(prompt.name.as_str()).and_then(|index| self.prompts.get(*index)) {
                    Some(entry) => (&entry.schema, &entry.completers),
                    None => {
                        return ProtocolError::invalid_params(format!("unknown prompt {}", quoted(&prompt.name)))
                            .into();
                    }
                }
            }
            CompleteReference::Resource(resource) => {
                match self.templates.iter().find(|entry| entry.uri.text == resource.uri) {
                    Some(entry) => (&entry.schema, &entry.completers),
                    None => {
                        let uri = quoted(&resource.uri);
                        return ProtocolError::invalid_params(format!("unknown resource template {uri}")).into();
                    }
                }
            }
        };
        if let Some(completer) = completers.get(argument.name.as_str()) {
            return Stage::Completion(completer(argument.value, call.context));
        }
        let Some(property) = schema.get("properties").and_then(|properties| properties.get(&argument.name)) else {
            return ProtocolError::invalid_params(format!("unknown argument {}", quoted(&argument.name))).into();
        };
        // A closed list of values completes itself.
        let values: Vec<&str> = property
            .get("enum")
            .and_then(|values| values.as_array())
            .map(|values| values.iter().filter_map(|value| value.as_str()).collect())
            .unwrap_or_default();
        let values = candidates_of(&values, &argument.value);
        Reply(Ok(Answered::Completion(CompleteResult::new(values)))).into()
    }
}

fn cursor(params: Option<&Bytes>) -> Result<Option<String>, ProtocolError> {
    let Some(params) = params else { return Ok(None) };
    serde_json::from_slice::<PaginatedRequestParams>(params)
        .map(|params| params.cursor)
        .map_err(|_| ProtocolError::invalid_params("`cursor` must be a string that an earlier page gave"))
}
