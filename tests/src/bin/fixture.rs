//! A server that behaves badly when it is asked to, run as a real process by the tests.

use std::io::{Read, Write};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mcp_runtime::{Context, Limits, Server, prompt, resource, server, tool};
use mcp_tests::gate;
use mcp_tests::hazard::{Grenade, Shy};
use schemars::JsonSchema;
use serde::ser::{Error, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::Value;

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

/// Gives back whatever it gets.
#[tool]
fn same(value: Value) -> String {
    value.to_string()
}

/// Says the same letter many times.
#[tool]
fn letters(count: usize) -> String {
    "x".repeat(count)
}

/// The same after it has waited.
#[tool]
async fn letters_later(count: usize, millis: u64) -> String {
    tokio::time::sleep(Duration::from_millis(millis)).await;
    "x".repeat(count)
}

/// How often whoever waits looks whether it may go on.
const LOOK: Duration = Duration::from_millis(20);

/// Sleeps, for so long or until the gate is open.
#[tool]
async fn sleep(millis: u64) -> &'static str {
    eprintln!("sleeping for {millis} ms");
    let (start, time) = (Instant::now(), Duration::from_millis(millis));
    while start.elapsed() < time && !gate::is_open("sleep") {
        tokio::time::sleep(if gate::is_there() { LOOK } else { time }).await;
    }
    "slept"
}

/// Sleeps and says nothing about it.
#[tool]
async fn nap(millis: u64) -> &'static str {
    tokio::time::sleep(Duration::from_millis(millis)).await;
    "slept"
}

/// Says on standard error that it was dropped.
struct Dropped(&'static str);

impl Drop for Dropped {
    fn drop(&mut self) {
        eprintln!("{} was given up", self.0);
    }
}

/// Waits until it is given up.
#[tool]
async fn wait(cx: &Context) -> &'static str {
    let _dropped = Dropped("wait");
    let watching = cx.clone();
    tokio::spawn(async move {
        watching.cancelled().await;
        eprintln!("wait was cancelled");
    });
    eprintln!("waiting");
    std::future::pending().await
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("a bomb went off");
    }
}

/// Waits until it is given up, and panics then.
#[tool]
async fn wait_and_panic() {
    let _bomb = Bomb;
    eprintln!("waiting");
    std::future::pending::<()>().await;
}

/// Holds the thread that runs it, as a function does that is not `async` and takes its time: so long or until the gate is open.
#[tool]
fn hold(millis: u64) -> &'static str {
    eprintln!("holding");
    let (start, time) = (Instant::now(), Duration::from_millis(millis));
    while start.elapsed() < time && !gate::is_open("hold") {
        thread::sleep(if gate::is_there() { LOOK } else { time });
    }
    "held"
}

/// Computes until it is given up, without a pause.
#[tool]
async fn compute(cx: &Context, millis: u64) -> &'static str {
    // From here on it has a task of its own.
    tokio::task::yield_now().await;
    eprintln!("computing");
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(millis) {
        if cx.is_cancelled() {
            eprintln!("compute was cancelled");
            return "cancelled";
        }
        std::hint::spin_loop();
    }
    "computed"
}

/// Blocks a thread that is made for it.
#[tool]
async fn block(millis: u64) -> &'static str {
    eprintln!("blocking");
    let blocked = tokio::task::spawn_blocking(move || thread::sleep(Duration::from_millis(millis))).await;
    if blocked.is_ok() { "blocked" } else { "given up" }
}

/// Prints on standard output in every way there is.
#[tool]
fn print(text: &str) {
    #![expect(clippy::print_stdout, reason = "that is what it is for")]
    println!("println {text}");
    print!("print {text}\r\n");
    let mut output = std::io::stdout().lock();
    let _ = writeln!(output, "write {text}").and_then(|()| output.flush());
}

/// Starts a program that prints, and says what it read from standard input.
#[tool]
fn spawn(text: &str) -> Result<String, std::io::Error> {
    let script = format!("echo child {text}; cat");
    let status = Command::new("sh").args(["-c", &script]).status()?;
    Ok(status.to_string())
}

/// Reads standard input to its end.
#[tool]
fn read_input() -> Result<String, std::io::Error> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    Ok(format!("read {text:?}"))
}

/// Panics at once.
#[tool]
fn panics() -> String {
    panic!("at once")
}

/// Panics when it has waited.
#[tool]
async fn panics_later() -> String {
    tokio::time::sleep(Duration::from_millis(1)).await;
    panic!("later")
}

/// Answers with something that panics when it is dropped.
#[tool]
fn panics_in_drop() -> Grenade {
    Grenade::default()
}

/// Answers with something that panics when it is serialized.
#[tool]
fn panics_in_serialize() -> Shy {
    Shy::default()
}

/// A result that does not serialize.
#[derive(JsonSchema)]
struct Stubborn {
    #[expect(dead_code, reason = "it is there for its schema")]
    name: String,
}

impl Serialize for Stubborn {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom("no"))
    }
}

/// Answers with something that does not serialize.
#[tool]
fn fails_in_serialize() -> Stubborn {
    Stubborn { name: String::new() }
}

/// Panics while it panics' answer is made: its error does when it is displayed.
#[tool]
fn panics_in_display() -> Result<String, Unspeakable> {
    Err(Unspeakable)
}

/// An error that panics when it is displayed.
struct Unspeakable;

impl std::fmt::Display for Unspeakable {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("in display")
    }
}

/// Tells how far it has come, many times.
#[tool]
async fn progress(cx: &Context, steps: u32) -> u32 {
    for step in 1..=steps {
        cx.progress(step).of(steps).send();
    }
    tokio::task::yield_now().await;
    steps
}

/// Goes on telling how far it has come after it has answered.
#[tool]
fn progress_afterwards(cx: &Context) -> &'static str {
    let late = cx.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(20)).await;
        late.progress(1).send();
        late.error("too late");
        eprintln!("progress was sent afterwards");
    });
    "done"
}

/// Logs.
#[tool]
fn log(cx: &Context, text: &str) {
    cx.error(text);
}

/// Many arguments, to get wrong.
#[tool]
fn many(
    count: u8,
    ratio: f64,
    on: bool,
    name: &str,
    list: Vec<u8>,
    #[arg(range = 1..=10)] bounded: u8,
    nested: Nested,
) -> String {
    format!("{count} {ratio} {on} {name} {list:?} {bounded} {}", nested.inner)
}

/// Something nested.
#[derive(Deserialize, JsonSchema)]
struct Nested {
    inner: u8,
}

static PANICS: AtomicBool = AtomicBool::new(true);

/// The manual.
#[resource("file:///manual")]
fn manual() -> &'static str {
    "the manual"
}

/// Panics.
#[resource("file:///panics")]
fn panicking_resource() -> String {
    assert!(!PANICS.load(Ordering::Relaxed), "in a resource");
    String::new()
}

/// One note.
#[resource("note://{id}")]
fn note(id: u32) -> Option<String> {
    (id < 100).then(|| format!("note {id}"))
}

/// Ask for a review.
#[prompt]
fn review(code: String, #[arg(complete = languages)] language: Option<String>) -> String {
    format!("{code} in {language:?}")
}

/// Panics.
#[prompt]
fn panicking_prompt(#[arg(complete = panicking_languages)] _language: Option<String>) -> String {
    assert!(!PANICS.load(Ordering::Relaxed), "in a prompt");
    String::new()
}

fn languages(typed: &str, _: &Context) -> Vec<String> {
    ["english", "german"].into_iter().filter(|language| language.starts_with(typed)).map(str::to_owned).collect()
}

fn panicking_languages(_: &str, _: &Context) -> Vec<String> {
    assert!(!PANICS.load(Ordering::Relaxed), "in a completion");
    Vec::new()
}

/// Bounds from the environment, in milliseconds and bytes.
fn limits() -> Limits {
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u32>().ok());
    let mut limits = Limits::default();
    if let Some(millis) = number("FIXTURE_GRACE") {
        limits = limits.grace(Duration::from_millis(millis.into()));
    }
    if let Some(calls) = number("FIXTURE_IN_FLIGHT") {
        limits = limits.in_flight(calls as usize);
    }
    if let Some(bytes) = number("FIXTURE_OUTGOING") {
        limits = limits.outgoing(bytes as usize);
    }
    limits
}

fn fixture() -> Server {
    server![
        add,
        echo,
        same,
        letters,
        letters_later,
        sleep,
        nap,
        wait,
        wait_and_panic,
        hold,
        compute,
        block,
        print,
        spawn,
        read_input,
        panics,
        panics_later,
        panics_in_drop,
        panics_in_serialize,
        fails_in_serialize,
        panics_in_display,
        progress,
        progress_afterwards,
        log,
        many,
        manual,
        panicking_resource,
        note,
        review,
        panicking_prompt,
    ]
    .limits(limits())
    .page_size(5)
}

fn main() -> mcp_runtime::Result<()> {
    fixture().run_blocking()
}
