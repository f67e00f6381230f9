//! How many tasks there may be, and what becomes of one for which there is no room.

use std::time::Duration;

use mcp_runtime::Limits;
use mcp_runtime::store::{Bounds, MemoryStore};
use mcp_tests::client::{everything, text};
use serde_json::json;
use tokio::time::sleep;

use crate::{LATEST, begin, cancel, count, get, kitchen, knowing, noted, open};

#[tokio::test(start_paused = true)]
async fn there_are_so_many_tasks_and_no_more_until_the_time_of_one_is_over() {
    let (server, notes) = noted();
    let mut client = open(server.limits(Limits::default().tasks(2).task_ttl(Duration::from_secs(10)))).await;
    let first = begin(&mut client, "never", json!({})).await;
    sleep(Duration::from_secs(5)).await;
    let second = begin(&mut client, "work", json!({})).await;
    for _ in 0..3 {
        let refused = client.call("never", json!({})).await;
        assert_eq!(refused["code"], -32603, "{refused}");
        assert!(refused["message"].as_str().unwrap().contains("2 tasks"), "{refused}");
    }
    // One that is given up or done still counts: it can be asked about.
    cancel(&mut client, &first).await;
    assert_eq!(client.call("never", json!({})).await["code"], -32603);
    assert_eq!(count(&notes.begun), 1, "what was refused has never begun");
    // Who does not know tasks needs no room.
    client.capabilities = everything(LATEST);
    assert_eq!(text(&client.call("work", json!({})).await), "worked for 0 s");
    client.capabilities = knowing(LATEST);
    sleep(Duration::from_secs(5)).await;
    assert_eq!(get(&mut client, &second).await["status"], "completed");
    begin(&mut client, "never", json!({})).await;
    assert_eq!(client.call("never", json!({})).await["code"], -32603);
}

#[tokio::test(start_paused = true)]
async fn a_full_store_refuses_tasks_until_there_is_room() {
    let store = MemoryStore::new(Bounds::default().entries(1));
    let limits = Limits::default().task_ttl(Duration::from_secs(10));
    let mut client = open(kitchen().store(store).limits(limits)).await;
    let id = begin(&mut client, "work", json!({})).await;
    let refused = client.call("work", json!({})).await;
    assert_eq!(refused["code"], -32603, "{refused}");
    assert!(refused["message"].as_str().unwrap().contains("no room"), "{refused}");
    assert_eq!(get(&mut client, &id).await["status"], "completed");
    sleep(Duration::from_secs(10)).await;
    begin(&mut client, "work", json!({})).await;
}

#[tokio::test(start_paused = true)]
async fn a_result_for_which_there_is_no_room_is_a_failure_that_says_so() {
    let store = MemoryStore::new(Bounds::default().bytes(20_000));
    let mut client = open(kitchen().store(store)).await;
    for (length, status) in [(100, "completed"), (100_000, "failed"), (200, "completed")] {
        let id = begin(&mut client, "recite", json!({ "length": length })).await;
        let task = get(&mut client, &id).await;
        assert_eq!(task["status"], status, "{length}");
        if status == "failed" {
            assert_eq!(task["error"]["code"], -32603, "{task}");
            assert!(task["error"]["message"].as_str().unwrap().contains("could not be kept"), "{task}");
        }
    }
}
