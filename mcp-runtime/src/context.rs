//! What a function may know of the call it serves, and what it may tell the client meanwhile. The same in every revision:
//! a handler cannot tell where the facts came from. Floor 2.

mod progress;

use std::any::Any;
use std::fmt;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::Notify;

pub use self::progress::{Amount, Progress};
use crate::error::ProtocolError;
use crate::message::Text;
use crate::method::Method;
use crate::model::{
    ClientCapabilities, Implementation, LoggingLevel, LoggingMessageNotificationParams, ProgressToken, RequestId,
};
use crate::party::{Common, Party};
use crate::peer::Peer;
use crate::piece::{Piece, Span};
use crate::replay::{Recall, Replay, Subject};
use crate::revision::Revision;
use crate::session::{Client, Session};
use crate::state::{Needs, State};

/// The call that a function serves.
///
/// Take it as `cx: &Context`. It is cheap to clone, and a clone may outlive the call: what it sends after the call was
/// answered or cancelled is dropped.
///
/// ```
/// use mcp_runtime::{tool, Context};
///
/// /// Copies files.
/// #[tool]
/// async fn copy(cx: &Context, files: Vec<String>) -> usize {
///     for (done, file) in files.iter().enumerate() {
///         cx.progress(done).of(files.len()).message(file).send();
///         // …
///     }
///     cx.info("all copied");
///     files.len()
/// }
/// ```
#[derive(Clone)]
pub struct Context(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) id: RequestId,
    pub(crate) revision: Revision,
    pub(crate) common: Common,
    /// The lowest level to log, if a request that names its client wants to hear anything (2026-07-28).
    pub(crate) log_level: Option<LoggingLevel>,
    pub(crate) progress_token: Option<ProgressToken>,
    /// Bits of the last progress value, as `f64`; progress must grow.
    pub(crate) progress: AtomicU64,
    pub(crate) meta: Option<Piece>,
    /// Where the arguments stand in the frame that `meta` is a piece of, for a call that asks by ending.
    pub(crate) arguments: Option<Span>,
    pub(crate) asking: Asking,
    /// How long an answer of the client may take.
    pub(crate) patience: Duration,
    pub(crate) principal: Option<Arc<str>>,
    /// What the transport knows of the request; its own business.
    pub(crate) carrier: Option<Arc<dyn Any + Send + Sync>>,
    pub(crate) ended: AtomicBool,
    pub(crate) cancelled: AtomicBool,
    pub(crate) wake: Mutex<Option<Arc<Notify>>>,
}

/// Looks for the member of this name; the last one, if there are several.
struct Member<'k>(&'k str);

impl<'de> Visitor<'de> for Member<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(Text(name)) = map.next_key()? {
            if name == self.0 { found = Some(map.next_value()?) } else { map.next_value::<IgnoredAny>().map(drop)? }
        }
        Ok(found)
    }
}

/// How a call asks its client something.
pub(crate) enum Asking {
    /// It cannot.
    Never,
    /// By a request of its own, within the session (up to 2025-11-25).
    Requests,
    /// By ending, and beginning again (2026-07-28).
    Replay(Recall),
}

impl Context {
    pub(crate) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// The revision of the protocol that this call is made in.
    pub fn revision(&self) -> Revision {
        self.0.revision
    }

    /// The client's name and version as it states them, unverified; for display, never for decisions.
    pub fn client(&self) -> Option<&Implementation> {
        self.stated().info.as_ref()
    }

    /// What the client declares that it can do.
    pub fn client_capabilities(&self) -> &ClientCapabilities {
        &self.stated().capabilities
    }

    fn stated(&self) -> &Client {
        match &self.0.common.party {
            Party::Session(session) => &session.client,
            Party::Request(client) => client,
        }
    }

    /// Who makes the call, where the transport's authentication has established it; unlike [`Self::client`], to be relied on.
    pub fn principal(&self) -> Option<&str> {
        self.0.principal.as_deref()
    }

    /// The state of this type, if the server was given one.
    ///
    /// A parameter `State<T>` is the better way: its lack is found before the server starts.
    pub fn state<T: Send + Sync + 'static>(&self) -> Option<State<T>> {
        self.0.common.states.get()
    }

    /// A value of the request's `_meta`, by its key; `None` if it is absent.
    pub fn meta(&self, key: &str) -> Option<Value> {
        // Nothing is made of what nobody asked for, however much a client says.
        let mut members = serde_json::Deserializer::from_str(self.0.meta.as_deref()?);
        let member = members.deserialize_map(Member(key)).ok()??;
        serde_json::from_str(member.get()).ok()
    }

    /// The trace that the client's request belongs to, as W3C Trace Context writes it; `None` if the request names none or
    /// not in that form (2026-07-28, "Overview", "`_meta`"; older clients may send it too).
    ///
    /// With the feature `tracing`, every call runs in a span `mcp.call` that has it as a field.
    pub fn traceparent(&self) -> Option<String> {
        let Some(Value::String(text)) = self.meta("traceparent") else { return None };
        let parts: Vec<_> = text.split('-').collect();
        let is_hex = |part: &str, length| {
            part.len() == length && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        let is_id = |part: &str, length| is_hex(part, length) && part.bytes().any(|byte| byte != b'0');
        let is_sound = matches!(parts.as_slice(), [version, trace, parent, flags]
            if is_hex(version, 2) && *version != "ff" && is_id(trace, 32) && is_id(parent, 16) && is_hex(flags, 2));
        is_sound.then_some(text)
    }

    /// Tells the client how far the call has come. Nothing is sent before [`Progress::send`].
    pub fn progress(&self, done: impl Amount) -> Progress<'_> {
        Progress::new(self, done.number())
    }

    /// Sends a log message if the client wants messages of this level.
    ///
    /// Up to 2025-11-25 a client sets the level for its session (`info` until it does); in 2026-07-28 each request
    /// says it, and a request that does not gets none. Messages are dropped while the client does not read.
    pub fn log(&self, level: LoggingLevel, data: impl Serialize) {
        self.log_erased(level, &data);
    }

    /// Sends a log message of level `debug`, see [`Self::log`].
    pub fn debug(&self, data: impl Serialize) {
        self.log(LoggingLevel::Debug, data);
    }

    /// Sends a log message of level `info`, see [`Self::log`].
    pub fn info(&self, data: impl Serialize) {
        self.log(LoggingLevel::Info, data);
    }

    /// Sends a log message of level `warning`, see [`Self::log`].
    pub fn warning(&self, data: impl Serialize) {
        self.log(LoggingLevel::Warning, data);
    }

    /// Sends a log message of level `error`, see [`Self::log`].
    pub fn error(&self, data: impl Serialize) {
        self.log(LoggingLevel::Error, data);
    }

    fn log_erased(&self, level: LoggingLevel, data: &dyn erased::Data) {
        let lowest = match (&self.0.common.party, self.0.log_level) {
            (Party::Session(session), _) => session.log_level.load(Ordering::Relaxed),
            (Party::Request(_), Some(lowest)) => lowest as u8,
            (Party::Request(_), None) => return,
        };
        if (level as u8) < lowest || self.has_ended() {
            return;
        }
        let Some(data) = data.to_value() else { return };
        let params = LoggingMessageNotificationParams { level, logger: None, data, meta: None };
        self.0.common.peer.notify(Method::LogMessage.as_str(), &params);
    }

    /// Whether the client gave the call up. An `async` function is dropped at its next `.await` anyway; ask this in code
    /// that computes for long or in a thread of its own.
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::Acquire)
    }

    /// Waits until the client gives the call up. Dropping the future is harmless.
    pub async fn cancelled(&self) {
        let notify =
            Arc::clone(self.0.wake.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(Arc::default));
        let mut woken = pin!(notify.notified());
        woken.as_mut().enable();
        if !self.is_cancelled() {
            woken.await;
        }
    }

    pub(crate) fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::Release);
        self.end();
        let waiting = self.0.wake.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(notify) = waiting {
            notify.notify_waiters();
        }
    }

    /// Nothing may be sent for this call any more.
    pub(crate) fn end(&self) {
        self.0.ended.store(true, Ordering::Release);
        if let Asking::Replay(recall) = &self.0.asking {
            recall.close();
        }
    }

    /// A call that became a task says nothing either: whoever asks about the task hears of it.
    pub(crate) fn has_ended(&self) -> bool {
        self.0.ended.load(Ordering::Acquire) || self.is_task()
    }

    /// Whether the call has become a task.
    pub(crate) fn is_task(&self) -> bool {
        self.replay().is_some_and(|replay| replay.task().is_some())
    }

    /// Goes on as a task if the client knows tasks: it gets a handle now, and asks for the result later. What was asked
    /// before was asked in the call. For a tool with `task = "later"`; does nothing anywhere else, nor for a client that does
    /// not know tasks (extension `io.modelcontextprotocol/tasks`, 2026-07-28).
    pub async fn begin_task(&self) {
        if let Some(replay) = self.replay() {
            replay.become_task().await;
        }
    }

    pub(crate) fn asking(&self) -> &Asking {
        &self.0.asking
    }

    /// Whether it asks by ending.
    pub(crate) fn asks_by_ending(&self) -> bool {
        matches!(self.0.asking, Asking::Replay(_))
    }

    /// What was asked and answered, in a call that asks by ending; `None` as long as there is no such thing.
    pub(crate) fn replay(&self) -> Option<&Replay> {
        match &self.0.asking {
            Asking::Replay(recall) => recall.known(),
            Asking::Never | Asking::Requests => None,
        }
    }

    /// The same, made if need be.
    pub(crate) fn wanted_replay(&self) -> Option<&Replay> {
        match &self.0.asking {
            Asking::Replay(recall) => recall.wanted(),
            Asking::Never | Asking::Requests => None,
        }
    }

    /// What the memory of the call is tied to.
    pub(crate) fn subject<'a>(&'a self, method: Method, name: &'a str) -> Subject<'a> {
        let arguments = self.0.meta.as_ref().zip(self.0.arguments).map(|(meta, arguments)| meta.at(arguments));
        Subject { method, name, arguments, principal: self.principal() }
    }

    pub(crate) fn patience(&self) -> Duration {
        self.0.patience
    }

    /// The session that the call belongs to (up to 2025-11-25).
    pub(crate) fn session(&self) -> Option<&Session> {
        match &self.0.common.party {
            Party::Session(session) => Some(session),
            Party::Request(..) => None,
        }
    }

    pub(crate) fn peer(&self) -> &Arc<Peer> {
        &self.0.common.peer
    }

    #[cfg_attr(not(feature = "http"), expect(dead_code, reason = "only requests over HTTP carry anything"))]
    pub(crate) fn carrier(&self) -> Option<&Arc<dyn Any + Send + Sync>> {
        self.0.carrier.as_ref()
    }

    pub(crate) fn id(&self) -> &RequestId {
        &self.0.id
    }
}

#[cfg(test)]
impl Context {
    /// The context of a call that nobody made.
    pub(crate) fn of_call(id: i64) -> Self {
        Self::new(Inner {
            id: RequestId::Number(id),
            revision: Revision::LATEST,
            common: Common::Own(crate::party::Surroundings {
                party: Party::Request(Arc::default()),
                peer: Arc::new(Peer::new(1024)),
                states: Arc::default(),
            }),
            log_level: None,
            progress_token: None,
            progress: AtomicU64::new(0),
            meta: None,
            arguments: None,
            asking: Asking::Never,
            patience: Duration::ZERO,
            principal: None,
            carrier: None,
            ended: AtomicBool::new(false),
            cancelled: AtomicBool::new(false),
            wake: Mutex::default(),
        })
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("id", &self.0.id).field("revision", &self.0.revision).finish_non_exhaustive()
    }
}

mod erased {
    use serde::Serialize;
    use serde_json::Value;

    /// Lets the body of `log` be compiled once instead of once per type.
    pub(super) trait Data {
        fn to_value(&self) -> Option<Value>;
    }

    impl<T: Serialize> Data for T {
        fn to_value(&self) -> Option<Value> {
            serde_json::to_value(self).ok()
        }
    }
}

/// A value that a function takes from its call instead of from its arguments.
///
/// Implement it for a type of your own and mark the parameter with `#[inject]`:
///
/// ```
/// use mcp_runtime::{tool, Context, FromContext, ProtocolError};
///
/// struct Caller(String);
///
/// impl FromContext for Caller {
///     fn from_context(cx: &Context) -> Result<Self, ProtocolError> {
///         Ok(Self(cx.client().map_or_else(|| "somebody".to_owned(), |client| client.name.clone())))
///     }
/// }
///
/// /// Says who is calling.
/// #[tool(read_only)]
/// fn whoami(#[inject] caller: Caller) -> String {
///     caller.0
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be taken from a call",
    label = "needs `FromContext`",
    note = "a parameter of a type named `Context` or `State`, or with `#[inject]`, is filled in by the server: implement \
            `mcp_runtime::FromContext` for the type, or rename it if a client is to send it"
)]
pub trait FromContext: Sized {
    /// Takes the value from the call.
    ///
    /// # Errors
    /// Whatever the type decides; the call is answered with it and the function does not run.
    fn from_context(cx: &Context) -> Result<Self, ProtocolError>;

    /// Says what the value needs of the server, so that a lack is found before the server starts.
    fn needs(needs: &mut Needs) {
        needs.context();
    }
}

#[diagnostic::do_not_recommend]
impl<T: Send + Sync + 'static> FromContext for State<T> {
    fn from_context(cx: &Context) -> Result<Self, ProtocolError> {
        cx.state().ok_or_else(|| ProtocolError::internal("a state that this call needs was not given to the server"))
    }

    fn needs(needs: &mut Needs) {
        needs.state::<T>();
    }
}

#[diagnostic::do_not_recommend]
impl FromContext for Context {
    fn from_context(cx: &Context) -> Result<Self, ProtocolError> {
        Ok(cx.clone())
    }
}
