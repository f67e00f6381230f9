//! What is asked through the library's own client, and what must come of it. The same over every transport.

use std::time::{Duration, Instant};

use mcp_runtime::Client;
use mcp_runtime::client::{Change, Usage};
use mcp_runtime::model::{
    CallToolResult, CompleteReference, ContentBlock, PromptReference, ResourceContents, ResourceTemplateReference,
};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::count::{Counts, more};
use crate::dice::Dice;
use crate::server::ANSWER;
use crate::target::NEVER;

/// How long a call may take that is answered.
const PATIENCE: Duration = Duration::from_secs(20);

/// What can be asked.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Add,
    Echo,
    Point,
    Nap,
    Compute,
    Steps,
    Confirm,
    Unanswered,
    Resource,
    Prompt,
    Complete,
    List,
    Subscribe,
    Ping,
    Together,
}

const KINDS: &[(u64, Kind)] = &[
    (240, Kind::Add),
    (120, Kind::Echo),
    (100, Kind::Point),
    (80, Kind::Nap),
    (40, Kind::Compute),
    (80, Kind::Steps),
    (60, Kind::Confirm),
    (2, Kind::Unanswered),
    (100, Kind::Resource),
    (50, Kind::Prompt),
    (40, Kind::Complete),
    (40, Kind::List),
    (20, Kind::Subscribe),
    (20, Kind::Ping),
    (20, Kind::Together),
];

/// Why an answer is wrong.
pub(crate) type Wrong = Box<dyn std::error::Error + Send + Sync>;

/// Makes one call and looks at its answer.
pub(crate) async fn one(client: &Client, counts: &Counts, dice: &mut Dice) -> Result<(), Wrong> {
    if counts.is_time_to_panic() {
        return panics(client, counts).await;
    }
    if counts.is_time_to_cancel() {
        return cancels(client, counts, dice).await;
    }
    let kind = dice.one_of(KINDS);
    let asked = ask(client, counts, dice, kind);
    let answered = timeout(PATIENCE, Box::pin(asked)).await;
    let answered = answered.unwrap_or_else(|_| Err("no answer came".into()));
    answered.map_err(|error| format!("{kind:?}: {}", in_full(&*error)).into())
}

async fn ask(client: &Client, counts: &Counts, dice: &mut Dice, kind: Kind) -> Result<(), Wrong> {
    match kind {
        Kind::Add => add(client, counts, dice).await,
        Kind::Echo => {
            counts.begin("echo");
            let text = text(dice);
            let result = client.call("echo", json!({ "text": text })).await?;
            says(&result, &text)
        }
        Kind::Point => point(client, counts, dice).await,
        Kind::Nap => {
            counts.begin("nap");
            let millis = dice.of(1..=20);
            says(&client.call("nap", json!({ "millis": millis })).await?, &format!("slept {millis}"))
        }
        Kind::Compute => {
            counts.begin("compute");
            let rounds = dice.of(1..=100_000);
            let result = client.call("compute", json!({ "rounds": rounds })).await?;
            says(&result, &(rounds * (rounds - 1) / 2).to_string())
        }
        Kind::Steps => steps(client, counts, dice).await,
        Kind::Confirm => {
            counts.begin("confirm");
            let item = format!("item {}", dice.next());
            says(&client.call("confirm", json!({ "item": item })).await?, &format!("{item}: true"))
        }
        Kind::Unanswered => unanswered(client, counts).await,
        Kind::Resource => resource(client, counts, dice).await,
        Kind::Prompt => {
            counts.begin("prompt");
            let name = format!("{:x}", dice.next());
            let result = client.get("greet", [("name", &name)]).await?;
            let said = result.messages.into_iter().map(|message| message.content).collect::<Vec<_>>();
            same(&said, &vec![ContentBlock::text(format!("Hello, {name}, in english!"))])
        }
        Kind::Complete => complete(client, counts, dice).await,
        Kind::List => list(client, counts).await,
        Kind::Subscribe => subscribe(client, counts, dice).await,
        Kind::Ping => {
            counts.begin("ping");
            Ok(client.ping().await?)
        }
        Kind::Together => {
            // Their answers must not be mixed up.
            let (mut first, mut second, mut third) = (dice.clone(), dice.clone(), dice.clone());
            (second, third) = (Dice::new(second.next(), 1), Dice::new(third.next(), 2));
            let (first, second, third) = tokio::join!(
                add(client, counts, &mut first),
                point(client, counts, &mut second),
                steps(client, counts, &mut third)
            );
            dice.next();
            first.and(second).and(third)
        }
    }
}

fn same<T: PartialEq + std::fmt::Debug>(is: &T, should: &T) -> Result<(), Wrong> {
    if is == should {
        return Ok(());
    }
    let short = |what: &T| format!("{what:?}").chars().take(200).collect::<String>();
    Err(format!("the answer is {} instead of {}", short(is), short(should)).into())
}

fn says(result: &CallToolResult, text: &str) -> Result<(), Wrong> {
    same(
        &(result.is_error.unwrap_or_default(), result.content.as_slice()),
        &(false, [ContentBlock::text(text)].as_slice()),
    )
}

/// A text, now and then a long one.
pub(crate) fn text(dice: &mut Dice) -> String {
    let longest = if dice.percent(5) { 512 * 1024 } else { 16 * 1024 };
    let letter = char::from(b'a' + u8::try_from(dice.of(0..=25)).unwrap_or_default());
    letter.to_string().repeat(usize::try_from(dice.of(1..=longest)).unwrap_or(1))
}

async fn add(client: &Client, counts: &Counts, dice: &mut Dice) -> Result<(), Wrong> {
    counts.begin("add");
    let (a, b) = (dice.of(0..=1 << 40), dice.of(0..=1 << 40));
    says(&client.call("add", json!({ "a": a, "b": b })).await?, &(a + b).to_string())
}

async fn point(client: &Client, counts: &Counts, dice: &mut Dice) -> Result<(), Wrong> {
    counts.begin("point");
    let point = json!({ "x": dice.of(0..=1000), "y": dice.of(0..=1000) });
    let result = client.call("point", point.clone()).await?;
    let structured = result.structured_content.ok_or("nothing structured came")?;
    same(&serde_json::from_str::<Value>(structured.get())?, &point)
}

async fn steps(client: &Client, counts: &Counts, dice: &mut Dice) -> Result<(), Wrong> {
    counts.begin("steps");
    let most = dice.of(1..=8);
    let (mut last, mut grew) = (0.0, true);
    let result = client
        .call("steps", json!({ "count": most, "millis": dice.of(0..=3) }))
        .on_progress(|progress| {
            let step = progress.progress.as_f64().unwrap_or_default();
            grew &= step > last;
            last = step;
        })
        .await?;
    // Progress may be dropped, but for what comes when there is room for it; it never falls.
    same(&(grew, last > 0.0), &(true, true))?;
    says(&result, &format!("took {most}"))
}

/// The server waits for the person until it gives up.
async fn unanswered(client: &Client, counts: &Counts) -> Result<(), Wrong> {
    counts.begin("confirm, never answered");
    more(&counts.unanswered);
    let call = client.call("confirm", json!({ "item": NEVER }));
    if client.revision().has_handshake() {
        return same(&timeout(2 * ANSWER, call).await??.is_error, &Some(true));
    }
    // Here it has answered with the question, and nothing waits but the client.
    same(&timeout(ANSWER / 40, call).await.is_err(), &true)
}

async fn resource(client: &Client, counts: &Counts, dice: &mut Dice) -> Result<(), Wrong> {
    counts.begin("resource");
    let id = dice.of(0..=1000);
    let (uri, text) = if dice.percent(50) {
        ("soak://watched".to_owned(), "nothing has changed".to_owned())
    } else {
        (format!("note://{id}"), format!("note {id}"))
    };
    let result = client.read(uri).await?;
    let [ResourceContents::Text(said)] = result.contents.as_slice() else { return Err("no text came".into()) };
    same(&said.text, &text)
}

async fn complete(client: &Client, counts: &Counts, dice: &mut Dice) -> Result<(), Wrong> {
    counts.begin("complete");
    let prompt = || CompleteReference::Prompt(PromptReference { name: "greet".to_owned(), title: None });
    let template = || CompleteReference::Resource(ResourceTemplateReference { uri: "note://{id}".to_owned() });
    let (reference, argument, typed, found) = if dice.percent(50) {
        (prompt(), "language", "ge", vec!["german"])
    } else {
        (template(), "id", "1", vec!["1", "12"])
    };
    let result = client.complete(reference, argument, typed).await?;
    same(&result.completion.values, &found.into_iter().map(str::to_owned).collect())
}

async fn list(client: &Client, counts: &Counts) -> Result<(), Wrong> {
    for _ in 0..4 {
        counts.begin("list");
    }
    let tools = client.list_tools().await?.len();
    let resources = client.list_resources().await?.len();
    let templates = client.list_resource_templates().await?.len();
    same(&(tools, resources, templates, client.list_prompts().await?.len()), &(12, 1, 1, 1))
}

async fn subscribe(client: &Client, counts: &Counts, dice: &mut Dice) -> Result<(), Wrong> {
    counts.begin("subscribe");
    let mut subscription = client.subscribe("soak://watched").await?;
    if dice.percent(30) {
        return Ok(());
    }
    counts.begin("touch");
    client.call("touch", ()).await?;
    let change = timeout(PATIENCE / 2, subscription.next()).await.map_err(|_| "no change was told")??;
    same(&change, &Change::Resource("soak://watched".to_owned()))
}

async fn panics(client: &Client, counts: &Counts) -> Result<(), Wrong> {
    counts.begin("panic");
    more(&counts.panicked);
    let result = client.call("panic", ()).await?;
    same(&result.is_error, &Some(true))?;
    let [ContentBlock::Text(text)] = result.content.as_slice() else { return Err("a panic says nothing".into()) };
    same(&text.text.contains("`panic` panicked"), &true)
}

/// A call that takes longer than anybody waits.
pub(crate) fn long(dice: &mut Dice) -> (&'static str, Value) {
    let (wait, nap) = (("wait", json!({})), ("nap", json!({ "millis": 5000 })));
    let (steps, never) = (("steps", json!({ "count": 1000, "millis": 5 })), ("confirm", json!({ "item": NEVER })));
    let all = [wait, nap, steps, never];
    let at = usize::try_from(dice.of(0..=3)).unwrap_or_default();
    all.into_iter().nth(at).unwrap_or_default()
}

async fn cancels(client: &Client, counts: &Counts, dice: &mut Dice) -> Result<(), Wrong> {
    counts.begin("cancelled");
    more(&counts.cancelled);
    let (tool, arguments) = long(dice);
    let call = client.call(tool, arguments).on_progress(drop);
    match timeout(Duration::from_millis(dice.of(0..=30)), call).await {
        Err(_) => Ok(()),
        Ok(answer) => Err(format!("`{tool}` was answered: {answer:?}").into()),
    }
}

/// What a client that is about to be closed has left.
pub(crate) async fn is_done(client: &Client) -> Result<(), Wrong> {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if client.usage() == Usage::default() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Err(format!("a client that does nothing holds {:?}", client.usage()).into())
}

/// An error with what caused it.
pub(crate) fn in_full(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
