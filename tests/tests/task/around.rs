//! What a task says while it runs, which is nothing, and the layers around the call that it was.

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mcp_runtime::{Call, Context, ProtocolError, Reply, Stack, tool};
use mcp_tests::client::{Client, everything, text};
use serde_json::{Value, json};
use tokio::time::sleep;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::timeout::TimeoutLayer;
use tower::util::{MapRequestLayer, MapResponseLayer};
use tower::{ServiceExt, layer::layer_fn, service_fn};

use crate::{LATEST, assert_acknowledged, begin, cancel, get, id_of, kitchen, knowing, open, update};

/// Says what it does, before it becomes a task and after.
#[tool(task = "later")]
pub(crate) async fn noisy(cx: &Context) -> &'static str {
    cx.progress(1).send();
    cx.info("before");
    cx.begin_task().await;
    cx.progress(2).send();
    cx.info("after");
    sleep(Duration::from_secs(1)).await;
    cx.progress(3).send();
    cx.error("at the end");
    "quiet"
}

/// Calls a tool that wants to be told of everything, and gives all frames.
async fn told(client: &mut Client, tool: &str) -> Vec<Value> {
    let meta = json!({ "progressToken": "p", "io.modelcontextprotocol/logLevel": "debug" });
    let message = client.message("told", "tools/call", json!({ "name": tool, "_meta": meta }));
    client.send(&message).await;
    client.rest().await
}

#[tokio::test(start_paused = true)]
async fn a_task_says_nothing_after_its_call_was_answered() {
    let mut client = open(kitchen()).await;
    let frames = told(&mut client, "noisy").await;
    let said = |frames: &[Value]| {
        let about = frames.iter().map(|frame| match frame["method"].as_str() {
            Some("notifications/progress") => frame["params"]["progress"].clone(),
            Some(_) => frame["params"]["data"].clone(),
            None => "answer".into(),
        });
        about.collect::<Vec<_>>()
    };
    assert_eq!(said(&frames), [json!(1), json!("before"), json!("answer")]);
    let id = id_of(&frames[2]["result"]);
    assert_eq!(text(&get(&mut client, &id).await["result"]), "quiet");
    assert_eq!(client.rest().await, Vec::<Value>::new());
    client.capabilities = everything(LATEST);
    let frames = told(&mut client, "noisy").await;
    let all = [json!(1), json!("before"), json!(2), json!("after"), json!(3), json!("at the end"), json!("answer")];
    assert_eq!(said(&frames), all);
}

#[tokio::test(start_paused = true)]
async fn a_task_does_not_end_its_connection_late() {
    let mut client = open(kitchen()).await;
    begin(&mut client, "never", json!({})).await;
    let began = tokio::time::Instant::now();
    assert_eq!(client.close().await, Vec::<Value>::new());
    // The time for which the connection is asked whether more comes.
    assert!(began.elapsed() < Duration::from_mins(1), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn the_time_of_a_layer_is_over_for_calls_but_not_for_tasks() {
    let mut client = open(kitchen().layer(TimeoutLayer::new(Duration::from_secs(5)))).await;
    for tool in ["work", "later"] {
        client.capabilities = knowing(LATEST);
        let id = begin(&mut client, tool, json!({ "seconds": 10 })).await;
        sleep(Duration::from_secs(10)).await;
        let task = get(&mut client, &id).await;
        assert_eq!((&task["status"], task["result"].get("isError")), (&json!("completed"), None), "{tool}: {task}");
        client.capabilities = everything(LATEST);
        let result = client.call(tool, json!({ "seconds": 10 })).await;
        assert_eq!(result["isError"], true, "{tool}: {result}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_gives_back_its_place_under_a_limit_and_a_call_keeps_it() {
    let mut client = open(kitchen().layer(GlobalConcurrencyLimitLayer::new(1))).await;
    for _ in 0..3 {
        let id = begin(&mut client, "both", json!({})).await;
        assert_eq!(crate::asked(&get(&mut client, &id).await).len(), 2);
        assert_acknowledged(&update(&mut client, &id, json!({})).await);
        assert_acknowledged(&cancel(&mut client, &id).await);
    }
    client.capabilities = everything(LATEST);
    let held = client.message("held", "tools/call", json!({ "name": "never" }));
    client.send(&held).await;
    let waits = client.message("waits", "tools/call", json!({ "name": "greet" }));
    client.send(&waits).await;
    assert_eq!(client.try_next().await, None);
}

#[tokio::test(start_paused = true)]
async fn layers_see_the_call_that_becomes_a_task_and_what_is_asked_about_it() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let answered = Arc::new(AtomicUsize::new(0));
    let (seeing, answering) = (Arc::clone(&seen), Arc::clone(&answered));
    let server = kitchen()
        .layer(MapRequestLayer::new(move |call: Call| {
            seeing.lock().unwrap().push(format!("{} {}", call.method().as_str(), call.name()));
            call
        }))
        .layer(MapResponseLayer::new(move |reply: Reply| {
            answering.fetch_add(usize::from(!reply.is_error()), Ordering::SeqCst);
            reply
        }));
    let mut client = open(server).await;
    let id = begin(&mut client, "fail", json!({})).await;
    assert_eq!(get(&mut client, &id).await["result"]["isError"], true);
    cancel(&mut client, &id).await;
    let about = |method: &str| format!("{method} {id}");
    assert_eq!(*seen.lock().unwrap(), ["tools/call fail".to_owned(), about("tasks/get"), about("tasks/cancel")]);
    // That the task fails is none of the layer's business: the call had become a task.
    assert_eq!(answered.load(Ordering::SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn what_a_layer_refuses_becomes_no_task() {
    let gate = layer_fn(|inner: Stack| {
        service_fn(move |call: Call| {
            let inner = inner.clone();
            async move {
                if call.name() == "work" {
                    return Ok::<_, Infallible>(Reply::error(ProtocolError::new(4003, "forbidden")));
                }
                Ok(inner.oneshot(call).await.unwrap_or_else(|_| panic!("the server itself does not fail")))
            }
        })
    });
    let mut client = open(kitchen().layer(gate)).await;
    assert_eq!(client.call("work", json!({})).await["code"], 4003);
    begin(&mut client, "later", json!({})).await;
}
