//! One verb, two wires: a function asks the client's user, its model or for its roots and awaits the answer. Up to
//! 2025-11-25 that is a request to the client; in 2026-07-28 the call ends, and begins again with the answer (`replay`).
//! What may be asked is decided here, by what the client declared. Floor 3.

mod answer;

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::{RawValue, to_raw_value};

use self::answer::Answer;
use crate::capability::Capability;
use crate::context::{Asking, Context};
use crate::error::{ProtocolError, quoted, reason};
use crate::form::form_of;
use crate::message::{Outcome, encode_call};
use crate::method::Method;
use crate::model::lower::Lower;
use crate::model::{
    CancelledNotificationParams, CreateMessageRequestParams, CreateMessageResult, ElicitRequestFormParams,
    ElicitRequestParams, ElicitRequestURLParams, ElicitationCapability, FormMode, InputRequest, RequestId, Root,
    SamplingMessage, SamplingMessageContentBlock,
};
use crate::pending::{Closed, Pending};
use crate::replay::{Question, Replay};
use crate::revision::Revision;

/// How many tokens a model may use for an answer when nobody says it.
const MAX_TOKENS: u64 = 1024;

/// Why an ask has no answer.
///
/// Hand it on with `?`: the client then learns what it lacks, or the model what went wrong.
#[derive(Debug)]
#[non_exhaustive]
pub enum AskError {
    /// The client did not declare that it can do this. In 2026-07-28 a call that fails after this is answered with
    /// the error that names the capability (-32021).
    Unsupported(Capability),
    /// The answer is not what was asked for; the text says where.
    Invalid(String),
    /// The client refused, with this error.
    Refused(ProtocolError),
    /// No answer came in time, see [`Limits::answer`](crate::Limits::answer).
    TimedOut,
    /// The client is gone, or the call is over.
    Gone,
    /// A mistake of the server's author: the type is no form, or the function cannot ask.
    Unaskable(String),
}

impl fmt::Display for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsupported(capability) => {
                write!(f, "the client does not declare that it can {}", capability.means())
            }
            Self::Refused(error) => write!(f, "the client refused: {error}"),
            Self::TimedOut => f.write_str("the client did not answer in time"),
            Self::Gone => f.write_str("the client is no longer there"),
            Self::Invalid(problem) | Self::Unaskable(problem) => f.write_str(problem),
        }
    }
}

impl std::error::Error for AskError {}

/// What a user did when asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Elicited<T> {
    /// Filled in the form, or agreed to open the page.
    Accepted(T),
    /// Said no.
    Declined,
    /// Turned away without an answer.
    Cancelled,
}

impl<T> Elicited<T> {
    /// Whether the user filled in the form, or agreed to open the page.
    pub fn is_accepted(&self) -> bool {
        matches!(self, Self::Accepted(_))
    }

    /// What was filled in, if anything was.
    pub fn accepted(self) -> Option<T> {
        match self {
            Self::Accepted(value) => Some(value),
            Self::Declined | Self::Cancelled => None,
        }
    }
}

/// An ask in the making: `.await` makes it. Several that are polled together (`tokio::join!`) go out together.
///
/// Dropping it takes the question back.
#[must_use = "nothing is asked before `.await`"]
pub struct Ask<'a, T> {
    context: &'a Context,
    key: Option<String>,
    question: Result<(Capability, InputRequest), AskError>,
    /// How much the client had refused when the function decided to ask this: another way than that, if it is one.
    refused: usize,
    answering: Option<Answering<'a, T>>,
    read: PhantomData<fn() -> T>,
}

type Answering<'a, T> = Pin<Box<dyn Future<Output = Result<T, AskError>> + Send + 'a>>;

impl<'a, T> Ask<'a, T> {
    fn new(context: &'a Context, question: Result<(Capability, InputRequest), AskError>) -> Self {
        let refused = context.replay().map_or(0, Replay::refused);
        Self { context, key: None, question, refused, answering: None, read: PhantomData }
    }

    /// Names the question for clients of 2026-07-28. Unless named, questions are told apart by their order, so a
    /// function that asks in an order of its own each time has to name them.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }
}

impl<T> Unpin for Ask<'_, T> {}

impl<'a, T: Answer + 'a> Future for Ask<'a, T> {
    type Output = Result<T, AskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if this.answering.is_none() {
            let question = std::mem::replace(&mut this.question, Err(AskError::Gone));
            this.answering = Some(Box::pin(answer(this.context, this.key.take(), question, this.refused)));
        }
        match &mut this.answering {
            Some(answering) => answering.as_mut().poll(cx),
            None => Poll::Pending,
        }
    }
}

impl<T> fmt::Debug for Ask<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ask").field("key", &self.key).finish_non_exhaustive()
    }
}

impl Context {
    /// Asks the user, by a form that the client makes of `T`'s fields (since 2025-06-18).
    ///
    /// `T` is a flat struct of texts, numbers, booleans, enums and lists of enums. Its doc comments describe the fields,
    /// `#[serde(default)]` and `#[schemars(default = …)]` fill them in, an `Option` may be left out. Never ask for secrets
    /// this way: use [`Self::elicit_url`].
    ///
    /// In 2026-07-28 the function begins again for each answer, with the earlier ones at hand: what happens before an ask
    /// happens again, unless it is in [`Self::once`]. Answers find their questions by order, or by [`Ask::key`] where a
    /// function does not ask the same questions in the same order each time.
    ///
    /// ```
    /// use mcp_runtime::{tool, AskError, Context, Elicited};
    /// use schemars::JsonSchema;
    /// use serde::Deserialize;
    ///
    /// #[derive(Deserialize, JsonSchema)]
    /// struct Confirmation {
    ///     /// Delete it for good?
    ///     confirm: bool,
    /// }
    ///
    /// /// Deletes a file.
    /// #[tool(destructive)]
    /// async fn delete(cx: &Context, path: &str) -> Result<&'static str, AskError> {
    ///     match cx.elicit::<Confirmation>(format!("Delete {path}?")).await? {
    ///         Elicited::Accepted(Confirmation { confirm: true }) => Ok("deleted"),
    ///         _ => Ok("left alone"),
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    /// The [`AskError`]s; the client that cannot ask its user is [`AskError::Unsupported`].
    pub fn elicit<T: DeserializeOwned + JsonSchema + Send + 'static>(
        &self,
        message: impl Into<String>,
    ) -> Ask<'_, Elicited<T>> {
        let question = form_of::<T>()
            .map(|requested_schema| {
                let params = ElicitRequestFormParams {
                    mode: Some(FormMode::Form),
                    message: message.into(),
                    requested_schema,
                    meta: None,
                };
                (Capability::Form, InputRequest::Elicit(ElicitRequestParams::Form(params)))
            })
            .map_err(AskError::Unaskable);
        Ask::new(self, question)
    }

    /// Sends the user to a page, for what must not pass through the client: signing in, paying (since 2025-11-25).
    ///
    /// The answer says whether the user agreed to open it, not what happened there.
    ///
    /// # Errors
    /// The [`AskError`]s; the client that cannot open pages is [`AskError::Unsupported`].
    pub fn elicit_url(&self, message: impl Into<String>, url: impl Into<String>) -> Ask<'_, Elicited<()>> {
        let params = ElicitRequestURLParams { message: message.into(), url: url.into(), ..Default::default() };
        Ask::new(self, Ok((Capability::Url, InputRequest::Elicit(ElicitRequestParams::Url(params)))))
    }

    /// Asks the client's model. A text is one message of the user's, answered with at most 1,024 tokens;
    /// [`CreateMessageRequestParams`] says everything else.
    ///
    /// ```
    /// use mcp_runtime::{tool, AskError, Context};
    ///
    /// /// Sums a text up.
    /// #[tool(read_only)]
    /// async fn sum_up(cx: &Context, text: &str) -> Result<String, AskError> {
    ///     let answer = cx.sample(format!("Sum this up in one sentence:\n{text}")).await?;
    ///     Ok(answer.text())
    /// }
    /// ```
    ///
    /// # Errors
    /// The [`AskError`]s; the client that lets nobody use its model is [`AskError::Unsupported`].
    pub fn sample(&self, request: impl Into<CreateMessageRequestParams>) -> Ask<'_, CreateMessageResult> {
        let params = request.into();
        let capability = if params.tools.is_some() { Capability::SamplingTools } else { Capability::Sampling };
        Ask::new(self, Ok((capability, InputRequest::CreateMessage(params))))
    }

    /// Asks for the directories and files that the client wants the server to work in.
    ///
    /// # Errors
    /// The [`AskError`]s; the client without roots is [`AskError::Unsupported`].
    pub fn roots(&self) -> Ask<'_, Vec<Root>> {
        Ask::new(self, Ok((Capability::Roots, InputRequest::ListRoots(None))))
    }

    /// Does something once, however often the function begins again for the answers to what it asks.
    ///
    /// What it comes to is kept in the state that the client of 2026-07-28 holds under seal; in older revisions a function
    /// runs only once anyway. `key` tells several steps of one function apart.
    ///
    /// ```
    /// use mcp_runtime::{tool, AskError, Context};
    ///
    /// /// Orders something.
    /// #[tool]
    /// async fn order(cx: &Context, item: &str) -> Result<String, AskError> {
    ///     let number: u64 = cx.once("reserve", async { 42 /* reserve it */ }).await?;
    ///     let paid = cx.elicit_url("Please pay.", format!("https://example.com/pay/{number}")).await?;
    ///     Ok(format!("order {number} of {item}: {paid:?}"))
    /// }
    /// ```
    ///
    /// # Errors
    /// [`AskError::Unaskable`] when the value does not survive JSON.
    pub async fn once<T: Serialize + DeserializeOwned>(
        &self,
        key: &str,
        step: impl Future<Output = T>,
    ) -> Result<T, AskError> {
        let Asking::Replay(recall) = self.asking() else { return Ok(step.await) };
        let unfit = |error: serde_json::Error| {
            AskError::Unaskable(format!("the step {} cannot be kept: {}", quoted(key), reason(&error)))
        };
        if let Some(kept) = recall.known().and_then(|replay| replay.kept(key)) {
            return serde_json::from_value(kept).map_err(unfit);
        }
        let value = step.await;
        let kept = serde_json::to_value(&value).map_err(unfit)?;
        // Without one, the call has ended, and does not begin again.
        if let Some(replay) = recall.wanted() {
            replay.keep(key, kept);
        }
        Ok(value)
    }

    /// Whether the client declares that it can do this, for a function that has another way if not.
    pub fn can_ask(&self, capability: Capability) -> bool {
        let client = self.client_capabilities();
        let elicitation = client.elicitation.as_ref();
        match capability {
            Capability::Form => {
                self.revision() >= Revision::V2025_06_18 && elicitation.is_some_and(ElicitationCapability::allows_form)
            }
            Capability::Url => {
                self.revision() >= Revision::V2025_11_25 && elicitation.is_some_and(ElicitationCapability::allows_url)
            }
            Capability::Sampling => client.sampling.is_some(),
            Capability::SamplingTools => {
                self.revision() >= Revision::V2025_11_25
                    && client.sampling.as_ref().is_some_and(|it| it.tools.is_some())
            }
            Capability::Roots => client.roots.is_some(),
        }
    }
}

async fn answer<T: Answer>(
    context: &Context,
    key: Option<String>,
    question: Result<(Capability, InputRequest), AskError>,
    refused: usize,
) -> Result<T, AskError> {
    let (capability, question) = question?;
    if context.has_ended() && !context.is_task() {
        return Err(AskError::Gone);
    }
    let is_able = context.can_ask(capability);
    // An older revision may not show everything that the answer is read by, such as the default of a field.
    let mut asked = question.clone();
    asked.lower(context.revision());
    let replay = match context.asking() {
        Asking::Never => {
            return Err(AskError::Unaskable("this kind of call cannot ask the client anything".to_owned()));
        }
        Asking::Requests => None,
        Asking::Replay(recall) => Some(recall.wanted().ok_or(AskError::Gone)?),
    };
    if !is_able {
        if let Some(replay) = replay {
            replay.refuse(capability);
        }
        return Err(AskError::Unsupported(capability));
    }
    match replay {
        None => {
            let session = context.session().ok_or(AskError::Gone)?;
            let wire = request(context, &session.pending, &asked).await?;
            T::read(wire, &question)
        }
        Some(replay) if let Some(task) = replay.task() => {
            replay.forgive(refused);
            let task = task.upgrade().ok_or(AskError::Gone)?;
            let check = |answer: &RawValue| serde_json::from_str::<T::Wire>(answer.get()).map(drop);
            let answer = task.ask(key, Question { text: text_of(&asked)?, check }).await.ok_or(AskError::Gone)?;
            let wire = serde_json::from_str(answer.get()).map_err(|error| {
                AskError::Invalid(format!("the client's answer cannot be read: {}", reason(&error)))
            })?;
            T::read(wire, &question)
        }
        Some(replay) => {
            replay.forgive(refused);
            let key = replay.key(key).map_err(|key| {
                AskError::Unaskable(format!("two questions of one call have the key {}", quoted(&key)))
            })?;
            let Some(answer) = replay.answer(&key) else {
                replay.ask(key, text_of(&asked)?);
                // The call ends here. What comes after this line runs when it begins again; only a task of its own is
                // still there to hear that nobody answers it.
                replay.over(context).await;
                return Err(AskError::Gone);
            };
            match serde_json::from_str(answer.get()) {
                Ok(wire) => T::read(wire, &question),
                Err(error) => {
                    let what =
                        format!("the answer {} in `inputResponses` is no answer: {}", quoted(&key), reason(&error));
                    replay.end(ProtocolError::invalid_params(what));
                    replay.over(context).await;
                    Err(AskError::Gone)
                }
            }
        }
    }
}

fn text_of(question: &InputRequest) -> Result<Box<RawValue>, AskError> {
    to_raw_value(question).map_err(|error| AskError::Unaskable(reason(&error)))
}

/// Asks by a request of its own (up to 2025-11-25) and awaits the response.
async fn request<R: DeserializeOwned>(
    context: &Context,
    pending: &Pending,
    question: &InputRequest,
) -> Result<R, AskError> {
    let peer = context.peer();
    peer.room().await;
    let (id, answer) = match pending.enter() {
        Ok(entered) => entered,
        Err(Closed::Over) => return Err(AskError::Gone),
        Err(Closed::Full(most)) => {
            return Err(AskError::Unaskable(format!("the client owes answers to {most} questions already")));
        }
    };
    let _open = Open { context, pending, id };
    let method = question.method();
    peer.send(|out| {
        let id = RequestId::Number(id);
        match question {
            InputRequest::CreateMessage(params) => encode_call(out, Some(&id), method, Some(params)),
            InputRequest::ListRoots(params) => encode_call(out, Some(&id), method, params.as_ref()),
            InputRequest::Elicit(params) => encode_call(out, Some(&id), method, Some(params)),
        }
    });
    let (outcome, _held) = tokio::time::timeout(context.patience(), answer)
        .await
        .map_err(|_| AskError::TimedOut)?
        .map_err(|_| AskError::Gone)?;
    match outcome {
        Outcome::Result(json) => serde_json::from_str(&json)
            .map_err(|error| AskError::Invalid(format!("the client's answer cannot be read: {}", reason(&error)))),
        Outcome::Error(json) => Err(AskError::Refused(ProtocolError::read(&json))),
    }
}

/// A question that was not answered yet; dropped, it is taken back.
struct Open<'a> {
    context: &'a Context,
    pending: &'a Pending,
    id: i64,
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if self.pending.withdraw(self.id) {
            let params = CancelledNotificationParams {
                request_id: RequestId::Number(self.id),
                reason: Some("the server no longer waits for the answer".to_owned()),
                meta: None,
            };
            self.context.peer().notify(Method::Cancelled.as_str(), &params);
        }
    }
}

impl From<&str> for CreateMessageRequestParams {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<String> for CreateMessageRequestParams {
    fn from(text: String) -> Self {
        Self { messages: vec![SamplingMessage::user(text)], max_tokens: MAX_TOKENS, ..Self::default() }
    }
}

impl CreateMessageResult {
    /// The texts of the answer, one after the other; empty if it is something else than text.
    pub fn text(&self) -> String {
        let texts = self.content.blocks().iter().filter_map(|block| match block {
            SamplingMessageContentBlock::Text(text) => Some(text.text.as_str()),
            _ => None,
        });
        texts.collect::<Vec<_>>().join("\n")
    }
}
