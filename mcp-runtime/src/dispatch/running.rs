//! A call under way: from the handler that answers it to its reply, whatever it waits for or fails with. Floor 4.

use std::convert::Infallible;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, Waker};

use tower_service::Service;

use crate::arguments::{Input, mismatch};
use crate::budget::Charge;
use crate::call::{Answered, Call, Reply};
use crate::catalog::Catalog;
use crate::context::Context;
use crate::entry::{Answering, Handler, Later};
use crate::error::{ProtocolError, chain, quoted};
use crate::method::Method;
use crate::model::{CallToolResult, CompleteResult, GetPromptResult, ReadResourceResult, SubscriptionsListenResult};
use crate::replay::{Ending, Replay};
use crate::server::{App, Core};
use crate::tables::{Cache, Listed, ToolRow};
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
        Unfailing::Called(Arc::clone(&self.0), Some(call))
    }
}

/// A call as the future of a service that cannot fail. It begins when it is polled: what layers do first comes before it.
pub(crate) enum Unfailing {
    Called(Arc<Core>, Option<Call>),
    Running(Running),
}

impl Future for Unfailing {
    type Output = Result<Reply, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        if let Self::Called(core, call) = &mut *self
            && let Some(call) = call.take()
        {
            // The span is around the layers already.
            match core.begin(call, &core.catalog(), Span::none()) {
                Begun::Replied(reply) => return Poll::Ready(Ok(reply)),
                Begun::Waiting(running) => *self = Self::Running(running),
            }
        }
        match &mut *self {
            Self::Called(..) => Poll::Pending,
            Self::Running(running) => Pin::new(running).poll(cx).map(Ok),
        }
    }
}

/// What became of a call at its beginning.
pub(crate) enum Begun<T> {
    /// It waited for nothing.
    Replied(Reply),
    Waiting(T),
}

impl<T> From<Reply> for Begun<T> {
    fn from(reply: Reply) -> Self {
        Self::Replied(reply)
    }
}

impl<T> From<ProtocolError> for Begun<T> {
    fn from(error: ProtocolError) -> Self {
        Self::Replied(Reply::error(error))
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

/// What is counted of a call's arguments for as long as its function runs.
pub(super) type Held = Option<Box<Charge>>;

pub(super) enum Stage {
    /// It has come to its end.
    Over,
    /// A tool that is not called before the call has become a task.
    Ripe(Arc<ToolRow>, Option<Input>, Held),
    Tool(Later<CallToolResult>, Arc<ToolRow>, #[expect(dead_code, reason = "it is given back with the stage")] Held),
    Resource(Later<ReadResourceResult>, Cache),
    Prompt(Later<GetPromptResult>),
    Completion(Pin<Box<dyn Future<Output = Vec<String>> + Send>>),
    Listening(Pin<Box<dyn Future<Output = SubscriptionsListenResult> + Send>>),
    Replying(Pin<Box<dyn Future<Output = Reply> + Send>>),
    Layered(Pin<Box<dyn Future<Output = Result<Reply, crate::layer::BoxError>> + Send>>),
}

impl Stage {
    /// Calls a tool.
    pub(super) fn of_tool(row: &Arc<ToolRow>, input: Input, held: Held) -> Begun<Self> {
        match row.entry.handler.answer(input) {
            Answering::Ready(result) => of_tool(result, row).into(),
            Answering::Later(future) => Begun::Waiting(Self::Tool(future, Arc::clone(row), held)),
        }
    }

    /// Reads a resource.
    pub(super) fn of_resource(handler: &Handler<ReadResourceResult>, input: Input, cache: Cache) -> Begun<Self> {
        match handler.answer(input) {
            Answering::Ready(result) => of_resource(result, cache).into(),
            Answering::Later(future) => Begun::Waiting(Self::Resource(future, cache)),
        }
    }

    /// Renders a prompt.
    pub(super) fn of_prompt(handler: &Handler<GetPromptResult>, input: Input) -> Begun<Self> {
        match handler.answer(input) {
            Answering::Ready(result) => Reply(result.map(Answered::Prompt)).into(),
            Answering::Later(future) => Begun::Waiting(Self::Prompt(future)),
        }
    }
}

fn of_tool(result: Result<Box<CallToolResult>, ProtocolError>, row: &ToolRow) -> Reply {
    Reply(result.map(|result| {
        // What the output schema says matters only where there is something that it could be said of.
        let wraps = result.structured_text().is_some() && row.listed.item().wraps_output();
        Answered::Tool(checked(result, row), wraps)
    }))
}

fn of_resource(result: Result<Box<ReadResourceResult>, ProtocolError>, cache: Cache) -> Reply {
    Reply(result.map(|mut result| {
        result.ttl_ms = result.ttl_ms.or(cache.ttl_ms);
        result.cache_scope = result.cache_scope.or(cache.scope);
        Answered::Resource(result)
    }))
}

impl Future for Running {
    type Output = Reply;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Reply> {
        let this = &mut *self;
        let span = this.span.clone();
        let _within = span.enter();
        // The state behind a panic is dropped with the call; states that functions share are the author's to keep whole.
        let polled = catch_unwind(AssertUnwindSafe(|| {
            if let Stage::Ripe(row, input, held) = &mut this.stage
                && let Some(input) = input.take()
            {
                match Stage::of_tool(row, input, held.take()) {
                    Begun::Replied(reply) => return Poll::Ready(reply),
                    Begun::Waiting(stage) => this.stage = stage,
                }
            }
            match &mut this.stage {
                Stage::Over | Stage::Ripe(..) => Poll::Pending,
                Stage::Tool(future, row, _) => {
                    future.as_mut().poll(cx).map(|result| of_tool(result.map(Box::new), row))
                }
                Stage::Resource(future, cache) => {
                    let cache = *cache;
                    future.as_mut().poll(cx).map(|result| of_resource(result.map(Box::new), cache))
                }
                Stage::Prompt(future) => {
                    future.as_mut().poll(cx).map(|result| Reply(result.map(Box::new).map(Answered::Prompt)))
                }
                Stage::Completion(future) => future.as_mut().poll(cx).map(completion),
                Stage::Listening(future) => {
                    future.as_mut().poll(cx).map(|result| Reply(Ok(Answered::Listened(Box::new(result)))))
                }
                Stage::Replying(future) => future.as_mut().poll(cx),
                Stage::Layered(future) => future.as_mut().poll(cx).map(|result| {
                    result.unwrap_or_else(|error| {
                        Reply::failed(this.method, &this.name, &format!("was not answered: {}", chain(&*error)))
                    })
                }),
            }
        }));
        let reply = match polled {
            Ok(Poll::Pending) => match this.ending(cx.waker()) {
                None => return Poll::Pending,
                Some(Ending::Asked(ending)) => Reply(ending.map(Box::new).map(Answered::Input)),
                Some(Ending::Task) => {
                    this.go_on_as_task();
                    return self.poll(cx);
                }
            },
            Ok(Poll::Ready(reply)) => refused(reply, this.asks.as_ref()),
            Err(_) => Reply::failed(this.method, &this.name, "panicked; the server's standard error says where"),
        };
        // Whatever the future holds is dropped here, where a panic of its `Drop` is caught too.
        let rest = std::mem::replace(&mut this.stage, Stage::Over);
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

/// A call that failed for what the client cannot do says so, however its function put it.
fn refused(reply: Reply, call: Option<&Context>) -> Reply {
    match call.filter(|_| reply.is_error()).and_then(Context::replay).and_then(Replay::refusal) {
        None => reply,
        Some(refusal) => Reply::error(refusal),
    }
}

impl Running {
    /// How it ends because of what it asked, now that it has to wait.
    fn ending(&self, waker: &Waker) -> Option<Ending> {
        let (call, core) = (self.asks.as_ref()?, self.core.as_ref()?);
        call.wanted_replay()?.ending(waker, &core.keeping, call.subject(self.method, &self.name))
    }

    /// Lets the function run on by itself; what is left here answers with the task.
    fn go_on_as_task(&mut self) {
        let (Some(context), Some(core)) = (self.asks.take(), self.core.take()) else { return };
        let stage = std::mem::replace(&mut self.stage, Stage::Over);
        self.stage = as_task(core, context, stage, self.name.clone());
    }
}

/// Answers with the task that a tool's call becomes.
pub(super) fn as_task(core: Arc<Core>, context: Context, stage: Stage, name: Box<str>) -> Stage {
    replying(async move {
        // Where this is polled, the call's span is around it, whether or not layers are in between.
        let (asks, span) = (Some(context.clone()), Span::current());
        let running = Running { stage, method: Method::CallTool, name, asks, core: None, span };
        core.begin_task(context, running).await.map(Box::new).map(Answered::Task)
    })
}

pub(super) fn replying(future: impl Future<Output = Result<Answered, ProtocolError>> + Send + 'static) -> Stage {
    Stage::Replying(Box::pin(async move { Reply(future.await) }))
}

impl App {
    /// Begins a call: through the layers if there are any. What a function that waits for nothing does, it does now.
    pub(crate) fn start(&self, call: Call, catalog: &Catalog) -> Begun<Running> {
        let span = Span::of(&call);
        match &self.layered {
            None => self.core.begin(call, catalog, span),
            Some(layered) => {
                let (method, name) = (call.method, call.name.clone());
                let stage = Stage::Layered(layered.call(call));
                Begun::Waiting(Running { stage, method, name, asks: None, core: None, span })
            }
        }
    }
}

impl Core {
    /// Begins a call without layers.
    fn begin(self: &Arc<Self>, mut call: Call, catalog: &Catalog, span: Span) -> Begun<Running> {
        let (method, name) = (call.method, std::mem::take(&mut call.name));
        let asks = call.context.asks_by_ending().then(|| call.context.clone());
        let routed = {
            let _within = span.enter();
            catch_unwind(AssertUnwindSafe(|| self.route(catalog, method, &name, call)))
        };
        match routed {
            Err(_) => Reply::failed(method, &name, "panicked; the server's standard error says where").into(),
            Ok(Begun::Replied(reply)) => refused(reply, asks.as_ref()).into(),
            Ok(Begun::Waiting(stage)) => {
                let core = asks.is_some().then(|| Arc::clone(self));
                Begun::Waiting(Running { stage, method, name, asks, core, span })
            }
        }
    }
}

/// The result of a tool, unless it breaks what the tool promises.
fn checked(result: Box<CallToolResult>, row: &ToolRow) -> Box<CallToolResult> {
    const IS_CHECKED: bool = cfg!(debug_assertions);
    /// Enough for any result: what is compared is not a peer's, but the server's own.
    const STEPS: usize = 1_000_000;
    let Some(json) = result.structured_text().filter(|_| IS_CHECKED) else { return result };
    let Some(schema) = &row.listed.item().output_schema else { return result };
    let value = serde_json::from_str(json).unwrap_or_default();
    match mismatch(schema, &value, "result", STEPS) {
        None => result,
        Some(problems) => Box::new(CallToolResult::error(format!(
            "the result of {} does not fit its output schema: {problems}\n(Only debug builds check this.)",
            quoted(&row.listed.name)
        ))),
    }
}

pub(super) fn completion(values: Vec<String>) -> Reply {
    Reply(Ok(Answered::Completion(Box::new(CompleteResult::new(values)))))
}
