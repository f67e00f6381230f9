//! A server whose functions do what functions should not, and whose bounds come from the environment: for what the tests break
//! on purpose, over standard input and output and over HTTP.

use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use mcp_runtime::{Context, HttpOptions, Limits, Server, server, tool};
use mcp_tests::gate;
use mcp_tests::hazard::{Grenade, Shy};

/// Adds two integers.
#[tool(read_only)]
fn add(a: i64, b: i64) -> i64 {
    a + b
}

/// Says the same letter many times.
#[tool]
fn letters(count: usize) -> String {
    "x".repeat(count)
}

/// How often whoever waits looks whether it may go on.
const LOOK: Duration = Duration::from_millis(20);

/// Sleeps, for so long or until the gate is open, and says what it is called.
#[tool]
async fn nap(name: &str, millis: u64) -> String {
    eprintln!("{name} naps");
    let (start, time) = (Instant::now(), Duration::from_millis(millis));
    while start.elapsed() < time && !gate::is_open(name) {
        tokio::time::sleep(if gate::is_there() { LOOK } else { time }).await;
    }
    name.to_owned()
}

/// Says on standard error that it was dropped.
struct Dropped(String);

impl Drop for Dropped {
    fn drop(&mut self) {
        eprintln!("{} given up", self.0);
    }
}

/// Waits until it is given up.
#[tool]
async fn wait(name: String) {
    eprintln!("{name} waits");
    let _dropped = Dropped(name);
    std::future::pending::<()>().await;
}

/// Tells how far it has come, at length and until it is given up.
#[tool]
async fn chatter(cx: &Context, name: String) {
    eprintln!("{name} chatters");
    let _dropped = Dropped(name);
    let text = "x".repeat(64 * 1024);
    for step in 1_u64.. {
        cx.progress(step).message(&text).send();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Holds its thread asleep, for so long or until the gate is open, and says what it is called.
#[tool]
fn hold(name: &str, millis: u64) -> String {
    eprintln!("{name} holds");
    let (start, time) = (Instant::now(), Duration::from_millis(millis));
    while start.elapsed() < time && !gate::is_open(name) {
        thread::sleep(if gate::is_there() { LOOK } else { time });
    }
    eprintln!("{name} ended");
    name.to_owned()
}

fn turn(name: &str, millis: u64) {
    let (start, mut looked) = (Instant::now(), Instant::now());
    while start.elapsed() < Duration::from_millis(millis) {
        std::hint::spin_loop();
        if looked.elapsed() > LOOK {
            if gate::is_open(name) {
                return;
            }
            looked = Instant::now();
        }
    }
}

/// Computes without a pause, for so long or until the gate is open, and says what it is called.
#[tool]
fn spin(name: &str, millis: u64) -> String {
    eprintln!("{name} spins");
    turn(name, millis);
    eprintln!("{name} ended");
    name.to_owned()
}

/// Computes in a task of its own, where a timer woke it, and asks nobody whether it is still wanted.
#[tool]
async fn deaf(name: &str, millis: u64) -> String {
    tokio::time::sleep(Duration::from_millis(20)).await;
    eprintln!("{name} spins");
    turn(name, millis);
    eprintln!("{name} ended");
    name.to_owned()
}

/// Waits for a lock that it holds itself, and the thread with it.
#[tool]
fn deadlock(name: &str) -> String {
    let lock = Mutex::new(());
    let first = lock.lock();
    eprintln!("{name} locks");
    let second = lock.lock();
    drop((first, second));
    name.to_owned()
}

/// The same without a thread of its own.
#[tool]
async fn deadlock_later(name: &str) -> String {
    let lock = tokio::sync::Mutex::new(());
    let first = lock.lock().await;
    eprintln!("{name} locks");
    let second = lock.lock().await;
    drop((first, second));
    name.to_owned()
}

/// Panics at once.
#[tool]
fn panics() -> String {
    panic!("at once")
}

/// Panics in a task of its own.
#[tool]
async fn panics_later() -> String {
    tokio::task::yield_now().await;
    panic!("later")
}

/// Drops something that panics then.
#[tool]
fn panics_in_drop() -> &'static str {
    let _grenade = Grenade::default();
    "it went well"
}

/// Answers with something that panics when it is dropped.
#[tool]
fn panics_in_drop_of_its_result() -> Grenade {
    Grenade::default()
}

/// Answers with something that panics when it is serialized.
#[tool]
fn panics_in_serialize() -> Shy {
    Shy::default()
}

/// A number from the environment.
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    if let Some(millis) = number("FAULTY_GRACE") {
        limits = limits.grace(Duration::from_millis(millis));
    }
    if let Some(calls) = number("FAULTY_IN_FLIGHT").and_then(|calls| calls.try_into().ok()) {
        limits = limits.in_flight(calls);
    }
    if let Some(bytes) = number("FAULTY_OUTGOING").and_then(|bytes| bytes.try_into().ok()) {
        limits = limits.outgoing(bytes);
    }
    limits
}

fn options() -> HttpOptions {
    let mut options = HttpOptions::default();
    if let Some(connections) = number("FAULTY_CONNECTIONS").and_then(|most| most.try_into().ok()) {
        options = options.connections(connections);
    }
    if let Some(millis) = number("FAULTY_HEADER_TIME") {
        options = options.header_time(Duration::from_millis(millis));
    }
    if let Some(millis) = number("FAULTY_BODY_TIME") {
        options = options.body_time(Duration::from_millis(millis));
    }
    if let Some(millis) = number("FAULTY_WRITE_TIME") {
        options = options.write_time(Duration::from_millis(millis));
    }
    options
}

fn faulty() -> Server {
    server![
        add,
        letters,
        nap,
        wait,
        chatter,
        hold,
        spin,
        deaf,
        deadlock,
        deadlock_later,
        panics,
        panics_later,
        panics_in_drop,
        panics_in_drop_of_its_result,
        panics_in_serialize,
    ]
    .limits(limits())
    .http(options())
}

fn main() -> mcp_runtime::Result<()> {
    faulty().run_blocking()
}
