//! Calls that became tasks: each runs on by itself, what is known of it stands in the store, and its client asks about it,
//! answers it and gives it up by its id (extension `io.modelcontextprotocol/tasks`, 2026-07-28). Floor 4.

use std::collections::{BTreeMap, HashMap};
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Poll;
use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use tokio::sync::{Notify, oneshot};

use crate::call::Reply;
use crate::context::Context;
use crate::dispatch::Running;
use crate::error::{ProtocolError, reason};
use crate::exchange::result_of;
use crate::model::{
    CreateTaskResult, EmptyResult, ErrorObject, Questions, ResultType, Standing, TASKS_EXTENSION, Task, TaskRecord,
    TaskStatus,
};
use crate::piece::Piece;
use crate::replay::{Answering, Question, TaskAsk};
use crate::seal::random;
use crate::server::Core;
use crate::store::{Key, StoreError};

/// How often a client should ask, in milliseconds.
const POLL: u64 = 1000;

/// The tasks that run in this process.
#[derive(Default)]
pub(crate) struct Tasks {
    live: Mutex<HashMap<Box<str>, Arc<Run>>>,
}

/// A task that runs here.
struct Run {
    id: Box<str>,
    core: Weak<Core>,
    context: Context,
    asks: Mutex<Asks>,
    given_up: Notify,
}

#[derive(Default)]
struct Asks {
    last: u64,
    open: BTreeMap<String, (Question, oneshot::Sender<Box<RawValue>>)>,
    /// Nobody answers any more.
    are_over: bool,
}

/// The members of a request about a task.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct About<'a> {
    #[serde(borrow, default)]
    input_responses: Option<BTreeMap<String, &'a RawValue>>,
}

impl From<StoreError> for ProtocolError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full { .. } => Self::internal("there is no room for another task; try again later"),
            _ => Self::internal("tasks are not available; try again later"),
        }
    }
}

/// What a client of a task has to declare.
pub(crate) fn needs_tasks() -> ProtocolError {
    let required = json!({ "extensions": { TASKS_EXTENSION: {} } });
    ProtocolError::missing_capability("ask about tasks (the extension `io.modelcontextprotocol/tasks`)", &required)
}

/// Whether the client of this call knows tasks.
pub(crate) fn knows_tasks(context: &Context) -> bool {
    context.asks_by_ending() && context.client_capabilities().has_extension(TASKS_EXTENSION)
}

/// Where the tasks of a principal stand.
fn space(context: &Context) -> String {
    match context.principal() {
        None => "tasks".to_owned(),
        Some(principal) => format!("tasks/{principal}"),
    }
}

impl Core {
    /// Makes a task of a call, and lets it run on by itself. It can be asked about before this is answered.
    pub(crate) async fn begin_task(
        self: Arc<Self>,
        context: Context,
        running: Running,
    ) -> Result<CreateTaskResult, ProtocolError> {
        let space = space(&context);
        let most = self.limits.tasks;
        if self.store.count(&space).await? >= most {
            return Err(ProtocolError::internal(format!("{most} tasks are kept already; try again later")));
        }
        let id = random::<16>().map_err(|_| ProtocolError::internal("the system has no random numbers"))?;
        let id: Box<str> = id.iter().map(|byte| format!("{byte:02x}")).collect();
        let ttl = self.limits.task_ttl;
        let mut task = Task::new(&*id, SystemTime::now());
        task.ttl_ms = Some(u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX).max(1));
        task.poll_interval_ms = Some(POLL);
        let text = serde_json::to_vec(&TaskRecord::new(&task))
            .map_err(|_| ProtocolError::internal("the task cannot be written down"))?;
        let key = Key { space: &space, id: &id };
        self.store
            .insert(key, &text, Some(ttl))
            .await?
            .ok_or_else(|| ProtocolError::internal("the task's id is taken"))?;
        let run = Arc::new(Run {
            id: id.clone(),
            core: Arc::downgrade(&self),
            context: context.clone(),
            asks: Mutex::default(),
            given_up: Notify::new(),
        });
        self.tasks.lock().insert(id, Arc::clone(&run));
        if let Some(replay) = context.wanted_replay() {
            let task: Arc<dyn TaskAsk> = Arc::<Run>::clone(&run);
            replay.set_task(Arc::downgrade(&task));
        }
        tokio::spawn(run.go_on(running, ttl));
        Ok(CreateTaskResult { task, status: TaskStatus::Working, result_type: Some(ResultType::Task), meta: None })
    }

    /// Answers `tasks/get`.
    pub(crate) async fn get_task(self: Arc<Self>, context: Context, id: Box<str>) -> Result<TaskRecord, ProtocolError> {
        let (record, _) = self.find_task(&context, &id).await?;
        Ok(record)
    }

    /// Answers `tasks/update`: hands answers to the task. What it does not wait for is ignored.
    pub(crate) async fn update_task(
        self: Arc<Self>,
        context: Context,
        id: Box<str>,
        params: Option<Piece>,
    ) -> Result<EmptyResult, ProtocolError> {
        let params = params.as_deref().unwrap_or("{}");
        let about: About<'_> = serde_json::from_str(params).map_err(|error| {
            ProtocolError::invalid_params(format!("wrong parameters for `tasks/update`: {}", reason(&error)))
        })?;
        let answers = about
            .input_responses
            .ok_or_else(|| ProtocolError::invalid_params("`tasks/update` needs the parameter `inputResponses`"))?;
        let (record, _) = self.find_task(&context, &id).await?;
        if record.status.is_terminal() {
            return Ok(EmptyResult::default());
        }
        let run = self.tasks.lock().get(&id).cloned();
        let Some(run) = run else {
            // It may have come to its end since.
            let (record, _) = self.find_task(&context, &id).await?;
            return if record.status.is_terminal() {
                Ok(EmptyResult::default())
            } else {
                Err(ProtocolError::internal("the task runs in another process, or no longer"))
            };
        };
        run.answer(answers)?;
        run.save(&self).await?;
        Ok(EmptyResult::default())
    }

    /// Answers `tasks/cancel`: gives a task up. One that is done stays what it is.
    pub(crate) async fn cancel_task(
        self: Arc<Self>,
        context: Context,
        id: Box<str>,
    ) -> Result<EmptyResult, ProtocolError> {
        self.find_task(&context, &id).await?;
        self.write_task(&context, &id, || Standing::Cancelled).await?;
        let run = self.tasks.lock().get(&id).cloned();
        if let Some(run) = run {
            run.context.cancel();
            run.given_up.notify_one();
        }
        Ok(EmptyResult::default())
    }

    async fn find_task(
        &self,
        context: &Context,
        id: &str,
    ) -> Result<(TaskRecord, crate::store::Version), ProtocolError> {
        let entry = self.store.get(Key { space: &space(context), id }).await?;
        let unknown = || ProtocolError::invalid_params(format!("unknown task {}", crate::error::quoted(id)));
        let entry = entry.ok_or_else(unknown)?;
        let record = crate::text::from_bytes(&entry.value)
            .map_err(|_| ProtocolError::internal("what is known of the task cannot be read"))?;
        Ok((record, entry.version))
    }

    /// Gives a task another state, unless it is done.
    async fn write_task(
        &self,
        context: &Context,
        id: &str,
        standing: impl Fn() -> Standing,
    ) -> Result<(), ProtocolError> {
        loop {
            let (mut record, version) = self.find_task(context, id).await?;
            if record.status.is_terminal() {
                return Ok(());
            }
            record.set(standing(), SystemTime::now());
            let text =
                serde_json::to_vec(&record).map_err(|_| ProtocolError::internal("the task cannot be written down"))?;
            if self.store.replace(Key { space: &space(context), id }, &text, version).await?.is_some() {
                return Ok(());
            }
        }
    }
}

/// Waits for the call, or until it is given up.
async fn unless_given_up(running: &mut Running, given_up: &Notify) -> Option<Reply> {
    let mut given_up = pin!(given_up.notified());
    poll_fn(|cx| {
        if given_up.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        Pin::new(&mut *running).poll(cx).map(Some)
    })
    .await
}

impl Tasks {
    /// How many run.
    pub(crate) fn running(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, Arc<Run>>> {
        // Nothing that can panic runs while it is locked but an allocation.
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Run {
    /// Runs the call to its end, or until it is given up or its time is over: then nobody can ask about it any more.
    async fn go_on(self: Arc<Self>, mut running: Running, ttl: Duration) {
        let reply = tokio::time::timeout(ttl, unless_given_up(&mut running, &self.given_up)).await.ok().flatten();
        if reply.is_none() {
            self.context.cancel();
        }
        // What the function holds is dropped here, and may panic.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(running)));
        let asks = {
            let mut asks = self.lock();
            asks.are_over = true;
            std::mem::take(&mut asks.open)
        };
        // Whoever still waits for an answer, in a task of its own, hears that none will come.
        drop(asks);
        if let Some(core) = self.core.upgrade() {
            if let Some(reply) = reply {
                self.finish(&core, reply).await;
            }
            core.tasks.lock().remove(&self.id);
        }
    }

    /// Writes down what the call came to.
    async fn finish(&self, core: &Core, reply: Reply) {
        let state = |outcome: &Result<Box<RawValue>, ErrorObject>| match outcome {
            Ok(result) => Standing::Completed(result.clone()),
            Err(error) => Standing::Failed(error.clone()),
        };
        let outcome = result_of(core, self.context.revision(), reply);
        if core.write_task(&self.context, &self.id, || state(&outcome)).await.is_err() {
            // The result has no room in the store; that it failed may have.
            let error = ProtocolError::internal("the task's result could not be kept");
            let outcome = Err(ErrorObject { code: error.code(), message: error.message().to_owned(), data: None });
            // If not even that, the task stays as it is until its time is over.
            let _ = core.write_task(&self.context, &self.id, || state(&outcome)).await;
        }
    }

    /// Hands answers to whoever waits for them: all that fit, or none.
    fn answer(&self, answers: BTreeMap<String, &RawValue>) -> Result<(), ProtocolError> {
        let mut asks = self.lock();
        for (key, answer) in &answers {
            if let Some((question, _)) = asks.open.get(key)
                && let Err(error) = (question.check)(answer)
            {
                let key = crate::error::quoted(key);
                let what = format!("the answer {key} in `inputResponses` is no answer: {}", reason(&error));
                return Err(ProtocolError::invalid_params(what));
            }
        }
        for (key, answer) in answers {
            if let Some((_, waiting)) = asks.open.remove(&key) {
                // Whoever asked may have gone in the meantime.
                let _ = waiting.send(answer.to_owned());
            }
        }
        Ok(())
    }

    /// Writes down what the task waits for.
    async fn save(&self, core: &Core) -> Result<(), ProtocolError> {
        core.write_task(&self.context, &self.id, || {
            let asks = self.lock();
            let questions: Questions =
                asks.open.iter().map(|(key, (question, _))| (key.clone(), question.text.clone())).collect();
            if questions.is_empty() { Standing::Working } else { Standing::Asking(questions) }
        })
        .await
    }

    fn lock(&self) -> MutexGuard<'_, Asks> {
        // Nothing that can panic runs while it is locked but an allocation.
        self.asks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TaskAsk for Run {
    fn ask(self: Arc<Self>, key: Option<String>, question: Question) -> Answering {
        Box::pin(async move {
            let (answer, waiting) = {
                let mut asks = self.lock();
                if asks.are_over {
                    return None;
                }
                asks.last += 1;
                let (sender, waiting) = oneshot::channel();
                // A name is never used twice in the life of a task.
                let number = asks.last;
                let key = key.map_or_else(|| format!("ask-{number}"), |key| format!("{key}-{number}"));
                asks.open.insert(key.clone(), (question, sender));
                (waiting, Open { run: Arc::clone(&self), key })
            };
            let core = self.core.upgrade()?;
            self.save(&core).await.ok()?;
            drop(core);
            let answer = answer.await.ok();
            drop(waiting);
            answer
        })
    }
}

/// A question that was not answered yet; dropped, it is taken back.
struct Open {
    run: Arc<Run>,
    key: String,
}

impl Drop for Open {
    fn drop(&mut self) {
        let is_open = self.run.lock().open.remove(&self.key).is_some();
        if !is_open {
            return;
        }
        // The task no longer waits for it, and its client should not answer it in vain.
        if let (Ok(runtime), Some(core)) = (tokio::runtime::Handle::try_current(), self.run.core.upgrade()) {
            let run = Arc::clone(&self.run);
            runtime.spawn(async move { run.save(&core).await });
        }
    }
}
