//! One request: what can be said about it before it is sent, and what becomes of its answer. Floor 6.

use std::collections::BTreeMap;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::error::Error;
use super::wire::PROGRESS_QUEUED;
use super::{Client, Inner};
use crate::error::shortened;
use crate::message::encode_call;
use crate::method::Method;
use crate::model::lower::Lower;
use crate::model::{
    CLIENT_CAPABILITIES_KEY, CLIENT_INFO_KEY, CallToolResult, ClientCapabilities, CompleteContext, CompleteResult,
    GetPromptResult, Implementation, JsonObject, LOG_LEVEL_KEY, ListPromptsResult, ListResourceTemplatesResult,
    ListResourcesResult, ListToolsResult, LoggingLevel, PROGRESS_TOKEN_KEY, PROTOCOL_VERSION_KEY,
    ProgressNotificationParams, ReadResourceResult, RequestId, ResultType,
};
use crate::revision::Revision;

/// A request in the making: `.await` sends it and waits for the answer.
///
/// Dropping the future that `.await` polls gives the request up, and the server is told so. So does the end of the time
/// that [`Self::timeout`] gives.
///
/// # Errors
/// - [`Error::Protocol`]: the server refuses, for example because there is no such tool.
/// - [`Error::Timeout`] and [`Error::Closed`]: no answer came, or will come.
/// - [`Error::Invalid`] and [`Error::Incomplete`]: what came is no answer that can be used.
/// - [`Error::Arguments`]: the arguments are not an object; nothing was sent.
#[must_use = "nothing is sent before `.await`"]
pub struct Request<'a, R: Response> {
    client: Client,
    params: Result<R::Params, Error>,
    meta: JsonObject,
    timeout: Duration,
    on_progress: Option<OnProgress<'a>>,
}

type OnProgress<'a> = Box<dyn FnMut(ProgressNotificationParams) + Send + 'a>;

impl<'a, R: Response> Request<'a, R> {
    pub(super) fn new(client: &Client, params: Result<R::Params, Error>) -> Self {
        let timeout = client.0.timeout;
        Self { client: client.clone(), params, meta: JsonObject::new(), timeout, on_progress: None }
    }

    /// How long to wait for the answer; unless set, as long as [`Connect::timeout`](super::Connect::timeout) says.
    pub fn timeout(mut self, time: Duration) -> Self {
        self.timeout = time;
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

    /// The answer as it came.
    pub(super) async fn bytes(self) -> Result<Bytes, Error> {
        let Self { client, params, meta, timeout, mut on_progress } = self;
        let mut params = params?;
        R::fit(&mut params, client.revision());
        let order = Order { method: R::METHOD, params: &params, meta: &meta, timeout };
        client.0.exchange(order, on_progress.as_deref_mut()).await
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
        Box::pin(async move { decode(R::METHOD, &self.bytes().await?) })
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
    use super::{DeserializeOwned, Method, Revision, Serialize};

    pub trait Answers: DeserializeOwned + 'static {
        #[doc(hidden)]
        type Params: Serialize + Send + Sync;
        #[doc(hidden)]
        const METHOD: Method;

        /// Takes out what the revision does not know.
        #[doc(hidden)]
        fn fit(_: &mut Self::Params, _: Revision) {}
    }
}

macro_rules! responses {
    ($($result:ident to $method:ident with $params:ident;)*) => { $(
        impl Response for $result {}
        impl sealed::Answers for $result {
            type Params = crate::model::$params;
            const METHOD: Method = Method::$method;
        }
    )* };
}

responses! {
    CallToolResult to CallTool with CallToolRequestParams;
    ReadResourceResult to ReadResource with ReadResourceRequestParams;
    GetPromptResult to GetPrompt with GetPromptRequestParams;
    ListToolsResult to ListTools with PaginatedRequestParams;
    ListResourcesResult to ListResources with PaginatedRequestParams;
    ListResourceTemplatesResult to ListResourceTemplates with PaginatedRequestParams;
    ListPromptsResult to ListPrompts with PaginatedRequestParams;
}

impl Response for CompleteResult {}

impl sealed::Answers for CompleteResult {
    type Params = crate::model::CompleteRequestParams;
    const METHOD: Method = Method::Complete;

    fn fit(params: &mut Self::Params, revision: Revision) {
        params.lower(revision);
    }
}

/// A request ready to go out.
pub(super) struct Order<'o, P> {
    pub(super) method: Method,
    pub(super) params: &'o P,
    pub(super) meta: &'o JsonObject,
    pub(super) timeout: Duration,
}

impl Inner {
    /// Sends a request and waits for its result.
    pub(super) async fn exchange<P: Serialize + Sync>(
        &self,
        order: Order<'_, P>,
        mut on_progress: Option<&mut (dyn FnMut(ProgressNotificationParams) + Send + '_)>,
    ) -> Result<Bytes, Error> {
        let Order { method, params, meta, timeout } = order;
        let late = || Error::Timeout { method, after: timeout };
        let mut time = std::pin::pin!(sleep(timeout));
        let (sender, mut progress) = on_progress.is_some().then(|| mpsc::channel(PROGRESS_QUEUED)).unzip();
        let wants_progress = progress.is_some();
        let mut flight = tokio::select! {
            biased;
            () = &mut time => return Err(late()),
            flight = self.connection.wire.send(sender, |out, id| {
                let meta = Meta { own: meta, progress_token: wants_progress.then_some(id), modern: self.modern() };
                encode_call(out, Some(id), method.as_str(), Some(&Stamped { params, meta }));
            }) => flight?,
        };
        let mut tell = |params: &Bytes| {
            if let (Some(f), Ok(params)) = (&mut on_progress, serde_json::from_slice(params)) {
                f(params);
            }
        };
        let answer = loop {
            tokio::select! {
                biased;
                () = &mut time => {
                    flight.give_up("the client's time for the request is over");
                    return Err(late());
                }
                Some(params) = next(&mut progress) => tell(&params),
                answer = flight.answer() => break answer?,
            }
        };
        while let Some(params) = progress.as_mut().and_then(|progress| progress.try_recv().ok()) {
            tell(&params);
        }
        answer.result(method)
    }
}

/// The next progress notification; never, for a request that did not ask for any.
async fn next(progress: &mut Option<mpsc::Receiver<Bytes>>) -> Option<Bytes> {
    match progress {
        Some(progress) => progress.recv().await,
        None => std::future::pending().await,
    }
}

/// A request's parameters with its `_meta`.
#[derive(serde::Serialize)]
pub(super) struct Stamped<'m, P: Serialize> {
    #[serde(flatten)]
    pub(super) params: &'m P,
    #[serde(rename = "_meta", skip_serializing_if = "Meta::is_empty")]
    pub(super) meta: Meta<'m>,
}

/// The `_meta` of a request.
#[derive(Clone, Copy)]
pub(super) struct Meta<'m> {
    /// What the caller says. It wins.
    pub(super) own: &'m JsonObject,
    /// The request's own id stands for its progress.
    pub(super) progress_token: Option<&'m RequestId>,
    pub(super) modern: Option<Modern<'m>>,
}

/// What every request of a revision without a handshake says (2026-07-28, "Overview", "Per-request protocol fields").
#[derive(Clone, Copy)]
pub(super) struct Modern<'m> {
    pub(super) revision: Revision,
    pub(super) info: &'m Implementation,
    pub(super) capabilities: &'m ClientCapabilities,
    pub(super) log_level: Option<LoggingLevel>,
}

impl Meta<'_> {
    fn is_empty(&self) -> bool {
        self.own.is_empty() && self.progress_token.is_none() && self.modern.is_none()
    }
}

impl Serialize for Meta<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in self.own {
            map.serialize_entry(key, value)?;
        }
        let is_free = |key: &str| !self.own.contains_key(key);
        if let Some(token) = self.progress_token.filter(|_| is_free(PROGRESS_TOKEN_KEY)) {
            map.serialize_entry(PROGRESS_TOKEN_KEY, token)?;
        }
        let Some(Modern { revision, info, capabilities, log_level }) = &self.modern else { return map.end() };
        if is_free(PROTOCOL_VERSION_KEY) {
            map.serialize_entry(PROTOCOL_VERSION_KEY, revision.as_str())?;
        }
        if is_free(CLIENT_INFO_KEY) {
            map.serialize_entry(CLIENT_INFO_KEY, info)?;
        }
        if is_free(CLIENT_CAPABILITIES_KEY) {
            map.serialize_entry(CLIENT_CAPABILITIES_KEY, capabilities)?;
        }
        if let Some(level) = log_level.filter(|_| is_free(LOG_LEVEL_KEY)) {
            map.serialize_entry(LOG_LEVEL_KEY, &level)?;
        }
        map.end()
    }
}

/// Reads a result, if it is complete.
pub(super) fn decode<R: DeserializeOwned>(method: Method, result: &[u8]) -> Result<R, Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Outline {
        result_type: Option<ResultType>,
    }
    let invalid = |error: serde_json::Error| Error::invalid(method, shortened(&error.to_string()));
    let Outline { result_type } = serde_json::from_slice(result).map_err(invalid)?;
    match result_type {
        None | Some(ResultType::Complete) => serde_json::from_slice(result).map_err(invalid),
        Some(result_type) => Err(Error::Incomplete { method, result_type }),
    }
}
