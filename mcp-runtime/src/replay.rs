//! What a call of 2026-07-28 asked and was answered: such a call ends when it asks, and begins again with the answers. This
//! is the memory between its rounds, which the client keeps for us under seal. The verbs are `ask`. Floor 2.

use std::collections::{BTreeMap, BTreeSet};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::task::{Poll, Waker};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use tokio::sync::Notify;

use crate::capability::Capability;
use crate::context::Context;
use crate::error::{ProtocolError, reason};
use crate::method::Method;
use crate::model::{Asked, Questions};
use crate::params::Params;
use crate::seal::Seal;

/// What the server seals with, and within which bounds.
#[derive(Debug)]
pub(crate) struct Keeping {
    pub(crate) seal: Seal,
    /// For how long a client may take to answer.
    pub(crate) ttl: Duration,
    /// The most bytes that are kept for one call.
    pub(crate) most: usize,
}

/// The memory of a call, which most calls never need: made when it is first wanted, and not after the call has ended.
pub(crate) struct Recall(OnceLock<Option<Box<Replay>>>);

impl Recall {
    /// What was brought along, or nothing yet.
    pub(crate) fn of(replay: Option<Replay>) -> Self {
        Self(replay.map_or_else(OnceLock::new, |replay| OnceLock::from(Some(Box::new(replay)))))
    }

    /// The memory, if there is any already.
    pub(crate) fn known(&self) -> Option<&Replay> {
        self.0.get()?.as_deref()
    }

    /// The memory; none if the call ended without.
    pub(crate) fn wanted(&self) -> Option<&Replay> {
        self.0.get_or_init(|| Some(Box::default())).as_deref()
    }

    /// The call has ended: nobody answers what is still asked.
    pub(crate) fn close(&self) {
        if let Some(replay) = self.0.get_or_init(|| None) {
            replay.close();
        }
    }
}

/// The memory of one call.
#[derive(Default)]
pub(crate) struct Replay {
    answers: BTreeMap<String, Box<RawValue>>,
    round: Mutex<Round>,
    /// The task that the call has become. It holds the call's context, which holds this.
    task: OnceLock<Weak<dyn TaskAsk>>,
    /// Wakes asks that outlive their call.
    over: Notify,
}

/// What a memory is tied to: it is of use for the same request alone.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) method: Method,
    /// What is called, and with which arguments.
    pub(crate) name: &'a str,
    pub(crate) arguments: Option<&'a str>,
    pub(crate) principal: Option<&'a str>,
}

impl Subject<'_> {
    /// The same bytes for the same arguments, whatever their order.
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let arguments = self.arguments.and_then(|json| serde_json::from_str(json).ok());
        let mut arguments = arguments.unwrap_or(Value::Null);
        if arguments.as_object().is_some_and(Map::is_empty) {
            arguments = Value::Null;
        }
        arguments.sort_all_objects();
        let parts = [
            Value::from(self.method.as_str()),
            self.principal.map_or(Value::Null, Value::from),
            Value::from(self.name),
            arguments,
        ];
        Value::from(parts.to_vec()).to_string().into_bytes()
    }
}

/// How a call that became a task asks: it goes on, and its client answers the task.
pub(crate) trait TaskAsk: Send + Sync {
    /// Asks and waits; `None` when nobody will answer.
    fn ask(self: Arc<Self>, key: Option<String>, question: Question) -> Answering;
}

/// What a task asks.
pub(crate) struct Question {
    /// A request without an id, as the client sees it.
    pub(crate) text: Box<RawValue>,
    /// Whether something can be an answer to it.
    pub(crate) check: fn(&RawValue) -> serde_json::Result<()>,
}

/// The future of an answer to a task.
pub(crate) type Answering = Pin<Box<dyn Future<Output = Option<Box<RawValue>>> + Send>>;

/// How a call that has to wait ends.
pub(crate) enum Ending {
    /// It asks its client, or was asked something that makes no sense.
    Asked(Result<Asked, ProtocolError>),
    /// It goes on as a task.
    Task,
}

#[derive(Default)]
struct Round {
    /// How many asks without a name of their own there were.
    unnamed: usize,
    /// The keys of this round's asks.
    keys: BTreeSet<String>,
    /// Which answers this round has used.
    used: BTreeSet<String>,
    kept: Map<String, Value>,
    questions: Questions,
    /// What the client cannot do that it was asked: the reason for the call's failure, if it fails.
    refusals: Vec<(usize, Capability)>,
    /// How many there have been, forgiven ones too.
    refused: usize,
    /// What the call is answered with at once: an answer makes no sense.
    end: Option<ProtocolError>,
    /// Whether the call may become a task, and whether it wants to now.
    may_task: bool,
    wants_task: bool,
    waker: Option<Waker>,
}

/// What the client keeps, before it is sealed.
#[derive(Serialize, Deserialize)]
struct Memory {
    /// When it expires, in seconds since 1970.
    until: u64,
    answers: BTreeMap<String, Box<RawValue>>,
    kept: Map<String, Value>,
}

impl Replay {
    /// The memory that a request brings along. One without `inputResponses` and `requestState` brings none.
    ///
    /// # Errors
    /// A state that this server did not give for this request, or too long ago; answers that are no object.
    pub(crate) fn of(
        keeping: &Keeping,
        method: Method,
        params: &Params,
        principal: Option<&str>,
    ) -> Result<Option<Self>, ProtocolError> {
        if !params.carries() {
            return Ok(None);
        }
        let subject = Subject { method, name: &params.name, arguments: params.arguments.as_deref(), principal };
        let mut replay = Self::default();
        replay.remember(keeping, subject, params)?;
        Ok(Some(replay))
    }

    fn remember(&mut self, keeping: &Keeping, subject: Subject<'_>, params: &Params) -> Result<(), ProtocolError> {
        let wrong = |error: serde_json::Error| {
            ProtocolError::invalid_params(format!("wrong `inputResponses` or `requestState`: {}", reason(&error)))
        };
        let responses = params.input_responses.as_deref().unwrap_or("{}");
        let responses: BTreeMap<String, &RawValue> = serde_json::from_str(responses).map_err(wrong)?;
        for (key, answer) in responses {
            // An answer that is `null` is none: what is still needed is asked again.
            if answer.get() != "null" {
                self.answers.insert(key, answer.to_owned());
            }
        }
        let Some(sealed) = &params.request_state else { return Ok(()) };
        let sealed: String = serde_json::from_str(sealed).map_err(wrong)?;
        let text = keeping.seal.open(&sealed, &subject.to_bytes()).ok_or_else(|| {
            ProtocolError::invalid_params(
                "`requestState` is not what this server gave for this request; begin again without it",
            )
        })?;
        let memory: Memory = crate::text::from_bytes(&text)
            .map_err(|_| ProtocolError::internal("the request's state cannot be read"))?;
        if memory.until < now() {
            return Err(ProtocolError::invalid_params("`requestState` has expired; begin again without it"));
        }
        // What was answered before stays answered.
        self.answers.extend(memory.answers);
        self.round.get_mut().unwrap_or_else(PoisonError::into_inner).kept = memory.kept;
        Ok(())
    }

    /// The key of the next ask: its own, or one by its place in the order. The key comes back if another ask has it.
    pub(crate) fn key(&self, own: Option<String>) -> Result<String, String> {
        let mut round = self.lock();
        let key = own.unwrap_or_else(|| {
            round.unnamed += 1;
            format!("ask-{}", round.unnamed)
        });
        if round.keys.insert(key.clone()) { Ok(key) } else { Err(key) }
    }

    /// What the client answered under this key.
    pub(crate) fn answer(&self, key: &str) -> Option<&RawValue> {
        let answer = self.answers.get(key)?;
        self.lock().used.insert(key.to_owned());
        Some(answer)
    }

    /// Asks: the call ends with it when its function has to wait next.
    pub(crate) fn ask(&self, key: String, question: Box<RawValue>) {
        self.change(|round| {
            round.questions.insert(key, question);
        });
    }

    /// The client cannot do what it was asked: if the call fails now, this is why.
    pub(crate) fn refuse(&self, capability: Capability) {
        let mut round = self.lock();
        let number = round.refused;
        round.refused += 1;
        round.refusals.push((number, capability));
    }

    /// How many times the client could not do what it was asked.
    pub(crate) fn refused(&self) -> usize {
        self.lock().refused
    }

    /// The function found another way than the first so many: if the call fails later, that is why no longer.
    pub(crate) fn forgive(&self, refused: usize) {
        self.lock().refusals.retain(|(number, _)| *number >= refused);
    }

    /// Ends the call with this error.
    pub(crate) fn end(&self, error: ProtocolError) {
        self.change(|round| {
            round.end.get_or_insert(error);
        });
    }

    /// Waits until the call has ended.
    pub(crate) async fn over(&self, call: &Context) {
        let mut over = pin!(self.over.notified());
        // Registered before looking, so that no wake-up between the two is lost.
        over.as_mut().enable();
        if !call.has_ended() {
            over.await;
        }
    }

    fn close(&self) {
        self.over.notify_waiters();
    }

    /// What a step came to in an earlier round.
    pub(crate) fn kept(&self, key: &str) -> Option<Value> {
        self.lock().kept.get(key).cloned()
    }

    /// Keeps what a step came to.
    pub(crate) fn keep(&self, key: &str, value: Value) {
        self.lock().kept.insert(key.to_owned(), value);
    }

    /// Why the call was refused, for a call that failed.
    pub(crate) fn refusal(&self) -> Option<ProtocolError> {
        let refusals = std::mem::take(&mut self.lock().refusals);
        let means: Vec<_> = refusals.iter().map(|(_, capability)| capability.means()).collect();
        let required = refusals.iter().fold(Value::Null, |mut all, (_, capability)| {
            merge(&mut all, capability.required());
            all
        });
        (!refusals.is_empty()).then(|| ProtocolError::missing_capability(&means.join(" and "), &required))
    }

    /// The task that the call has become; it may have ended.
    pub(crate) fn task(&self) -> Option<&Weak<dyn TaskAsk>> {
        self.task.get()
    }

    /// The call has become this task.
    pub(crate) fn set_task(&self, task: Weak<dyn TaskAsk>) {
        // A call becomes a task once.
        let _ = self.task.set(task);
    }

    /// The call may become a task when it wants to.
    pub(crate) fn let_task(&self) {
        self.lock().may_task = true;
    }

    /// Becomes a task if the call may, and waits until it is one.
    pub(crate) async fn become_task(&self) {
        if self.task().is_some() || !self.lock().may_task {
            return;
        }
        self.change(|round| round.wants_task = true);
        // Whoever runs the call polls it again when the task is there.
        poll_fn(|_| if self.task().is_some() { Poll::Ready(()) } else { Poll::Pending }).await;
    }

    /// How a call that has to wait ends because it asked; `None` if it waits for something else, and then `waker` is woken
    /// when it asks.
    pub(crate) fn ending(&self, waker: &Waker, keeping: &Keeping, subject: Subject<'_>) -> Option<Ending> {
        let (questions, used, kept) = {
            let mut round = self.lock();
            if let Some(error) = round.end.take() {
                return Some(Ending::Asked(Err(error)));
            }
            if round.questions.is_empty() {
                // Whatever is asked before is answered before (SEP-2663, "Task Creation").
                if std::mem::take(&mut round.wants_task) {
                    return Some(Ending::Task);
                }
                match &mut round.waker {
                    Some(known) => known.clone_from(waker),
                    none => *none = Some(waker.clone()),
                }
                return None;
            }
            (std::mem::take(&mut round.questions), std::mem::take(&mut round.used), std::mem::take(&mut round.kept))
        };
        Some(Ending::Asked(self.seal(keeping, subject, questions, (&used, kept))))
    }

    fn seal(
        &self,
        keeping: &Keeping,
        subject: Subject<'_>,
        questions: Questions,
        (used, kept): (&BTreeSet<String>, Map<String, Value>),
    ) -> Result<Asked, ProtocolError> {
        let answers = self.answers.iter().filter(|(key, _)| used.contains(*key));
        let memory = Memory {
            until: now().saturating_add(keeping.ttl.as_secs()),
            answers: answers.map(|(key, answer)| (key.clone(), answer.clone())).collect(),
            kept,
        };
        let text = serde_json::to_vec(&memory)
            .map_err(|_| ProtocolError::internal("what the call has to remember cannot be serialized"))?;
        let most = keeping.most;
        if text.len() > most {
            return Err(ProtocolError::internal(format!(
                "what the call has to remember is longer than {most} bytes; the server's author can raise the limit"
            )));
        }
        let state = keeping
            .seal
            .close(text, &subject.to_bytes())
            .ok_or_else(|| ProtocolError::internal("the system has no random numbers"))?;
        Ok(Asked::new(questions, state))
    }

    fn change(&self, change: impl FnOnce(&mut Round)) {
        let waker = {
            let mut round = self.lock();
            change(&mut round);
            round.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Round> {
        // Nothing that can panic runs while it is locked but an allocation.
        self.round.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Adds the members of one object to another, however deep.
fn merge(all: &mut Value, more: Value) {
    match (all, more) {
        (Value::Object(all), Value::Object(more)) => {
            for (key, value) in more {
                merge(all.entry(key).or_insert(Value::Null), value);
            }
        }
        (all, more) => *all = more,
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
