//! A server to try over HTTP: what it is asked for takes time, says how far it has come, asks its client, and tells of
//! changes. What its tools live through is written down, so that a test can see it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use mcp_runtime::{AskError, Context, Elicited, Handle, Server, State, prompt, resource, server, tool};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::process::PATIENCE;

/// What the tools live through.
#[derive(Clone, Debug, Default)]
pub struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    /// Writes down that this happened: a test says so what a tool may wait for.
    pub fn note(&self, text: impl Into<String>) {
        let text = text.into();
        eprintln!("{text}");
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(text);
    }

    /// Whether this has happened.
    pub fn has(&self, text: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|line| line == text)
    }

    /// The same for a tool, which waits for as long as its test does.
    async fn noted(&self, text: &str) {
        while !self.has(text) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Waits until this has happened.
    pub fn wait(&self, text: &str) {
        let start = Instant::now();
        while !self.has(text) {
            assert!(start.elapsed() < PATIENCE, "{text:?} does not happen, only {self:?}");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

/// Notes that it was dropped.
struct Dropped(Log, String);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.note(format!("{} given up", self.1));
    }
}

/// Adds two integers.
#[tool(read_only)]
fn add(a: i64, b: i64) -> i64 {
    a + b
}

/// Says what it is told.
#[tool]
fn echo(text: &str) -> &str {
    text
}

/// Says the same letter many times.
#[tool]
fn letters(count: usize) -> String {
    "x".repeat(count)
}

/// Says how far it has come, in the words it is given, and then the same words.
#[tool]
fn report(cx: &Context, steps: u32, text: &str) -> String {
    for step in 1..=steps {
        cx.progress(step).of(steps).message(text).send();
    }
    text.to_owned()
}

/// Waits until it is given up. Says first that it has begun, if it is asked for progress.
#[tool]
async fn wait(cx: &Context, log: State<Log>, name: &str) -> &'static str {
    let _dropped = Dropped(Log::clone(&log), name.to_owned());
    cx.progress(1).send();
    log.note(format!("{name} waits"));
    std::future::pending().await
}

/// Takes its time. Says first that it has begun, if it is asked for progress.
#[tool]
async fn nap(cx: &Context, log: State<Log>, name: &str, millis: u64) -> String {
    log.note(format!("{name} naps"));
    cx.progress(1).send();
    tokio::time::sleep(Duration::from_millis(millis)).await;
    cx.progress(2).send();
    log.note(format!("{name} woke up"));
    format!("{name} slept")
}

/// Lets its client go, and answers once somebody notes that it may.
#[tool]
async fn leave(cx: &Context, log: State<Log>) -> &'static str {
    cx.come_back(Duration::from_millis(50));
    log.noted("leave may answer").await;
    "back again"
}

/// Takes its time until somebody notes that it has had enough. Says first that it has begun, if it is asked for progress.
#[tool]
async fn doze(cx: &Context, log: State<Log>, name: &str) -> String {
    log.note(format!("{name} dozes"));
    cx.progress(1).send();
    log.noted(&format!("wake {name}")).await;
    cx.progress(2).send();
    format!("{name} dozed")
}

/// Arguments that clients repeat as headers.
#[tool]
fn mirrored(
    #[arg(header = "Region")] region: Option<String>,
    #[arg(header = "Count")] count: Option<i64>,
    #[arg(header = "Dry")] dry: Option<bool>,
) -> String {
    format!("{region:?} {count:?} {dry:?}")
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Confirmation {
    /// Whether to go on.
    ok: bool,
}

async fn ask(cx: &Context, item: &str) -> Result<String, AskError> {
    let answer = cx.elicit::<Confirmation>(format!("Really {item}?")).key("confirm").await?;
    Ok(match answer {
        Elicited::Accepted(Confirmation { ok }) => format!("{item}: {ok}"),
        other => format!("{item}: {other:?}"),
    })
}

/// Asks the user.
#[tool]
async fn confirm(cx: &Context, item: &str) -> Result<String, AskError> {
    ask(cx, item).await
}

/// Asks the user the same.
#[tool]
async fn confirm_too(cx: &Context, item: &str) -> Result<String, AskError> {
    ask(cx, item).await
}

/// Asks the model.
#[tool]
async fn sample(cx: &Context) -> Result<String, AskError> {
    Ok(cx.sample("Who are you?").await?.text())
}

/// Asks for the roots.
#[tool]
async fn roots(cx: &Context) -> Result<String, AskError> {
    Ok(cx.roots().await?.into_iter().map(|root| root.uri).collect())
}

/// Logs at two levels.
#[tool]
fn speak(cx: &Context) {
    cx.debug("small");
    cx.warning("large");
}

/// Tells of changes.
#[tool]
fn touch(server: State<Handle>) {
    server.tools_changed();
    server.resource_updated("site://watched");
}

/// Says who calls.
#[tool]
fn who(cx: &Context) -> String {
    cx.principal().unwrap_or("nobody").to_owned()
}

/// Something to watch.
#[resource("site://watched")]
fn watched() -> &'static str {
    "nothing has changed"
}

/// Greets.
#[prompt]
fn greet(name: &str) -> String {
    format!("Hello, {name}!")
}

/// The server.
pub fn server(log: &Log) -> Server {
    server![
        add,
        echo,
        letters,
        report,
        wait,
        nap,
        doze,
        leave,
        mirrored,
        confirm,
        confirm_too,
        sample,
        roots,
        speak,
        touch,
        who,
        watched,
        greet,
    ]
    .state(log.clone())
}
