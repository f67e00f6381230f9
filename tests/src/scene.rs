//! The server of the scenario that runs over every transport: it answers, fails, tells, asks, changes and waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mcp_runtime::{
    AskError, Context, Elicited, Handle, HttpOptions, Server, State, group, prompt, resource, server, tool,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A point.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
struct Point {
    x: i64,
    y: i64,
}

/// Adds two integers.
#[tool(title = "Add", read_only)]
fn add(a: i64, b: i64) -> i64 {
    a + b
}

/// A point as structured content.
#[tool]
fn point(x: i64, y: i64) -> Point {
    Point { x, y }
}

/// Fails in a way that a model should read.
#[tool]
fn fail(reason: &str) -> Result<String, String> {
    Err(reason.to_owned())
}

/// Panics.
#[tool]
fn panic() -> String {
    panic!("as it was told to")
}

/// Tells how far it has come.
#[tool]
async fn steps(cx: &Context, count: u32) -> &'static str {
    for step in 1..=count {
        cx.progress(step).of(count).message(format!("step {step}")).send();
        tokio::task::yield_now().await;
    }
    "done"
}

/// Logs at several levels.
#[tool]
async fn log(cx: &Context) -> &'static str {
    cx.debug("about nothing");
    cx.info(Point { x: 1, y: 2 });
    tokio::task::yield_now().await;
    cx.warning("about something");
    cx.error("about everything");
    "logged"
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Account {
    /// The user's name.
    name: String,
    age: Option<u8>,
}

/// Asks the user.
#[tool]
async fn sign_up(cx: &Context) -> Result<String, AskError> {
    Ok(match cx.elicit::<Account>("Who are you?").await? {
        Elicited::Accepted(Account { name, age }) => format!("{name}, {age:?}"),
        Elicited::Declined => "declined".to_owned(),
        Elicited::Cancelled => "cancelled".to_owned(),
    })
}

/// Asks the model.
#[tool]
async fn sum_up(cx: &Context, text: &str) -> Result<String, AskError> {
    Ok(cx.sample(format!("Sum up: {text}")).await?.text())
}

/// Asks for the roots.
#[tool]
async fn folders(cx: &Context) -> Result<String, AskError> {
    Ok(cx.roots().await?.into_iter().map(|root| root.uri).collect::<Vec<_>>().join(" "))
}

/// Asks the model and for the roots at once, and the model again when it knows both.
#[tool]
async fn all_at_once(cx: &Context) -> Result<String, AskError> {
    let (first, roots) = tokio::join!(cx.sample("First?").key("first"), cx.roots().key("roots"));
    let (first, roots) = (first?.text(), roots?.len());
    let second = cx.sample(format!("Second, after {first} and {roots}?")).key("second").await?;
    Ok(format!("{first}, {roots}, {}", second.text()))
}

/// What `grow` adds.
#[tool]
fn grown() -> &'static str {
    "grown"
}

/// Adds a tool.
#[tool]
fn grow(server: State<Handle>) -> mcp_runtime::Result<&'static str> {
    server.add(group![grown]).map(|()| "one more")
}

/// Says that a resource has changed.
#[tool]
fn touch(server: State<Handle>, uri: &str) -> &'static str {
    server.resource_updated(uri);
    "touched"
}

/// The calls that wait.
#[derive(Debug, Default)]
struct Calls {
    begun: AtomicUsize,
    given_up: AtomicUsize,
}

struct Waiting(Arc<Calls>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.given_up.fetch_add(1, Ordering::SeqCst);
    }
}

/// Waits until it is given up.
#[tool]
async fn wait(cx: &Context, calls: State<Arc<Calls>>) {
    let _waiting = Waiting(Arc::clone(&calls));
    calls.begun.fetch_add(1, Ordering::SeqCst);
    cx.progress(1).send();
    std::future::pending::<()>().await;
}

/// Answers when so many calls of `wait` have begun.
#[tool]
async fn begun(calls: State<Arc<Calls>>, count: usize) -> usize {
    until(&calls.begun, count).await
}

/// Answers when so many calls of `wait` have been given up.
#[tool]
async fn given_up(calls: State<Arc<Calls>>, count: usize) -> usize {
    until(&calls.given_up, count).await
}

async fn until(counter: &AtomicUsize, count: usize) -> usize {
    while counter.load(Ordering::SeqCst) < count {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    counter.load(Ordering::SeqCst)
}

/// The manual.
#[resource("file:///manual", mime = "text/markdown")]
fn manual() -> &'static str {
    "# Manual"
}

/// The logo.
#[resource("file:///logo", mime = "image/png")]
fn logo() -> Vec<u8> {
    b"png".to_vec()
}

/// One note.
#[resource("note://{id}", mime = "text/plain")]
fn note(#[arg(complete = ["1", "2", "12"])] id: u32) -> Option<String> {
    (id < 100).then(|| format!("note {id}"))
}

/// Ask for a review of some code.
#[prompt(title = "Review")]
fn review(code: String, #[arg(complete = ["english", "german"])] language: Option<String>) -> String {
    format!("Review in {}: {code}", language.as_deref().unwrap_or("english"))
}

/// Asks the model what to say.
#[prompt]
async fn suggested(cx: &Context) -> Result<String, AskError> {
    Ok(cx.sample("What shall I say?").await?.text())
}

/// The server.
pub fn server() -> Server {
    server![
        add,
        point,
        fail,
        panic,
        steps,
        log,
        sign_up,
        sum_up,
        folders,
        all_at_once,
        grow,
        touch,
        wait,
        begun,
        given_up,
        manual,
        logo,
        note,
        review,
        suggested,
    ]
    .state(Arc::<Calls>::default())
    .instructions("Nothing here has consequences.")
    .page_size(6)
    .http(HttpOptions::default().http_sse(true))
}
