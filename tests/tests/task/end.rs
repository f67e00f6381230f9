//! How tasks are given up, by their client or because their time is over.

use std::time::Duration;

use mcp_runtime::Limits;
use mcp_tests::client::text;
use serde_json::json;
use tokio::time::sleep;

use crate::{asked, assert_acknowledged, begin, cancel, count, get, kitchen, noted, open};

#[tokio::test(start_paused = true)]
async fn a_task_that_is_given_up_while_it_works_stops() {
    let (server, notes) = noted();
    let mut client = open(server).await;
    let id = begin(&mut client, "never", json!({})).await;
    let other = begin(&mut client, "never", json!({})).await;
    assert_eq!(get(&mut client, &id).await["status"], "working");
    assert_eq!((count(&notes.running), count(&notes.cancelled)), (2, 0));
    assert_acknowledged(&cancel(&mut client, &id).await);
    assert_eq!(get(&mut client, &id).await["status"], "cancelled");
    // What it began beside itself hears of it too, and only that.
    assert_eq!((count(&notes.running), count(&notes.cancelled)), (1, 1));
    assert_eq!(get(&mut client, &other).await["status"], "working");
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_given_up_while_it_asks_asks_no_more() {
    let mut client = open(kitchen()).await;
    let id = begin(&mut client, "both", json!({})).await;
    assert_eq!(asked(&get(&mut client, &id).await).len(), 2);
    assert_acknowledged(&cancel(&mut client, &id).await);
    for _ in 0..2 {
        let task = get(&mut client, &id).await;
        assert_eq!((&task["status"], task.get("inputRequests")), (&json!("cancelled"), None));
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_done_stays_what_it_is() {
    let mut client = open(kitchen()).await;
    for (tool, status) in [("work", "completed"), ("fail", "completed"), ("refuse", "failed"), ("never", "cancelled")] {
        let id = begin(&mut client, tool, json!({})).await;
        let task = get(&mut client, &id).await;
        if status == "cancelled" {
            assert_eq!(task["status"], "working");
            cancel(&mut client, &id).await;
        }
        let before = get(&mut client, &id).await;
        assert_eq!(before["status"], status);
        for _ in 0..2 {
            assert_acknowledged(&cancel(&mut client, &id).await);
        }
        assert_eq!(get(&mut client, &id).await, before, "{tool}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_is_done_as_soon_as_giving_it_up_is_acknowledged() {
    let mut client = open(kitchen()).await;
    let id = begin(&mut client, "work", json!({ "seconds": 10 })).await;
    cancel(&mut client, &id).await;
    assert_eq!(client.request("tasks/get", json!({ "taskId": id })).await["status"], "cancelled");
    sleep(Duration::from_secs(20)).await;
    // What the function would have said by now is not heard.
    assert_eq!(get(&mut client, &id).await["status"], "cancelled");
}

#[tokio::test(start_paused = true)]
async fn a_panic_while_a_task_is_given_up_harms_nobody_else() {
    let mut client = open(kitchen()).await;
    let id = begin(&mut client, "explode", json!({})).await;
    get(&mut client, &id).await;
    assert_acknowledged(&cancel(&mut client, &id).await);
    assert_eq!(get(&mut client, &id).await["status"], "cancelled");
    let id = begin(&mut client, "work", json!({})).await;
    assert_eq!(text(&get(&mut client, &id).await["result"]), "worked for 0 s");
}

#[tokio::test(start_paused = true)]
async fn the_notification_that_gives_up_calls_does_not_touch_tasks() {
    let (server, notes) = noted();
    let mut client = open(server).await;
    let message = client.message("made", "tools/call", json!({ "name": "never" }));
    let id = crate::id_of(&client.exchange(&message).await);
    get(&mut client, &id).await;
    for named in ["made", &id] {
        client.notify("notifications/cancelled", Some(json!({ "requestId": named }))).await;
        assert_eq!(get(&mut client, &id).await["status"], "working");
        assert_eq!((count(&notes.running), count(&notes.cancelled)), (1, 0));
    }
    // A call that is no task is given up by it.
    client.capabilities = json!({});
    let message = client.message("call", "tools/call", json!({ "name": "never" }));
    client.send(&message).await;
    sleep(Duration::from_millis(10)).await;
    assert_eq!(count(&notes.running), 2);
    client.notify("notifications/cancelled", Some(json!({ "requestId": "call" }))).await;
    sleep(Duration::from_millis(10)).await;
    assert_eq!((count(&notes.running), count(&notes.cancelled)), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_task_whose_time_is_over_is_unknown_and_its_work_stops() {
    let (server, notes) = noted();
    let mut client = open(server.limits(Limits::default().task_ttl(Duration::from_secs(10)))).await;
    let made = client.call("never", json!({})).await;
    assert_eq!(made["ttlMs"], 10_000);
    let id = crate::id_of(&made);
    sleep(Duration::from_secs(9)).await;
    assert_eq!(get(&mut client, &id).await["status"], "working");
    assert_eq!((count(&notes.running), count(&notes.cancelled)), (1, 0));
    sleep(Duration::from_secs(1)).await;
    let unknown = client.request("tasks/get", json!({ "taskId": "unheard" })).await;
    let answer = get(&mut client, &id).await;
    assert_eq!(answer["message"], unknown["message"].as_str().unwrap().replace("unheard", &id));
    assert_eq!(cancel(&mut client, &id).await["code"], -32602);
    assert_eq!((count(&notes.running), count(&notes.cancelled)), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_done_is_kept_for_the_whole_of_its_time_and_no_longer() {
    let mut client = open(kitchen().limits(Limits::default().task_ttl(Duration::from_secs(10)))).await;
    let id = begin(&mut client, "work", json!({ "seconds": 8 })).await;
    sleep(Duration::from_secs(9)).await;
    assert_eq!(text(&get(&mut client, &id).await["result"]), "worked for 8 s");
    // Its time counts from its beginning, not from its last change.
    sleep(Duration::from_secs(1)).await;
    assert_eq!(get(&mut client, &id).await["code"], -32602);
}
