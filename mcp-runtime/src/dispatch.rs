//! From a call to the entry that answers it: the single match on `Method`. Floor 4.

use std::convert::Infallible;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use bytes::Bytes;
use serde::Serialize;
use tower_service::Service;

use crate::arguments::{Input, Source, mismatch};
use crate::call::{Answered, Call, Reply};
use crate::catalog::Catalog;
use crate::context::Context;
use crate::entry::{Answering, Tasking, candidates_of};
use crate::error::{ProtocolError, chain, quoted, reason};
use crate::method::Method;
use crate::model::lower::Lower;
use crate::model::{
    CallToolResult, CompleteReference, CompleteRequestParams, CompleteResult, EmptyResult, GetPromptResult,
    PaginatedRequestParams, ReadResourceResult, SubscriptionsListenRequestParams, SubscriptionsListenResult,
    TASKS_EXTENSION,
};
use crate::replay::{Ending, Replay};
use crate::server::{App, Core};
use crate::subscribe::listen;
use crate::tables::{Cache, Named, ResourceRow, Row, TemplateRow, ToolRow};
use crate::task::{knows_tasks, needs_tasks};
use crate::trace::Span;

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
        // The span is around the layers already.
        Unfailing(self.0.begin(call, Span::none()))
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
    /// The call, if it can ask its client something.
    asks: Option<Context>,
    /// What may end it to ask, or make a task of it; a task goes on in either case.
    core: Option<Arc<Core>>,
    span: Span,
}

enum Stage {
    Done(Option<Reply>),
    Tool(Answering<CallToolResult>, Arc<ToolRow>),
    Resource(Answering<ReadResourceResult>, Cache),
    Prompt(Answering<GetPromptResult>),
    Completion(Pin<Box<dyn Future<Output = Vec<String>> + Send>>),
    Listening(Pin<Box<dyn Future<Output = SubscriptionsListenResult> + Send>>),
    Replying(Pin<Box<dyn Future<Output = Reply> + Send>>),
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
        let span = this.span.clone();
        let _within = span.enter();
        // The state behind a panic is dropped with the call; states that functions share are the author's to keep whole.
        let polled = catch_unwind(AssertUnwindSafe(|| match &mut this.stage {
            Stage::Done(reply) => reply.take().map_or(Poll::Pending, Poll::Ready),
            Stage::Tool(future, row) => future
                .as_mut()
                .poll(cx)
                .map(|result| Reply(result.map(|result| Answered::Tool(checked(result, row), row.entry.wraps)))),
            Stage::Resource(future, cache) => {
                let cache = *cache;
                future.as_mut().poll(cx).map(|result| {
                    Reply(result.map(|mut result| {
                        result.ttl_ms = result.ttl_ms.or(cache.ttl_ms);
                        result.cache_scope = result.cache_scope.or(cache.scope);
                        Answered::Resource(result)
                    }))
                })
            }
            Stage::Prompt(future) => future.as_mut().poll(cx).map(|result| Reply(result.map(Answered::Prompt))),
            Stage::Completion(future) => {
                future.as_mut().poll(cx).map(|values| Reply(Ok(Answered::Completion(CompleteResult::new(values)))))
            }
            Stage::Listening(future) => future.as_mut().poll(cx).map(|result| Reply(Ok(Answered::Listened(result)))),
            Stage::Replying(future) => future.as_mut().poll(cx),
            Stage::Layered(future) => future.as_mut().poll(cx).map(|result| {
                result.unwrap_or_else(|error| {
                    Reply::failed(this.method, &this.name, &format!("was not answered: {}", chain(&*error)))
                })
            }),
        }));
        let memory = this.asks.as_ref().and_then(Context::replay);
        let reply = match polled {
            Ok(Poll::Pending) => {
                match memory.filter(|_| this.core.is_some()).and_then(|memory| memory.ending(cx.waker())) {
                    None => return Poll::Pending,
                    Some(Ending::Asked(ending)) => Reply(ending.map(Answered::Input)),
                    Some(Ending::Task) => {
                        this.go_on_as_task();
                        return self.poll(cx);
                    }
                }
            }
            // A call that failed for what the client cannot do says so, however its function put it.
            Ok(Poll::Ready(reply)) if reply.is_error() => match memory.and_then(Replay::refusal) {
                None => reply,
                Some(refusal) => Reply::error(refusal),
            },
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

impl Running {
    /// Lets the function run on by itself; what is left here answers with the task.
    fn go_on_as_task(&mut self) {
        let (Some(context), Some(core)) = (self.asks.take(), self.core.take()) else { return };
        let stage = std::mem::replace(&mut self.stage, Stage::Done(None));
        self.stage = as_task(core, context, stage, self.name.clone());
    }
}

/// Answers with the task that a tool's call becomes.
fn as_task(core: Arc<Core>, context: Context, stage: Stage, name: Box<str>) -> Stage {
    replying(async move {
        // Where this is polled, the call's span is around it, whether or not layers are in between.
        let (asks, span) = (Some(context.clone()), Span::current());
        let running = Running { stage, method: Method::CallTool, name, asks, core: None, span };
        core.begin_task(context, running).await.map(Answered::Task)
    })
}

fn replying(future: impl Future<Output = Result<Answered, ProtocolError>> + Send + 'static) -> Stage {
    Stage::Replying(Box::pin(async move { Reply(future.await) }))
}

impl App {
    /// Begins a call: through the layers if there are any.
    pub(crate) fn start(&self, call: Call) -> Running {
        let span = Span::of(&call);
        match &self.layered {
            None => self.core.begin(call, span),
            Some(layered) => {
                let (method, name) = (call.method, call.name.clone());
                Running { stage: Stage::Layered(layered.call(call)), method, name, asks: None, core: None, span }
            }
        }
    }
}

impl Core {
    /// Begins a call without layers.
    fn begin(self: &Arc<Self>, mut call: Call, span: Span) -> Running {
        let (method, name) = (call.method, std::mem::take(&mut call.name));
        let asks = call.context.replay().is_some().then(|| call.context.clone());
        // The function itself runs when the future is polled, but a `Handler` is the user's code too.
        let stage = catch_unwind(AssertUnwindSafe(|| self.route(method, &name, call))).unwrap_or_else(|_| {
            Reply::failed(method, &name, "panicked; the server's standard error says where").into()
        });
        let core = asks.is_some().then(|| Arc::clone(self));
        Running { stage, method, name, asks, core, span }
    }

    fn route(self: &Arc<Self>, method: Method, name: &str, call: Call) -> Stage {
        let catalog = self.catalog();
        if !catalog.offers(method) {
            return ProtocolError::method_not_found(method.as_str()).into();
        }
        match method {
            Method::CallTool => self.call_tool(&catalog, name, call),
            Method::ReadResource => self.read_resource(&catalog, name, call),
            Method::GetPrompt => self.get_prompt(&catalog, name, call),
            Method::Complete => self.complete(&catalog, call),
            Method::ListTools | Method::ListResources | Method::ListResourceTemplates | Method::ListPrompts => {
                let page = cursor(call.params.as_ref())
                    .and_then(|cursor| catalog.page(method, &call.context, cursor.as_deref()));
                Reply(page.map(Answered::Prepared)).into()
            }
            Method::Subscribe | Method::Unsubscribe => self.subscribe(&catalog, method, name, &call.context).into(),
            Method::Listen => self.listen(&catalog, &call),
            Method::GetTask | Method::UpdateTask | Method::CancelTask => self.ask_task(method, name, call),
            // The transports answer these themselves, and the rest are no requests of a client.
            _ => ProtocolError::method_not_found(method.as_str()).into(),
        }
    }

    /// Answers a request about a task.
    fn ask_task(self: &Arc<Self>, method: Method, id: &str, call: Call) -> Stage {
        if !call.context.client_capabilities().has_extension(TASKS_EXTENSION) {
            return needs_tasks().into();
        }
        let (core, id, context) = (Arc::clone(self), Box::from(id), call.context);
        match method {
            Method::GetTask => {
                replying(
                    async move { core.get_task(context, id).await.map(|result| Answered::TaskState(Box::new(result))) },
                )
            }
            Method::UpdateTask => {
                replying(async move { core.update_task(context, id, call.params).await.map(Answered::Empty) })
            }
            _ => replying(async move { core.cancel_task(context, id).await.map(Answered::Empty) }),
        }
    }

    fn call_tool(self: &Arc<Self>, catalog: &Catalog, name: &str, call: Call) -> Stage {
        let Some(row) = catalog.tables.tool(name).filter(|row| self.shows(row, &call.context)) else {
            return ProtocolError::invalid_params(format!("unknown tool {}", quoted(name))).into();
        };
        let entry = &row.entry;
        let context = call.context;
        let is_task = match entry.tasking {
            Tasking::Never => false,
            Tasking::Always => knows_tasks(&context),
            Tasking::Required if knows_tasks(&context) => true,
            Tasking::Required if context.revision().has_handshake() => {
                return Reply::tool(CallToolResult::error("this tool needs a client of 2026-07-28 that knows tasks"))
                    .into();
            }
            Tasking::Required => return needs_tasks().into(),
            Tasking::Later => {
                if let Some(replay) = context.replay().filter(|_| knows_tasks(&context)) {
                    replay.let_task();
                }
                false
            }
        };
        let source = Source::Typed(call.arguments);
        let schema = Arc::clone(&entry.schema);
        let answering = (entry.handler)(Input { context: context.clone(), source, schema });
        let stage = Stage::Tool(answering, Arc::clone(row));
        if is_task { as_task(Arc::clone(self), context, stage, name.into()) } else { stage }
    }

    fn get_prompt(&self, catalog: &Catalog, name: &str, call: Call) -> Stage {
        let row = catalog.tables.prompt(name).filter(|row| self.shows(row, &call.context));
        let Some(entry) = row.map(|row| &row.entry) else {
            return ProtocolError::invalid_params(format!("unknown prompt {}", quoted(name))).into();
        };
        let source = Source::Strings(call.arguments);
        let schema = Arc::clone(&entry.schema);
        Stage::Prompt((entry.handler)(Input { context: call.context, source, schema }))
    }

    fn read_resource(&self, catalog: &Catalog, uri: &str, call: Call) -> Stage {
        let context = call.context;
        match self.find_resource(catalog, uri, &context) {
            Some(Found::Resource(row)) => {
                let source = Source::Variables { uri: uri.into(), values: Vec::new() };
                let schema = Arc::clone(&row.entry.schema);
                Stage::Resource((row.entry.handler)(Input { context, source, schema }), row.entry.cache)
            }
            Some(Found::Template(row, values)) => {
                let source = Source::Variables { uri: uri.into(), values };
                let schema = Arc::clone(&row.entry.schema);
                Stage::Resource((row.entry.handler)(Input { context, source, schema }), row.entry.cache)
            }
            None => ProtocolError::resource_not_found(uri).into(),
        }
    }

    /// What answers for a URI, among what the caller sees.
    fn find_resource<'c>(&self, catalog: &'c Catalog, uri: &str, caller: &Context) -> Option<Found<'c>> {
        if let Some(row) = catalog.tables.resource(uri).filter(|row| self.shows(row, caller)) {
            return Some(Found::Resource(row));
        }
        catalog.tables.templates.iter().find_map(|row| {
            let values = row.entry.uri.matches(uri)?;
            self.shows(row, caller).then_some(Found::Template(row, values))
        })
    }

    /// The one decision about who sees what: lists make the same.
    pub(crate) fn shows<T: Named + Lower + Clone + Serialize, E>(&self, row: &Row<T, E>, caller: &Context) -> bool {
        row.is_visible(&self.about.visible, Some(caller))
    }

    fn subscribe(&self, catalog: &Catalog, method: Method, uri: &str, caller: &Context) -> Reply {
        let Some(watcher) = caller.watcher() else {
            return Reply::error(ProtocolError::method_not_found(method.as_str()));
        };
        if method == Method::Unsubscribe {
            watcher.forget_resource(uri);
        } else if self.find_resource(catalog, uri, caller).is_none() {
            return Reply::error(ProtocolError::resource_not_found(uri));
        } else if !watcher.want_resource(uri, self.limits.subscriptions) {
            return Reply::error(self.too_many_subscriptions());
        }
        Reply(Ok(Answered::Empty(EmptyResult::default())))
    }

    fn listen(&self, catalog: &Catalog, call: &Call) -> Stage {
        let params = call.params.as_deref().unwrap_or(b"{}");
        let params: SubscriptionsListenRequestParams = match serde_json::from_slice(params) {
            Ok(params) => params,
            Err(error) => {
                let what = format!("wrong parameters for `subscriptions/listen`: {}", reason(&error));
                return ProtocolError::invalid_params(what).into();
            }
        };
        let filter = params.notifications;
        if filter.task_ids.is_some()
            && catalog.offers(Method::GetTask)
            && !call.context.client_capabilities().has_extension(TASKS_EXTENSION)
        {
            return needs_tasks().into();
        }
        if filter.resource_subscriptions.as_ref().is_some_and(|uris| uris.len() > self.limits.subscriptions) {
            return self.too_many_subscriptions().into();
        }
        let caller = &call.context;
        let agreed = catalog.agree(filter, |uri| self.find_resource(catalog, uri, caller).is_some());
        let peer = Arc::clone(caller.peer());
        Stage::Listening(Box::pin(listen(self.hub.watch(), peer, caller.id().clone(), agreed)))
    }

    fn too_many_subscriptions(&self) -> ProtocolError {
        let most = self.limits.subscriptions;
        ProtocolError::invalid_params(format!("one client may subscribe to {most} resources at a time"))
    }

    fn complete(&self, catalog: &Catalog, call: Call) -> Stage {
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
        let tables = &catalog.tables;
        let (schema, completers) = match &params.reference {
            CompleteReference::Prompt(prompt) => {
                let row = tables.prompt(&prompt.name).filter(|row| self.shows(row, &call.context));
                match row.map(|row| &row.entry) {
                    Some(entry) => (&entry.schema, &entry.completers),
                    None => {
                        return ProtocolError::invalid_params(format!("unknown prompt {}", quoted(&prompt.name)))
                            .into();
                    }
                }
            }
            CompleteReference::Resource(resource) => {
                let mut rows = tables.templates.iter().filter(|row| row.listed.uri_template == resource.uri);
                match rows.find(|row| self.shows(row, &call.context)).map(|row| &row.entry) {
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

/// The result of a tool, unless it breaks what the tool promises.
fn checked(result: CallToolResult, row: &ToolRow) -> CallToolResult {
    let (Some(schema), Some(json)) = (&row.entry.output, &result.structured_content) else { return result };
    let value = serde_json::from_str(json.get()).unwrap_or_default();
    match mismatch(schema, &value, "result") {
        None => result,
        Some(problems) => CallToolResult::error(format!(
            "the result of {} does not fit its output schema: {problems}\n(Only debug builds check this.)",
            quoted(&row.listed.name)
        )),
    }
}

/// What answers for a URI.
enum Found<'c> {
    Resource(&'c ResourceRow),
    Template(&'c TemplateRow, Vec<(&'static str, String)>),
}

fn cursor(params: Option<&Bytes>) -> Result<Option<String>, ProtocolError> {
    let Some(params) = params else { return Ok(None) };
    serde_json::from_slice::<PaginatedRequestParams>(params)
        .map(|params| params.cursor)
        .map_err(|_| ProtocolError::invalid_params("`cursor` must be a string that an earlier page gave"))
}
