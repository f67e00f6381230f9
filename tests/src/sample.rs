//! A server that has one of everything, for the golden frames and for whatever else needs a server that never changes.

mod tasks;

use mcp_runtime::model::{
    AudioContent, ContentBlock, EmbeddedResource, Icon, ImageContent, Implementation, PromptMessage, ResourceContents,
    ResourceLink,
};
use mcp_runtime::{
    AskError, Context, Elicited, Entry, Handle, ProtocolError, Server, State, group, prompt, resource, server, tool,
};
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

/// A table for tonight.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Table {
    /// In whose name.
    name: String,
    /// For how many.
    #[serde(default = "two")]
    #[schemars(range(min = 1, max = 12))]
    guests: u8,
    /// The language of the menu.
    language: Option<Language>,
}

fn two() -> u8 {
    2
}

/// Asks the user, by a form.
#[tool]
async fn elicit(cx: &Context, place: &str) -> Result<String, AskError> {
    Ok(match cx.elicit::<Table>(format!("A table at {place}?")).await? {
        Elicited::Accepted(Table { name, guests, language }) => format!("{place}: {name}, {guests}, {language:?}"),
        other => format!("{other:?}"),
    })
}

/// Sends the user to a page.
#[tool]
async fn elicit_url(cx: &Context) -> Result<String, AskError> {
    let opened = cx.elicit_url("Please sign in.", "https://example.com/sign-in").await?;
    Ok(format!("{opened:?}"))
}

/// Asks the client's model.
#[tool]
async fn sample(cx: &Context, text: &str) -> Result<String, AskError> {
    Ok(cx.sample(text).await?.text())
}

/// Asks for the client's roots.
#[tool]
async fn roots(cx: &Context) -> Result<Vec<String>, AskError> {
    Ok(cx.roots().await?.into_iter().map(|root| root.uri).collect())
}

/// Asks everything at once.
#[tool]
async fn ask_all(cx: &Context) -> Result<String, AskError> {
    let asks = tokio::join!(cx.sample("A dish?").key("dish"), cx.roots().key("roots"));
    Ok(format!("{} in {}", asks.0?.text(), asks.1?.len()))
}

/// Asks twice, and draws a number before that.
#[tool]
async fn order(cx: &Context) -> Result<String, AskError> {
    let number: u64 = cx.once("number", async { 42 }).await?;
    let dish = cx.sample(format!("A dish for order {number}?")).await?.text();
    let drink = cx.sample(format!("A drink with {dish}?")).await?.text();
    Ok(format!("{number}: {dish} with {drink}"))
}

/// Says that a resource has changed.
#[tool]
fn touch(server: State<Handle>, uri: &str) {
    server.resource_updated(uri);
}

/// Adds a tool, a resource and a prompt.
#[tool]
fn add_guests(server: State<Handle>) -> mcp_runtime::Result<()> {
    server.add(group![guest_tool, guest_resource, guest_prompt])
}

/// Removes what was added; tells how much of it was there.
#[tool]
fn remove_guests(server: State<Handle>) -> usize {
    GUESTS.into_iter().filter(|guest| server.remove(*guest)).count()
}

/// Hides what was added; tells how much of it was visible.
#[tool]
fn hide_guests(server: State<Handle>) -> usize {
    GUESTS.into_iter().filter(|guest| server.hide(*guest)).count()
}

/// Shows what was added; tells how much of it was hidden.
#[tool]
fn show_guests(server: State<Handle>) -> usize {
    GUESTS.into_iter().filter(|guest| server.show(*guest)).count()
}

const GUESTS: [Entry<'_>; 3] =
    [Entry::Tool("guest_tool"), Entry::Resource("guest://book"), Entry::Prompt("guest_prompt")];

/// A tool that comes and goes.
#[tool]
fn guest_tool() -> &'static str {
    "welcome"
}

/// A resource that comes and goes.
#[resource("guest://book")]
fn guest_resource() -> &'static str {
    "guests"
}

/// A prompt that comes and goes.
#[prompt]
fn guest_prompt() -> &'static str {
    "Welcome the guests."
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
        elicit,
        elicit_url,
        sample,
        roots,
        ask_all,
        order,
        touch,
        add_guests,
        remove_guests,
        hide_guests,
        show_guests,
        tasks::tasks(),
        manual,
        logo,
        note,
        review,
        conversation,
    ]
    .info(info)
    .instructions("Add before you multiply.")
}
