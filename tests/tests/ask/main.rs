//! Asking the client: what a function awaits in one line is a request of the server's up to 2025-11-25, and a result that
//! asks for more in 2026-07-28. What holds in all of them is in `answers`; the rounds of 2026-07-28 are in `rounds`, what
//! the client holds for the server meanwhile in `sealed`, and the requests of the older revisions in `requests`.

#![expect(clippy::needless_pass_by_value, reason = "arguments are written as `json!(…)` where they are needed")]

mod answers;
mod requests;
mod rounds;
mod sealed;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mcp_runtime::{AskError, Capability, Context, Elicited, Revision, Server, State, prompt, resource, server, tool};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

/// How often something ran.
type Count = Arc<AtomicUsize>;

#[derive(Debug, Deserialize, JsonSchema)]
struct Booking {
    /// In whose name.
    name: String,
    /// For how many.
    #[serde(default = "two")]
    #[schemars(range(min = 1, max = 12))]
    guests: u8,
    /// A default that only the form knows.
    #[schemars(extend("default" = "window"))]
    seat: String,
    note: Option<String>,
}

fn two() -> u8 {
    2
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Answer {
    text: String,
}

/// Books a table.
#[tool]
async fn book(cx: &Context) -> Result<String, AskError> {
    Ok(match cx.elicit::<Booking>("A table?").await? {
        Elicited::Accepted(Booking { name, guests, seat, note }) => format!("{name}, {guests}, {seat}, {note:?}"),
        other => format!("{other:?}"),
    })
}

/// Asks for a text and says it.
#[tool]
async fn say(cx: &Context, question: &str, times: Option<u8>) -> Result<String, AskError> {
    let answer = cx.elicit::<Answer>(question).await?.accepted();
    Ok(answer.map_or_else(|| "nothing".to_owned(), |answer| answer.text.repeat(times.unwrap_or(1).into())))
}

/// Asks for a text, too.
#[tool]
async fn tell(cx: &Context, question: &str) -> Result<String, AskError> {
    Ok(format!("{:?}", cx.elicit::<Answer>(question).await?))
}

/// Opens a page.
#[tool]
async fn open(cx: &Context) -> Result<String, AskError> {
    Ok(format!("{:?}", cx.elicit_url("Sign in.", "https://example.com/").await?))
}

/// Asks the model.
#[tool]
async fn think(cx: &Context, text: &str) -> Result<String, AskError> {
    Ok(cx.sample(text).await?.text())
}

/// Asks for roots.
#[tool]
async fn look(cx: &Context) -> Result<Vec<String>, AskError> {
    Ok(cx.roots().await?.into_iter().map(|root| root.uri).collect())
}

/// Asks the model if the client lets it, and answers by itself if not.
#[tool]
async fn fall_back(cx: &Context) -> Result<String, AskError> {
    match cx.sample("A dish?").await {
        Ok(answer) => Ok(answer.text()),
        Err(AskError::Unsupported(Capability::Sampling)) => Ok("soup, as always".to_owned()),
        Err(error) => Err(error),
    }
}

/// Asks two things at once.
#[tool]
async fn both(cx: &Context) -> Result<String, AskError> {
    let (dish, roots) = tokio::join!(cx.sample("A dish?"), cx.roots());
    Ok(format!("{} in {}", dish?.text(), roots?.len()))
}

/// Asks three things, one after the other, and counts how often it begins.
#[tool]
async fn in_turn(cx: &Context, count: State<Count>) -> Result<String, AskError> {
    count.fetch_add(1, Ordering::SeqCst);
    let mut said = String::new();
    for number in 1..=3 {
        said += &cx.sample(format!("{number} after {said:?}?")).await?.text();
    }
    Ok(said)
}

/// Does something once before it asks.
#[tool]
async fn once(cx: &Context, count: State<Count>) -> Result<String, AskError> {
    let first = cx.once("first", async { count.fetch_add(1, Ordering::SeqCst) + 1 }).await?;
    let dish = cx.sample("A dish?").await?.text();
    let second = cx.once("second", async { count.fetch_add(10, Ordering::SeqCst) + 10 }).await?;
    let drink = cx.sample("A drink?").await?.text();
    Ok(format!("{first}, {dish}, {second}, {drink}"))
}

/// Asks in a task of its own.
#[tool]
async fn spawned(cx: &Context) -> Result<String, AskError> {
    let cx = cx.clone();
    let asking = tokio::spawn(async move { cx.sample("A dish?").await });
    Ok(asking.await.unwrap()?.text())
}

/// A menu that asks what it should be of.
#[resource("menu://today")]
async fn menu(cx: &Context) -> Result<String, AskError> {
    Ok(format!("Today: {}", cx.sample("A dish?").await?.text()))
}

/// A recipe that asks what it should be of.
#[prompt]
async fn recipe(cx: &Context) -> Result<String, AskError> {
    Ok(format!("How do I cook {}?", cx.sample("A dish?").await?.text()))
}

fn asking() -> Server {
    counting().0
}

fn counting() -> (Server, Count) {
    let count = Count::default();
    let server = server![book, say, tell, open, think, look, fall_back, both, in_turn, once, spawned, menu, recipe];
    (server.state(Arc::clone(&count)), count)
}

/// The revisions that have forms.
fn with_forms() -> impl Iterator<Item = Revision> {
    Revision::ALL.into_iter().filter(|revision| *revision >= Revision::V2025_06_18)
}

/// The revisions in which a server asks by requests.
fn with_requests() -> impl Iterator<Item = Revision> {
    Revision::ALL.into_iter().filter(|revision| revision.has_handshake())
}

/// For those who are asked nothing.
fn unasked(method: &str, params: &Value) -> Value {
    panic!("{method} was asked: {params}")
}

fn is_tool_error(result: &Value) -> bool {
    result["isError"] == json!(true)
}
