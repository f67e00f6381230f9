//! A server that changes while it runs: entries that come and go, who is told of it (`lists`, `resources`), how streams end
//! (`streams`), and entries that are there for some callers only (`visibility`) or under another name (`names`).

mod lists;
mod names;
mod resources;
mod streams;
mod visibility;

use mcp_runtime::{Handle, Revision, Server, prompt, resource, server, tool};
use mcp_tests::client::Client;
use serde_json::{Value, json};

/// Always there.
#[tool]
fn constant() -> &'static str {
    "constant"
}

/// A tool that comes and goes.
#[tool]
fn tide() -> &'static str {
    "tide"
}

/// A resource that comes and goes.
#[resource("sea://level")]
fn level() -> &'static str {
    "high"
}

/// A template that comes and goes.
#[resource("sea://{harbour}/level")]
fn level_at(#[arg(complete = ["Bristol", "Brest"])] harbour: String) -> String {
    format!("high at {harbour}")
}

/// A prompt that comes and goes.
#[prompt]
fn forecast(#[arg(complete = ["Bristol", "Brest"])] harbour: Option<String>) -> String {
    format!("What will the tide be at {harbour:?}?")
}

/// A server and what changes it.
fn changing() -> (Server, Handle) {
    let mut server = server![constant];
    let handle = server.handle();
    (server, handle)
}

async fn client(server: Server, revision: Revision) -> Client {
    Client::open(server, revision, json!({})).await
}

const LATEST: Revision = Revision::V2026_07_28;

fn sessions() -> impl Iterator<Item = Revision> {
    Revision::ALL.into_iter().filter(|revision| revision.has_handshake())
}

/// What a stream may tell of lists.
fn all_lists() -> Value {
    json!({ "toolsListChanged": true, "promptsListChanged": true, "resourcesListChanged": true })
}

/// Opens a stream and gives what the server agrees to tell.
async fn listen(client: &mut Client, id: impl Into<Value>, filter: Value) -> Value {
    let id = id.into();
    let message = client.message(id.clone(), "subscriptions/listen", json!({ "notifications": filter }));
    client.send(&message).await;
    let mut frame = client.next().await;
    assert_eq!(frame["method"], "notifications/subscriptions/acknowledged", "{frame}");
    assert_eq!(stream_of(&frame), Some(&id), "{frame}");
    frame["params"]["notifications"].take()
}

const STREAM: &str = "io.modelcontextprotocol/subscriptionId";

/// The stream that a frame belongs to.
fn stream_of(frame: &Value) -> Option<&Value> {
    frame["params"]["_meta"].get(STREAM).or(frame["result"]["_meta"].get(STREAM))
}

/// What the notifications are about: `tools`, `prompts`, `resources`, or a URI.
#[track_caller]
fn news(frames: &[Value]) -> Vec<&str> {
    let about = |frame: &'_ Value| match frame["method"].as_str() {
        Some("notifications/tools/list_changed") => Some("tools"),
        Some("notifications/prompts/list_changed") => Some("prompts"),
        Some("notifications/resources/list_changed") => Some("resources"),
        _ => None,
    };
    let told = frames.iter().map(|frame| about(frame).or(frame["params"]["uri"].as_str()));
    told.collect::<Option<_>>().unwrap_or_else(|| panic!("not only news: {frames:?}"))
}

/// The names in a list, or the URIs.
async fn listed(client: &mut Client, method: &str) -> Vec<String> {
    let result = client.request(method, json!({})).await;
    let (member, key) = match method {
        "tools/list" => ("tools", "name"),
        "prompts/list" => ("prompts", "name"),
        "resources/list" => ("resources", "uri"),
        _ => ("resourceTemplates", "uriTemplate"),
    };
    let items = result[member].as_array().unwrap_or_else(|| panic!("{method}: {result}"));
    items.iter().map(|item| item[key].as_str().unwrap().to_owned()).collect()
}
