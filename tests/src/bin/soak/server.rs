//! The server that is loaded: tools of every manner of ending, short bounds on what is abandoned, and a tool that says what
//! the server holds.

#![expect(clippy::unused_async, reason = "only `async` functions are sure to run inside the runtime")]

use std::fs::File;
use std::hint::black_box;
use std::panic::{set_hook, take_hook};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use mcp_runtime::{
    AskError, Context, Elicited, Handle, Http, HttpOptions, Limits, Server, State, Stdio, prompt, resource, server,
    tool,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::runtime::Builder;

use crate::Result;
use crate::options::{Leak, Service, Transport};

/// How long a client may take to answer a question.
pub(crate) const ANSWER: Duration = Duration::from_secs(4);
/// What `panic` says; every other panic is shown.
const TOLD: &str = "as it was told to";

/// How many bytes are kept of a call, where memory leaks: so many that a run of seconds shows it.
const MUCH: usize = 4 << 20;

/// What is kept on purpose.
#[derive(Debug, Default)]
struct Keeper {
    leaks: Vec<Leak>,
    calls: AtomicU64,
    bytes: Mutex<Vec<Vec<u8>>>,
    files: Mutex<Vec<File>>,
}

impl Keeper {
    /// Keeps something of every tenth call.
    fn see(&self) {
        if self.calls.fetch_add(1, Ordering::Relaxed).is_multiple_of(10) {
            for leak in &self.leaks {
                self.keep(*leak);
            }
        }
    }

    fn keep(&self, leak: Leak) {
        match leak {
            Leak::Memory => self.bytes.lock().unwrap_or_else(PoisonError::into_inner).push(vec![1; MUCH]),
            Leak::Tasks => drop(tokio::spawn(std::future::pending::<()>())),
            Leak::Files => {
                let file = std::env::current_exe().and_then(File::open);
                self.files.lock().unwrap_or_else(PoisonError::into_inner).extend(file);
            }
            Leak::Threads => drop(thread::spawn(thread::park)),
        }
    }
}

/// Adds two integers.
#[tool(read_only)]
fn add(a: i64, b: i64) -> i64 {
    a + b
}

/// Says what it is told.
#[tool]
async fn echo(keeper: State<Arc<Keeper>>, text: &str) -> String {
    keeper.see();
    text.to_owned()
}

/// A point.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
struct Point {
    x: i64,
    y: i64,
}

/// A point as structured content.
#[tool]
async fn point(keeper: State<Arc<Keeper>>, x: i64, y: i64) -> Point {
    keeper.see();
    Point { x, y }
}

/// Takes its time.
#[tool]
async fn nap(millis: u64) -> String {
    tokio::time::sleep(Duration::from_millis(millis)).await;
    format!("slept {millis}")
}

/// Takes the processor's time.
#[tool]
fn compute(rounds: u64) -> u64 {
    (0..rounds).fold(0, |sum, round| black_box(sum + round))
}

/// Tells and logs how far it has come.
#[tool]
async fn steps(cx: &Context, count: u64, millis: u64) -> String {
    for step in 1..=count {
        cx.progress(step).of(count).message("on the way").send();
        cx.warning(Point { x: 1, y: 2 });
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }
    format!("took {count}")
}

/// Waits until it is given up.
#[tool]
async fn wait(cx: &Context) {
    cx.progress(1).send();
    std::future::pending::<()>().await;
}

/// Panics.
#[tool]
async fn panic() -> String {
    tokio::task::yield_now().await;
    panic!("{TOLD}")
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Confirmation {
    /// Whether to go on.
    ok: bool,
}

/// Asks the user.
#[tool]
async fn confirm(cx: &Context, item: &str) -> Result<String, AskError> {
    Ok(match cx.elicit::<Confirmation>(item).key("confirm").await? {
        Elicited::Accepted(Confirmation { ok }) => format!("{item}: {ok}"),
        other => format!("{item}: {other:?}"),
    })
}

/// Works for a while, as a task for whoever knows tasks.
#[tool(task)]
async fn work(millis: u64) -> String {
    tokio::time::sleep(Duration::from_millis(millis)).await;
    format!("worked {millis}")
}

/// Says that a resource has changed.
#[tool]
fn touch(server: State<Handle>) {
    server.resource_updated("soak://watched");
}

/// Says what the server holds.
#[tool]
async fn held(server: State<Handle>) -> String {
    let metrics = tokio::runtime::Handle::current().metrics();
    let usage = serde_json::to_value(server.usage());
    serde_json::json!({ "alive": metrics.num_alive_tasks(), "usage": usage.unwrap_or_default() }).to_string()
}

/// Something to watch.
#[resource("soak://watched")]
fn watched() -> &'static str {
    "nothing has changed"
}

/// One note.
#[resource("note://{id}")]
fn note(#[arg(complete = ["1", "2", "12"])] id: u32) -> String {
    format!("note {id}")
}

/// Greets.
#[prompt]
fn greet(name: &str, #[arg(complete = ["english", "german"])] language: Option<String>) -> String {
    format!("Hello, {name}, in {}!", language.as_deref().unwrap_or("english"))
}

fn server(leaks: Vec<Leak>, session: Duration) -> Server {
    server![add, echo, point, nap, compute, steps, wait, panic, confirm, work, touch, held, watched, note, greet]
        .state(Arc::new(Keeper { leaks, ..Keeper::default() }))
        .limits(Limits::default().answer(ANSWER).task_ttl(Duration::from_secs(4)).grace(Duration::from_secs(1)))
        .http(
            HttpOptions::default()
                .session_ttl(session)
                // Those who write in time do so on a busy machine too.
                .header_time(Duration::from_secs(10))
                .body_time(Duration::from_secs(10)),
        )
}

/// Serves until it is told to stop.
pub(crate) fn serve(service: Service) -> Result<()> {
    let usual = take_hook();
    set_hook(Box::new(move |info| {
        if info.payload_as_str() != Some(TOLD) {
            usual(info);
        }
    }));
    // Threads that nobody needs end soon, so that what is left of them is what leaked.
    let runtime = Builder::new_multi_thread().enable_all().thread_keep_alive(Duration::from_secs(1)).build()?;
    let server = server(service.leaks, Duration::from_secs(service.session));
    let result = runtime.block_on(async {
        match service.transport {
            Transport::Http => server.serve(Http::new("127.0.0.1:0")).await,
            Transport::Stdio => server.serve(Stdio).await,
        }
    });
    runtime.shutdown_background();
    Ok(result?)
}
