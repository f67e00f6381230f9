//! A server that has one of everything, for the golden frames and for whatever else needs a server that never changes.

use mcp_runtime::model::{
    AudioContent, ContentBlock, EmbeddedResource, Icon, ImageContent, Implementation, PromptMessage, ResourceContents,
    ResourceLink,
};
use mcp_runtime::{Context, ProtocolError, Server, prompt, resource, server, tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A point.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct Point {
    /// To the right.
    pub x: i64,
    /// Up.
    pub y: i64,
}

/// A language to answer in.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    English,
    /// German.
    German,
}

/// Adds two integers.
#[tool(
    title = "Add",
    read_only,
    idempotent,
    icons = "https://example.com/add.png",
    meta("com.example/kind" = "sum")
)]
fn add(
    /// The first one.
    a: i64,
    /// The second one, 1 unless given.
    #[arg(default = 1, range = -1000..=1000)]
    b: i64,
) -> i64 {
    a + b
}

/// A point as structured content.
#[tool]
fn point(x: i64, y: i64) -> Point {
    Point { x, y }
}

/// Points as structured content that is no object.
#[tool]
fn points(count: u8) -> Vec<Point> {
    (0..i64::from(count)).map(|n| Point { x: n, y: -n }).collect()
}

/// Fails in a way that a model should read.
#[tool(destructive, open_world)]
fn fail(reason: &str) -> Result<String, String> {
    Err(reason.to_owned())
}

/// Fails in a way that ends the request.
#[tool]
fn refuse() -> Result<String, ProtocolError> {
    Err(ProtocolError::new(4001, "refused").with_data("for a reason".into()))
}

/// An image.
#[tool]
fn image() -> ImageContent {
    ImageContent::png(b"png")
}

/// A sound.
#[tool]
fn audio() -> AudioContent {
    AudioContent::new(b"wav", "audio/wav")
}

/// A resource, contents included.
#[tool]
fn embedded() -> EmbeddedResource {
    EmbeddedResource::new(ResourceContents::text("note://1", "one").mime_type("text/plain"))
}

/// A link to a resource.
#[tool]
fn link() -> ResourceLink {
    ResourceLink::new("note://1", "note")
}

/// Several pieces of content.
#[tool]
fn mixed() -> Vec<ContentBlock> {
    vec!["text".into(), ImageContent::png(b"png").into(), ResourceLink::new("note://2", "note").into()]
}

/// Tells how far it has come.
#[tool]
async fn progress(cx: &Context, steps: u32) -> &'static str {
    for step in 1..=steps {
        cx.progress(step).of(steps).message(format!("step {step}")).send();
        tokio::task::yield_now().await;
    }
    // Progress that does not grow is not sent.
    cx.progress(steps).send();
    "done"
}

/// Logs at every level.
#[tool]
fn log(cx: &Context) {
    cx.debug("about nothing");
    cx.info(Point { x: 1, y: 2 });
    cx.warning("about something");
    cx.error("about everything");
}

/// Waits until it is given up.
#[tool]
async fn wait() {
    std::future::pending::<()>().await;
}

/// Panics.
#[tool]
fn panic() -> String {
    panic!("as it was told to")
}

/// The manual.
#[resource(
    "file:///manual",
    title = "Manual",
    mime = "text/markdown",
    size = 8,
    audience = ["user", "assistant"],
    priority = 0.5
)]
fn manual() -> &'static str {
    "# Manual"
}

/// The logo.
#[resource("file:///logo", mime = "image/png", icons = "https://example.com/logo.png")]
fn logo() -> Vec<u8> {
    b"png".to_vec()
}

/// One note.
#[resource("note://{id}", mime = "text/plain", title = "Note")]
fn note(#[arg(complete = ["1", "2", "12"])] id: u32) -> Option<String> {
    (id < 100).then(|| format!("note {id}"))
}

/// Ask for a review of some code.
#[prompt(title = "Review")]
fn review(
    /// The code.
    code: String,
    /// The language of the review.
    language: Option<Language>,
) -> String {
    let language = language.unwrap_or(Language::English);
    format!("Review in {language:?}: {code}")
}

/// A conversation with pictures and sound.
#[prompt]
fn conversation() -> Vec<PromptMessage> {
    vec![
        PromptMessage::user("What is this?"),
        PromptMessage::user(ImageContent::png(b"png")),
        PromptMessage::user(AudioContent::new(b"wav", "audio/wav")),
        PromptMessage::assistant(EmbeddedResource::new(ResourceContents::blob("file:///logo", b"png"))),
    ]
}

/// The server.
pub fn server() -> Server {
    let mut info = Implementation::new("sample", "1.2.3");
    info.title = Some("Sample".to_owned());
    info.description = Some("One of everything".to_owned());
    info.website_url = Some("https://example.com".to_owned());
    info.icons = Some(vec![Icon::new("https://example.com/icon.svg").mime_type("image/svg+xml").size("any")]);
    server![
        add,
        point,
        points,
        fail,
        refuse,
        image,
        audio,
        embedded,
        link,
        mixed,
        progress,
        log,
        wait,
        panic,
        manual,
        logo,
        note,
        review,
        conversation,
    ]
    .info(info)
    .instructions("Add before you multiply.")
}
