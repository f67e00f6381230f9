//! What a client answers when a server asks it: the user by form or page, the model, the roots. The same handlers serve the
//! requests of revisions with sessions and the questions in results of 2026-07-28. Floor 6.

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context as TaskContext, Poll};

use super::connect::Connect;
use crate::error::ProtocolError;
use crate::method::Method;
use crate::model::{
    ClientCapabilities, CreateMessageRequestParams, CreateMessageResult, ElicitRequestFormParams, ElicitRequestParams,
    ElicitRequestURLParams, ElicitResult, ElicitationCapability, InputRequest, InputResponse, JsonObject,
    ListRootsResult, Root, RootsCapability, SamplingCapability,
};

/// What a handler returns.
pub(super) type Answering<R> = Pin<Box<dyn Future<Output = Result<R, ProtocolError>> + Send>>;

type Handler<P, R> = Arc<dyn Fn(P) -> Answering<R> + Send + Sync>;

/// Whoever answers for this client.
#[derive(Clone, Default)]
pub(super) struct Handlers {
    form: Option<Handler<ElicitRequestFormParams, ElicitResult>>,
    url: Option<Handler<ElicitRequestURLParams, ElicitResult>>,
    sample: Option<Handler<CreateMessageRequestParams, CreateMessageResult>>,
    roots: Option<Arc<Mutex<Vec<Root>>>>,
}

impl<S> Connect<S> {
    /// Lets the server ask the user by form (since 2025-06-18), and calls `f` with each form.
    ///
    /// Its presence declares the capability. [`RequestedSchema::defaults`](crate::model::RequestedSchema::defaults) gives
    /// the answers that the server suggests. An error reaches the server as a JSON-RPC error in a session; in 2026-07-28
    /// the call that asked fails with it. At most 32 questions of a server are answered at once, further ones are refused; a
    /// panic of `f` is answered as an error.
    ///
    /// ```no_run
    /// # async fn example() -> mcp_runtime::Result<()> {
    /// use mcp_runtime::Client;
    /// use mcp_runtime::model::ElicitResult;
    ///
    /// let client = Client::command("my-server")
    ///     .on_elicit(async |form| {
    ///         println!("{}", form.message);
    ///         Ok(ElicitResult::accept(form.requested_schema.defaults()))
    ///     })
    ///     .connect()
    ///     .await?;
    /// # let _ = client;
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_elicit<F, Fut>(mut self, f: F) -> Self
    where
        F: Fn(ElicitRequestFormParams) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<ElicitResult, ProtocolError>> + Send + 'static,
    {
        self.options.handlers.form = Some(Arc::new(move |params| Box::pin(f(params))));
        self
    }

    /// Lets the server send the user to a page (since 2025-11-25), and calls `f` with each address.
    ///
    /// Show the user where the address leads, and open it only when they agree. Otherwise as [`Self::on_elicit`].
    pub fn on_elicit_url<F, Fut>(mut self, f: F) -> Self
    where
        F: Fn(ElicitRequestURLParams) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<ElicitResult, ProtocolError>> + Send + 'static,
    {
        self.options.handlers.url = Some(Arc::new(move |params| Box::pin(f(params))));
        self
    }

    /// Lets the server use a model of the client's, and calls `f` with each request for a message.
    ///
    /// Otherwise as [`Self::on_elicit`]. That the model may use tools or is given the context of other servers has to be
    /// declared with [`Self::capabilities`].
    pub fn on_sample<F, Fut>(mut self, f: F) -> Self
    where
        F: Fn(CreateMessageRequestParams) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<CreateMessageResult, ProtocolError>> + Send + 'static,
    {
        self.options.handlers.sample = Some(Arc::new(move |params| Box::pin(f(params))));
        self
    }

    /// Tells the server, when it asks, where in the file system it should work.
    ///
    /// [`Client::set_roots`](super::Client::set_roots) changes them later.
    pub fn roots(mut self, roots: impl IntoIterator<Item = Root>) -> Self {
        self.options.handlers.roots = Some(Arc::new(Mutex::new(roots.into_iter().collect())));
        self
    }
}

impl Handlers {
    /// Adds to what the client declares what it has a handler for.
    pub(super) fn declare(&self, capabilities: &mut ClientCapabilities) {
        if self.form.is_some() || self.url.is_some() {
            let elicitation = capabilities.elicitation.get_or_insert_with(ElicitationCapability::default);
            let declared = |is_there: bool| is_there.then(JsonObject::new);
            elicitation.form = elicitation.form.take().or_else(|| declared(self.form.is_some()));
            elicitation.url = elicitation.url.take().or_else(|| declared(self.url.is_some()));
        }
        if self.sample.is_some() {
            capabilities.sampling.get_or_insert_with(SamplingCapability::default);
        }
        if self.roots.is_some() {
            capabilities.roots.get_or_insert_with(RootsCapability::default).list_changed = Some(true);
        }
    }

    /// Replaces the roots; says whether there are any to replace.
    pub(super) fn set_roots(&self, roots: Vec<Root>) -> bool {
        let Some(kept) = &self.roots else { return false };
        *kept.lock().unwrap_or_else(PoisonError::into_inner) = roots;
        true
    }

    /// Whether there is any question that this client can be asked.
    #[cfg(feature = "client-http")]
    pub(super) fn answers_any(&self) -> bool {
        [Method::Elicit, Method::CreateMessage, Method::ListRoots].into_iter().any(|method| self.answers(method))
    }

    /// Whether anybody here answers this method.
    pub(super) fn answers(&self, method: Method) -> bool {
        match method {
            Method::Elicit => self.form.is_some() || self.url.is_some(),
            Method::CreateMessage => self.sample.is_some(),
            Method::ListRoots => self.roots.is_some(),
            _ => false,
        }
    }

    /// Answers what a server asks; `None` if nobody here can.
    pub(super) fn answer(&self, request: InputRequest) -> Option<Answering<InputResponse>> {
        match request {
            InputRequest::Elicit(ElicitRequestParams::Form(params)) => {
                self.form.as_ref().map(|f| run(Arc::clone(f), params, InputResponse::Elicit))
            }
            InputRequest::Elicit(ElicitRequestParams::Url(params)) => {
                self.url.as_ref().map(|f| run(Arc::clone(f), params, InputResponse::Elicit))
            }
            InputRequest::CreateMessage(params) => {
                self.sample.as_ref().map(|f| run(Arc::clone(f), params, InputResponse::CreateMessage))
            }
            InputRequest::ListRoots(_) => {
                let roots = self.roots.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let result = ListRootsResult { roots, meta: None };
                Some(Box::pin(async { Ok(InputResponse::ListRoots(result)) }))
            }
        }
    }
}

/// Runs a handler, whose code is called with the first poll, so that a panic of it is caught as well.
fn run<P: Send + 'static, R: Send + 'static>(
    handler: Handler<P, R>,
    params: P,
    wrap: fn(R) -> InputResponse,
) -> Answering<InputResponse> {
    Box::pin(Caught(Box::pin(async move { handler(params).await.map(wrap) })))
}

impl fmt::Debug for Handlers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handlers")
            .field("form", &self.form.is_some())
            .field("url", &self.url.is_some())
            .field("sample", &self.sample.is_some())
            .field("roots", &self.roots.is_some())
            .finish()
    }
}

/// Turns a panic of the user's code into an error; the panic itself is on standard error by then.
struct Caught<R>(Answering<R>);

impl<R> Future for Caught<R> {
    type Output = Result<R, ProtocolError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        catch_unwind(AssertUnwindSafe(|| self.0.as_mut().poll(cx)))
            .unwrap_or_else(|_| Poll::Ready(Err(ProtocolError::internal("what should have answered panicked"))))
    }
}
