//! One request: what can be said about it before it is sent, and what becomes of its answer. Floor 6.

use std::collections::BTreeMap;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::Instant;

use super::Client;
use super::error::Error;
use super::exchange::{OnProgress, Order};
use super::gather::Gather;
use super::notices::Progress;
use super::stamp::{decode, kind};
use super::validate;
use crate::error::HEADER_MISMATCH;
use crate::method::Method;
use crate::model::lower::Lower;
use crate::model::{
    CallToolResult, CompleteContext, CompleteResult, GetPromptResult, InputResponses, JsonObject, ListPromptsResult,
    ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, ProgressNotificationParams, ReadResourceResult,
    ResultType,
};
use crate::revision::Revision;

/// A request in the making: `.await` sends it and waits for the answer.
///
/// Dropping the future that `.await` polls gives the request up, and the server is told so. So does the end of the time
/// that [`Self::timeout`] gives.
///
/// # Errors
/// - [`Error::Protocol`]: the server refuses, for example because there is no such tool.
/// - [`Error::Timeout`], [`Error::Closed`], [`Error::Http`]: no answer came, or will come.
/// - [`Error::Status`], [`Error::Authorization`]: the server refuses over HTTP.
/// - [`Error::Invalid`] and [`Error::Incomplete`]: what came is no answer that can be used.
/// - [`Error::Input`]: the server asks what nobody here answers, or asks without end.
/// - [`Error::Arguments`]: the arguments are not an object; nothing was sent.
#[must_use = "nothing is sent before `.await`"]
pub struct Request<'a, R: Response> {
    client: Client,
    params: Result<R::Params, Error>,
    meta: JsonObject,
    timeout: Duration,
    max_timeout: Option<Duration>,
    on_progress: Option<OnProgress<'a>>,
    is_safe: bool,
    is_fresh: bool,
    gather: Option<Arc<Gather>>,
}

impl<'a, R: Response> Request<'a, R> {
    pub(super) fn new(client: &Client, params: Result<R::Params, Error>) -> Self {
        let options = &client.0.options;
        Self {
            client: client.clone(),
            params,
            meta: JsonObject::new(),
            timeout: options.timeout,
            max_timeout: options.max_timeout,
            on_progress: None,
            is_safe: false,
            is_fresh: false,
            gather: None,
        }
    }

    /// How long to wait for the answer; unless set, as long as [`Connect::timeout`](super::Connect::timeout) says. Each
    /// sign of progress begins it anew, if progress is asked for, and so does each round of a call that asks.
    pub fn timeout(mut self, time: Duration) -> Self {
        self.timeout = time;
        self
    }

    /// How long to wait for the answer however much progress is told; unless set, as long as
    /// [`Connect::max_timeout`](super::Connect::max_timeout) says, which is ten times [`Self::timeout`] unless set.
    ///
    /// It counts for all attempts and rounds together, without the time that this client takes to answer questions.
    pub fn max_timeout(mut self, time: Duration) -> Self {
        self.max_timeout = Some(time);
        self
    }

    /// Twice is as good as once: the request may be made again when its answer is lost, see [`Retry`](super::Retry).
    pub fn safe_to_repeat(mut self) -> Self {
        self.is_safe = true;
        self
    }

    /// Asks the server, whatever the cache has. What comes is kept as always.
    pub fn fresh(mut self) -> Self {
        self.is_fresh = true;
        self
    }

    /// Asks for progress, and calls `f` with every notification of it.
    ///
    /// It runs within the `.await`, in order and before the answer. Notifications that come while 64 wait, or that are
    /// longer than 64 KiB, are dropped.
    pub fn on_progress(mut self, f: impl FnMut(ProgressNotificationParams) + Send + 'a) -> Self {
        self.on_progress = Some(Box::new(f));
        self
    }

    /// Adds a member to the request's `_meta`. It wins over what the client would put there under the same key.
    pub fn meta(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.meta.insert(key.into(), value.into());
        self
    }

    /// Asks for progress, and gives it as a stream beside the request, which has to be awaited as well.
    ///
    /// The stream ends with the request. Notifications that come while 64 wait are dropped.
    pub fn progress(self) -> (Self, Progress) {
        let (to, progress) = Progress::channel();
        // It fails when nobody takes those before it, or nobody listens any more.
        (self.on_progress(move |notice| drop(to.try_send(notice))), progress)
    }

    /// The same on this client, together with others.
    pub(super) fn together(mut self, client: &Client, gather: &Arc<Gather>) -> Self {
        self.client = client.clone();
        self.gather = Some(Arc::clone(gather));
        self
    }

    /// The answer, with its length in bytes.
    pub(super) async fn answer(self) -> Result<(R, usize), Error> {
        let Self { client, params, meta, timeout, max_timeout, mut on_progress, is_safe, is_fresh, gather } = self;
        let mut params = params?;
        R::fit(&mut params, client.0.sessions.current().agreed.revision);
        let inner = &client.0;
        // What the caller says beside the parameters may change the answer.
        let asked =
            if meta.is_empty() { inner.hub.cache.ask(R::METHOD, &params, inner.sessions.identity()) } else { None };
        if let Some(bytes) = asked.as_ref().filter(|_| !is_fresh).and_then(|asked| inner.hub.cache.get(asked)) {
            return finish(&client, &params, &bytes);
        }
        let longest = max_timeout.unwrap_or(timeout.saturating_mul(10));
        let is_safe = is_safe || R::is_safe(&params, &client);
        let (mut rounds, mut is_mended, mut left) = (0, false, longest);
        let bytes = loop {
            let gather = gather.as_ref();
            let order = Order { method: R::METHOD, params: &params, meta: &meta, timeout, longest, is_safe, gather };
            let bytes = match inner.exchange(&order, &mut left, &mut on_progress).await {
                Err(error) if !is_mended && R::depends_on_headers() && is_header_mismatch(&error) => {
                    is_mended = true;
                    // The tool may want other headers than it did when the list was read (2026-07-28, "Streamable HTTP",
                    // "Client Behavior").
                    let begun = Instant::now();
                    let late = |_| Error::Timeout { server: String::new(), method: R::METHOD, after: longest };
                    tokio::time::timeout(left, client.reread_tools()).await.map_err(late)??;
                    left = left.saturating_sub(begun.elapsed());
                    continue;
                }
                answered => answered?,
            };
            if kind(R::METHOD, &bytes)? != ResultType::InputRequired {
                break bytes;
            }
            rounds += 1;
            let (responses, state) = inner.answer_questions(R::METHOD, &bytes, rounds).await?;
            if !R::again(&mut params, responses, state) {
                return Err(Error::Incomplete {
                    server: String::new(),
                    method: R::METHOD,
                    result_type: ResultType::InputRequired,
                });
            }
        };
        let finished = finish(&client, &params, &bytes)?;
        // An answer that took questions is one to them too, and is nobody else's (2026-07-28, "Caching", "Cache Key").
        // Who asked may have become somebody else on the way: by signing in, for example.
        if let Some(asked) = asked.filter(|asked| rounds == 0 && asked.is_by(&inner.sessions.identity())) {
            inner.hub.cache.put(asked, &bytes);
        }
        Ok(finished)
    }
}

fn finish<R: Response>(client: &Client, params: &R::Params, bytes: &Bytes) -> Result<(R, usize), Error> {
    let mut result: R = decode(R::METHOD, bytes)?;
    result.settle(params, client)?;
    Ok((result, bytes.len()))
}

fn is_header_mismatch(error: &Error) -> bool {
    error.protocol().is_some_and(|error| error.code() == HEADER_MISMATCH)
}

impl Request<'_, CallToolResult> {
    /// The client that makes the call.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// The name of the tool.
    pub(super) fn tool(&self) -> Option<String> {
        self.params.as_ref().ok().map(|params| params.name.clone())
    }
}

impl Request<'_, CompleteResult> {
    /// Says the value of another argument, as far as it is known (since 2025-06-18; not sent before).
    pub fn known(mut self, argument: impl Into<String>, value: impl Into<String>) -> Self {
        if let Ok(params) = &mut self.params {
            let context = params.context.get_or_insert_with(CompleteContext::default);
            context.arguments.get_or_insert_with(BTreeMap::new).insert(argument.into(), value.into());
        }
        self
    }
}

impl<'a, R: Response> IntoFuture for Request<'a, R> {
    type Output = Result<R, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        let client = self.client.clone();
        Box::pin(async move { R::obtain(self).await.map_err(|error| client.0.named(error)) })
    }
}

impl<R: Response> fmt::Debug for Request<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("method", &R::METHOD).finish_non_exhaustive()
    }
}

/// What can be the answer to a [`Request`].
pub trait Response: sealed::Answers {}

mod sealed {
    use super::{
        Client, DeserializeOwned, Error, Future, InputResponses, Method, Request, Response, Revision, Serialize,
    };

    pub trait Answers: DeserializeOwned + Send + 'static {
        #[doc(hidden)]
        type Params: Serialize + Send + Sync + 'static;
        #[doc(hidden)]
        const METHOD: Method;

        /// Takes out what the revision does not know.
        #[doc(hidden)]
        fn fit(_: &mut Self::Params, _: Revision) {}

        /// Whether twice is as good as once.
        #[doc(hidden)]
        fn is_safe(_: &Self::Params, _: &Client) -> bool {
            true
        }

        /// Whether the headers of such a request depend on what a list said.
        #[doc(hidden)]
        fn depends_on_headers() -> bool {
            false
        }

        /// Puts in what the server asked for; `false` if it must not ask.
        #[doc(hidden)]
        fn again(_: &mut Self::Params, _: Option<InputResponses>, _: Option<String>) -> bool {
            false
        }

        /// Looks at a result before the caller does.
        #[doc(hidden)]
        fn settle(&mut self, _: &Self::Params, _: &Client) -> Result<(), Error> {
            Ok(())
        }

        /// Makes the request.
        #[doc(hidden)]
        fn obtain(request: Request<'_, Self>) -> impl Future<Output = Result<Self, Error>> + Send
        where
            Self: Response,
        {
            async { request.answer().await.map(|(result, _)| result) }
        }
    }
}

macro_rules! responses {
    ($($result:ident to $method:ident with $params:ident { $($also:tt)* })*) => { $(
        impl Response for $result {}
        impl sealed::Answers for $result {
            type Params = crate::model::$params;
            const METHOD: Method = Method::$method;
            $($also)*
        }
    )* };
}

/// Puts in what the server asked for, where it may ask (2026-07-28, "Multi Round-Trip Requests", "Supported Requests").
fn again(
    responses: &mut Option<InputResponses>,
    state: &mut Option<String>,
    given: (Option<InputResponses>, Option<String>),
) -> bool {
    (*responses, *state) = given;
    true
}

responses! {
    CallToolResult to CallTool with CallToolRequestParams {
        fn is_safe(params: &Self::Params, client: &Client) -> bool {
            client.0.known.is_safe(&params.name)
        }

        fn depends_on_headers() -> bool {
            true
        }

        fn again(params: &mut Self::Params, responses: Option<InputResponses>, state: Option<String>) -> bool {
            again(&mut params.input_responses, &mut params.request_state, (responses, state))
        }

        async fn obtain(request: Request<'_, Self>) -> Result<Self, Error> {
            let client = request.client.clone();
            let tool = request.tool().unwrap_or_default();
            let again = request.params.as_ref().ok().and_then(|params| client.0.options.fallbacks.wants(params));
            match (request.answer().await, again) {
                (Ok((result, _)), _) => {
                    validate::check(&client.0.known, &tool, &result).await?;
                    Ok(result)
                }
                (Err(error), Some(params)) => client.0.options.fallbacks.instead(&params, error).await,
                (Err(error), None) => Err(error),
            }
        }
    }
    ReadResourceResult to ReadResource with ReadResourceRequestParams {
        fn again(params: &mut Self::Params, responses: Option<InputResponses>, state: Option<String>) -> bool {
            again(&mut params.input_responses, &mut params.request_state, (responses, state))
        }
    }
    GetPromptResult to GetPrompt with GetPromptRequestParams {
        fn again(params: &mut Self::Params, responses: Option<InputResponses>, state: Option<String>) -> bool {
            again(&mut params.input_responses, &mut params.request_state, (responses, state))
        }
    }
    ListToolsResult to ListTools with PaginatedRequestParams {
        fn settle(&mut self, _: &Self::Params, client: &Client) -> Result<(), Error> {
            let left_out = client.0.sessions.current().connection.wire().screen(&mut self.tools);
            client.0.known.learn(&self.tools, left_out);
            Ok(())
        }
    }
    ListResourcesResult to ListResources with PaginatedRequestParams {}
    ListResourceTemplatesResult to ListResourceTemplates with PaginatedRequestParams {}
    ListPromptsResult to ListPrompts with PaginatedRequestParams {}
}

impl Response for CompleteResult {}

impl sealed::Answers for CompleteResult {
    type Params = crate::model::CompleteRequestParams;
    const METHOD: Method = Method::Complete;

    fn fit(params: &mut Self::Params, revision: Revision) {
        params.lower(revision);
    }
}
