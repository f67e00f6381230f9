//! tower layers around calls: tower's own, their order, and how their errors are told.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use mcp_runtime::{Call, ProtocolError, Reply, Server, State, prompt, resource, server, tool};
use mcp_tests::connection::{Connection, modern, request};
use mcp_tests::process::call;
use serde_json::json;
use tower::limit::{ConcurrencyLimitLayer, GlobalConcurrencyLimitLayer};
use tower::timeout::TimeoutLayer;
use tower::util::MapRequestLayer;
use tower::{Layer, Service, ServiceBuilder};

/// Sleeps.
#[tool]
async fn sleep(millis: u64) -> &'static str {
    tokio::time::sleep(Duration::from_millis(millis)).await;
    "slept"
}

/// How many calls run at once, and the most that did.
#[derive(Default)]
struct Running {
    now: AtomicUsize,
    most: AtomicUsize,
}

/// Sleeps and counts.
#[tool]
async fn counted(running: State<Arc<Running>>) {
    let now = running.now.fetch_add(1, Ordering::SeqCst) + 1;
    running.most.fetch_max(now, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(10)).await;
    running.now.fetch_sub(1, Ordering::SeqCst);
}

/// A resource that takes its time.
#[resource("file:///slow")]
async fn slow() -> &'static str {
    tokio::time::sleep(Duration::from_secs(5)).await;
    "slow"
}

/// A prompt.
#[prompt]
fn quick() -> &'static str {
    "quick"
}

fn sleepers() -> Server {
    server![sleep, slow, quick]
}

#[tokio::test(start_paused = true)]
async fn a_timeout_of_tower_ends_a_call_and_is_told_to_the_model() {
    let mut connection = Connection::open(sleepers().layer(TimeoutLayer::new(Duration::from_millis(100))));
    let answer = connection.ask(&call(1, "sleep", json!({ "millis": 50 }))).await;
    assert_eq!(answer["result"]["content"][0]["text"], "slept");
    let answer = connection.ask(&call(2, "sleep", json!({ "millis": 5000 }))).await;
    let text = answer["result"]["content"][0]["text"].as_str().unwrap();
    assert_eq!(answer["result"]["isError"], true);
    assert!(text.contains("`sleep`") && text.contains("timed out"), "{text}");
    let answer = connection.ask(&modern(3, "resources/read", json!({ "uri": "file:///slow" }))).await;
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(3), &json!(-32603)), "{answer}");
    let answer = connection.ask(&modern(4, "prompts/get", json!({ "name": "quick" }))).await;
    assert!(answer.get("result").is_some(), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_concurrency_limit_of_tower_lets_so_many_calls_run_and_answers_all() {
    for (limit, expected) in [(1, 1), (3, 3), (100, 20)] {
        let running = Arc::new(Running::default());
        let server = server![counted].state(Arc::clone(&running)).layer(GlobalConcurrencyLimitLayer::new(limit));
        let mut connection = Connection::open(server);
        for id in 0..20 {
            connection.send(&call(id, "counted", json!({})).to_string()).await;
        }
        assert_eq!(connection.rest().await.len(), 20);
        assert_eq!(running.most.load(Ordering::SeqCst), expected, "where {limit} may");
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_is_cloned_with_its_service_holds_as_well() {
    let running = Arc::new(Running::default());
    let server = server![counted].state(Arc::clone(&running)).layer(ConcurrencyLimitLayer::new(2));
    let mut connection = Connection::open(server);
    for id in 0..10 {
        connection.send(&call(id, "counted", json!({})).to_string()).await;
    }
    assert_eq!(connection.rest().await.len(), 10);
    assert_eq!(running.most.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_given_up_makes_room_under_a_limit() {
    let mut connection = Connection::open(sleepers().layer(ConcurrencyLimitLayer::new(1)));
    connection.send(&call("first", "sleep", json!({ "millis": 3_600_000 })).to_string()).await;
    connection.send(&call("second", "sleep", json!({ "millis": 1 })).to_string()).await;
    assert_eq!(connection.try_next().await, None);
    connection.send(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"first"}}"#).await;
    assert_eq!(connection.next().await["id"], "second");
}

/// Notes its name, the method and the name of each call on the way in and its own on the way out.
#[derive(Clone)]
struct Noting {
    name: &'static str,
    notes: Arc<Mutex<Vec<String>>>,
}

#[derive(Clone)]
struct Noted<S> {
    inner: S,
    layer: Noting,
}

impl<S> Layer<S> for Noting {
    type Service = Noted<S>;

    fn layer(&self, inner: S) -> Noted<S> {
        Noted { inner, layer: self.clone() }
    }
}

impl<S> Service<Call> for Noted<S>
where
    S: Service<Call, Response = Reply>,
    S::Future: Send + 'static,
    S::Error: 'static,
{
    type Response = Reply;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Reply, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, call: Call) -> Self::Future {
        let Noting { name, notes } = self.layer.clone();
        let arguments = call.arguments().map(|json| String::from_utf8_lossy(json).into_owned()).unwrap_or_default();
        let note =
            format!("{name}: {} {} {arguments} {}", call.method().as_str(), call.name(), call.context().revision());
        notes.lock().unwrap().push(note);
        let future = self.inner.call(call);
        Box::pin(async move {
            let reply = future.await?;
            notes.lock().unwrap().push(format!("{name}: {}", if reply.is_error() { "failed" } else { "fine" }));
            Ok(reply)
        })
    }
}

#[tokio::test(start_paused = true)]
async fn the_layer_that_was_added_last_runs_first_and_sees_every_call() {
    let notes = Arc::new(Mutex::new(Vec::new()));
    let noting = |name| Noting { name, notes: Arc::clone(&notes) };
    let server = sleepers().layer(noting("inner")).layer(noting("outer"));
    let mut connection = Connection::handshake(server, "2025-03-26").await;
    connection.ask(&request(1, "tools/call", json!({ "name": "sleep", "arguments": { "millis": 1 } }))).await;
    connection.ask(&request(2, "tools/call", json!({ "name": "sleep", "arguments": {} }))).await;
    connection.ask(&modern(3, "tools/list", json!({}))).await;
    connection.ask(&request(4, "prompts/get", json!({ "name": "unheard_of" }))).await;
    // These are answered without the layers.
    connection.ask(&request(5, "ping", json!({}))).await;
    connection.ask(&modern(6, "server/discover", json!({}))).await;
    let both = |call: &str, end: &str| {
        [format!("outer: {call}"), format!("inner: {call}"), format!("inner: {end}"), format!("outer: {end}")]
    };
    let expected = [
        both("tools/call sleep {\"millis\":1} 2025-03-26", "fine"),
        both("tools/call sleep {} 2025-03-26", "failed"),
        both("tools/list   2026-07-28", "fine"),
        both("prompts/get unheard_of  2025-03-26", "failed"),
    ];
    assert_eq!(*notes.lock().unwrap(), expected.concat());
}

#[tokio::test(start_paused = true)]
async fn a_stack_made_by_tower_is_one_layer() {
    let seen = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&seen);
    let stack = ServiceBuilder::new()
        .timeout(Duration::from_millis(100))
        .concurrency_limit(4)
        .layer(MapRequestLayer::new(move |call: Call| {
            counting.fetch_add(1, Ordering::SeqCst);
            call
        }))
        .into_inner();
    let mut connection = Connection::open(sleepers().layer(stack));
    let answer = connection.ask(&call(1, "sleep", json!({ "millis": 5000 }))).await;
    assert_eq!(answer["result"]["isError"], true, "{answer}");
    let answer = connection.ask(&call(2, "sleep", json!({ "millis": 5 }))).await;
    assert_eq!(answer["result"]["content"][0]["text"], "slept");
    assert_eq!(seen.load(Ordering::SeqCst), 2);
}

/// Answers in place of the server, or panics.
#[derive(Clone)]
struct Guard<S>(S);

impl<S: Service<Call, Response = Reply>> Service<Call> for Guard<S>
where
    S::Future: Send + 'static,
    S::Error: 'static,
{
    type Response = Reply;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Reply, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, call: Call) -> Self::Future {
        match call.name() {
            "forbidden" => Box::pin(async { Ok(Reply::error(ProtocolError::new(4003, "forbidden"))) }),
            "broken" => panic!("a layer panics"),
            _ => Box::pin(self.0.call(call)),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_layer_may_answer_itself_and_a_panic_in_it_is_an_answer_too() {
    let server = sleepers().layer(tower::layer::layer_fn(Guard));
    let mut connection = Connection::open(server);
    let answer = connection.ask(&call(1, "forbidden", json!({}))).await;
    assert_eq!(answer["error"], json!({ "code": 4003, "message": "forbidden" }));
    let answer = connection.ask(&call(2, "broken", json!({}))).await;
    assert_eq!(answer["result"]["isError"], true, "{answer}");
    assert!(answer["result"]["content"][0]["text"].as_str().unwrap().contains("`broken` panicked"), "{answer}");
    let answer = connection.ask(&call(3, "sleep", json!({ "millis": 1 }))).await;
    assert_eq!(answer["result"]["content"][0]["text"], "slept");
}

#[tokio::test(start_paused = true)]
async fn a_layer_may_be_a_service_that_cannot_fail_and_asks_nobody_else() {
    let closed = tower::layer::layer_fn(|_: mcp_runtime::Stack| {
        tower::service_fn(|call: Call| async move {
            let message = format!("{} is closed", call.method().as_str());
            Ok::<_, Infallible>(Reply::error(ProtocolError::internal(message)))
        })
    });
    let mut connection = Connection::open(sleepers().layer(closed));
    let answer = connection.ask(&modern(1, "tools/list", json!({}))).await;
    assert_eq!(answer["error"]["message"], "tools/list is closed");
}
