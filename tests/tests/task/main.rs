//! Tasks (extension of 2026-07-28): calls that are answered with a handle and go on by themselves. When a call becomes one is
//! in `begin`, what can be known of it in `state`, how it asks in `answers`, how it is given up in `end`, what bounds it in
//! `bounds`, what it says and what is around it in `around`, and whose it is in `owner`.

#![expect(clippy::unused_async, reason = "what becomes a task is async, whether or not it has to wait")]

mod answers;
mod around;
mod begin;
mod bounds;
mod end;
mod owner;
mod state;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mcp_runtime::model::ContentBlock;
use mcp_runtime::{AskError, Context, ProtocolError, Revision, Server, State, server, tool};
use mcp_tests::client::{Client, everything};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::sleep;

const LATEST: Revision = Revision::LATEST;
const EXTENSION: &str = "io.modelcontextprotocol/tasks";

/// What happens inside of functions.
#[derive(Debug, Default)]
struct Notes {
    /// How many calls of `never` have begun.
    begun: AtomicUsize,
    /// How many of them are under way.
    running: AtomicUsize,
    /// How many threads of their own heard that their call was given up.
    cancelled: AtomicUsize,
    /// How many asks ended because nobody was there to answer.
    gone: AtomicUsize,
}

fn count(number: &AtomicUsize) -> usize {
    number.load(Ordering::SeqCst)
}

/// One call under way.
struct Under(Arc<Notes>);

impl Under {
    fn new(notes: &Arc<Notes>) -> Self {
        notes.begun.fetch_add(1, Ordering::SeqCst);
        notes.running.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(notes))
    }
}

impl Drop for Under {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Greets at once.
#[tool]
fn greet() -> &'static str {
    "hello"
}

/// Works for a while.
#[tool(task)]
async fn work(#[arg(default = 0)] seconds: u64) -> String {
    sleep(Duration::from_secs(seconds)).await;
    format!("worked for {seconds} s")
}

/// How much there is.
#[derive(Serialize, JsonSchema)]
struct Measure {
    length: u64,
}

/// Measures.
#[tool(task)]
async fn measure() -> Measure {
    Measure { length: 7 }
}

/// Measures several things.
#[tool(task)]
async fn measure_all() -> Vec<Measure> {
    vec![Measure { length: 7 }, Measure { length: 8 }]
}

/// Shows several things.
#[tool(task)]
async fn show() -> Vec<ContentBlock> {
    vec!["one".into(), "two".into()]
}

/// Says something long.
#[tool(task)]
async fn recite(#[arg(default = 100_000)] length: usize) -> String {
    "o".repeat(length)
}

/// Fails in a way that a model should read.
#[tool(task)]
async fn fail() -> Result<(), String> {
    Err("no".to_owned())
}

/// Fails in a way that ends the request.
#[tool(task)]
async fn refuse() -> Result<(), ProtocolError> {
    Err(ProtocolError::new(4001, "refused").with_data("for a reason".into()))
}

/// Panics.
#[tool(task)]
async fn panic() -> String {
    sleep(Duration::from_secs(1)).await;
    panic!("as it was told to")
}

/// Panics when it is dropped before its end.
#[tool(task)]
async fn explode() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("in drop, as it was told to")
        }
    }
    let _bomb = Bomb;
    std::future::pending::<()>().await;
}

/// Never ends, and tells in a task of its own that it was given up.
#[tool(task)]
async fn never(cx: &Context, notes: State<Arc<Notes>>) {
    let _under = Under::new(&notes);
    let (cx, notes) = (cx.clone(), Arc::clone(&notes));
    tokio::spawn(async move {
        cx.cancelled().await;
        notes.cancelled.fetch_add(1, Ordering::SeqCst);
    });
    std::future::pending::<()>().await;
}

/// Only as a task.
#[tool(task = "required")]
async fn only() -> &'static str {
    "as a task"
}

/// Works at once, and then for a while as a task.
#[tool(task = "later")]
async fn later(cx: &Context, #[arg(default = 1)] seconds: u64) -> String {
    cx.begin_task().await;
    // Once more does nothing.
    cx.begin_task().await;
    sleep(Duration::from_secs(seconds)).await;
    format!("later by {seconds} s")
}

/// Asks, becomes a task, and asks again.
#[tool(task = "later")]
async fn twice(cx: &Context) -> Result<String, AskError> {
    let dish = cx.sample("A dish?").key("dish").await?.text();
    cx.begin_task().await;
    let drink = cx.sample(format!("A drink with {dish}?")).key("dish").await?.text();
    Ok(format!("{dish} with {drink}"))
}

/// Asks two things at once.
#[tool(task)]
async fn both(cx: &Context) -> Result<String, AskError> {
    let (dish, roots) = tokio::join!(cx.sample("A dish?").key("dish"), cx.roots());
    Ok(format!("{} in {}", dish?.text(), roots?.len()))
}

/// Asks three things, one after the other, under one name.
#[tool(task)]
async fn in_turn(cx: &Context) -> Result<String, AskError> {
    let mut said = String::new();
    for number in 1..=3 {
        said += &cx.sample(format!("{number} after {said:?}?")).key("next").await?.text();
    }
    Ok(said)
}

/// Waits for an answer for a minute only.
#[tool(task)]
async fn impatient(cx: &Context) -> String {
    let asked = tokio::time::timeout(Duration::from_mins(1), cx.sample("A dish?")).await;
    sleep(Duration::from_mins(1)).await;
    asked.map_or_else(|_| "soup, as always".to_owned(), |answer| answer.unwrap().text())
}

/// Asks in a task of its own, and goes on without it.
#[tool(task)]
async fn apart(cx: &Context, notes: State<Arc<Notes>>, #[arg(default = 60)] seconds: u64) -> &'static str {
    let (cx, notes) = (cx.clone(), Arc::clone(&notes));
    tokio::spawn(async move {
        for _ in 0..2 {
            if matches!(cx.sample("A dish?").await, Err(AskError::Gone)) {
                notes.gone.fetch_add(1, Ordering::SeqCst);
            }
        }
    });
    sleep(Duration::from_secs(seconds)).await;
    "done"
}

fn kitchen() -> Server {
    noted().0
}

fn noted() -> (Server, Arc<Notes>) {
    let notes = Arc::new(Notes::default());
    let server = server![
        greet,
        work,
        measure,
        measure_all,
        show,
        recite,
        fail,
        refuse,
        panic,
        explode,
        never,
        only,
        later,
        twice,
        both,
        in_turn,
        impatient,
        apart,
        around::noisy,
    ];
    (server.state(Arc::clone(&notes)), notes)
}

/// What a client declares that knows tasks.
fn knowing(revision: Revision) -> Value {
    let mut capabilities = everything(revision);
    capabilities["extensions"][EXTENSION] = json!({});
    capabilities
}

/// A client that knows tasks.
async fn open(server: Server) -> Client {
    Client::open(server, LATEST, knowing(LATEST)).await
}

/// The id of the task that a call was answered with.
#[track_caller]
fn id_of(result: &Value) -> String {
    assert_eq!(result["resultType"], "task", "{result}");
    result["taskId"].as_str().unwrap().to_owned()
}

/// Calls a tool that becomes a task.
async fn begin(client: &mut Client, tool: &str, arguments: Value) -> String {
    id_of(&client.call(tool, arguments).await)
}

/// The task as it is once all is done that can be done now.
async fn get(client: &mut Client, id: &str) -> Value {
    sleep(Duration::from_millis(10)).await;
    client.request("tasks/get", json!({ "taskId": id })).await
}

/// Answers what a task asks.
async fn update(client: &mut Client, id: &str, answers: Value) -> Value {
    client.request("tasks/update", json!({ "taskId": id, "inputResponses": answers })).await
}

/// Gives a task up.
async fn cancel(client: &mut Client, id: &str) -> Value {
    client.request("tasks/cancel", json!({ "taskId": id })).await
}

/// An acknowledgement, of which the schemas make sure that it holds nothing else.
#[track_caller]
fn assert_acknowledged(answer: &Value) {
    assert_eq!(answer["resultType"], "complete", "{answer}");
}

/// The names of what a task asks.
fn asked(task: &Value) -> Vec<&str> {
    assert_eq!(task["status"], "input_required", "{task}");
    task["inputRequests"].as_object().unwrap().keys().map(String::as_str).collect()
}
