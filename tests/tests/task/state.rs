//! What `tasks/get` says of a task in each status, and what its result is.

use std::time::Duration;

use mcp_runtime::{Context, server, tool};
use mcp_tests::client::{everything, said, text};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{LATEST, asked, begin, cancel, get, kitchen, knowing, open, update};

#[tokio::test(start_paused = true)]
async fn a_task_works_and_then_is_done() {
    let mut client = open(kitchen()).await;
    let id = begin(&mut client, "work", json!({ "seconds": 60 })).await;
    for _ in 0..3 {
        let task = get(&mut client, &id).await;
        assert_eq!((&task["status"], &task["resultType"]), (&json!("working"), &json!("complete")), "{task}");
    }
    sleep(Duration::from_mins(1)).await;
    for _ in 0..3 {
        let task = get(&mut client, &id).await;
        assert_eq!((&task["status"], &task["resultType"]), (&json!("completed"), &json!("complete")), "{task}");
        assert_eq!(text(&task["result"]), "worked for 60 s");
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_asks_says_all_of_it_whenever_it_is_asked() {
    let mut client = open(kitchen()).await;
    let id = begin(&mut client, "both", json!({})).await;
    let first = get(&mut client, &id).await;
    assert_eq!(asked(&first), ["ask-2", "dish-1"]);
    assert_eq!(first["inputRequests"]["dish-1"]["method"], "sampling/createMessage");
    assert_eq!(first["inputRequests"]["ask-2"]["method"], "roots/list");
    assert_eq!(get(&mut client, &id).await, first, "asking about a task changes it");
}

#[tokio::test(start_paused = true)]
async fn a_result_is_the_one_that_the_call_would_have_had() {
    let mut client = open(kitchen()).await;
    for tool in ["work", "measure", "measure_all", "show", "recite", "fail", "panic", "unheard_argument"] {
        let (tool, arguments) =
            if tool == "unheard_argument" { ("work", json!({ "seconds": "x" })) } else { (tool, json!({})) };
        client.capabilities = everything(LATEST);
        let expected = client.call(tool, arguments.clone()).await;
        assert_eq!(expected["resultType"], "complete", "{tool}: {expected}");
        client.capabilities = knowing(LATEST);
        let id = begin(&mut client, tool, arguments.clone()).await;
        sleep(Duration::from_secs(2)).await;
        let task = get(&mut client, &id).await;
        assert_eq!((&task["status"], &task["result"]), (&json!("completed"), &expected), "{tool}");
        let is_wrong = !arguments.as_object().unwrap().is_empty();
        assert_eq!(expected["isError"] == true, is_wrong || ["fail", "panic"].contains(&tool), "{tool}: {expected}");
        assert_eq!(task.get("statusMessage"), None, "{tool}: {task}");
        assert!(!task.to_string().contains("related-task"), "{tool}: {task}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_refused_is_a_task_that_failed() {
    let mut client = open(kitchen()).await;
    for (tool, fails) in [("refuse", true), ("fail", false), ("panic", false)] {
        let id = begin(&mut client, tool, json!({})).await;
        sleep(Duration::from_secs(2)).await;
        let task = get(&mut client, &id).await;
        assert_eq!(task["status"], if fails { "failed" } else { "completed" }, "{tool}");
        if fails {
            let error = json!({ "code": 4001, "message": "refused", "data": "for a reason" });
            assert_eq!((&task["error"], &task["statusMessage"]), (&error, &json!("refused")), "{tool}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_asks_what_its_client_cannot_do_fails_like_the_call_would() {
    let mut client = open(kitchen()).await;
    let mut unable = knowing(LATEST);
    unable.as_object_mut().unwrap().remove("sampling");
    for tasks in [true, false] {
        client.capabilities = unable.clone();
        if !tasks {
            client.capabilities.as_object_mut().unwrap().remove("extensions");
        }
        let answer = client.call("in_turn", json!({})).await;
        client.capabilities = knowing(LATEST);
        let error = if tasks {
            let task = get(&mut client, &crate::id_of(&answer)).await;
            assert_eq!(task["status"], "failed", "{task}");
            task["error"].clone()
        } else {
            answer
        };
        assert_eq!(error["code"], -32021, "{error}");
        assert_eq!(error["data"]["requiredCapabilities"], json!({ "sampling": {} }));
    }
    // What counts is what the request could that made the task, not the one that asks about it.
    let id = begin(&mut client, "in_turn", json!({})).await;
    client.capabilities = unable;
    assert_eq!(asked(&get(&mut client, &id).await), ["next-1"]);
}

/// Asks for what its client cannot do, then for something else, and fails for a reason of its own.
#[tool(task)]
async fn insist(cx: &Context) -> Result<(), String> {
    let _ = cx.sample("A dish?").await;
    let _ = cx.roots().await;
    Err("no dish".to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_task_that_found_another_way_fails_for_its_own_reason() {
    let mut client = open(server![insist]).await;
    client.capabilities.as_object_mut().unwrap().remove("sampling");
    let id = begin(&mut client, "insist", json!({})).await;
    let answers = json!({ asked(&get(&mut client, &id).await)[0]: { "roots": [] } });
    update(&mut client, &id, answers).await;
    let task = get(&mut client, &id).await;
    assert_eq!((&task["status"], text(&task["result"])), (&json!("completed"), "no dish"));
    client.capabilities.as_object_mut().unwrap().remove("roots");
    let id = begin(&mut client, "insist", json!({})).await;
    let lacks = &get(&mut client, &id).await["error"]["data"]["requiredCapabilities"];
    assert_eq!(*lacks, json!({ "sampling": {}, "roots": {} }));
}

#[tokio::test(start_paused = true)]
async fn the_time_of_making_stays_and_the_time_of_the_last_change_moves() {
    let mut client = open(kitchen()).await;
    let made = client.call("in_turn", json!({})).await;
    let id = crate::id_of(&made);
    let mut last = made["lastUpdatedAt"].as_str().unwrap().to_owned();
    for number in 1..=3 {
        // The clock of the wall cannot be paused.
        std::thread::sleep(Duration::from_millis(3));
        let key = format!("next-{number}");
        update(&mut client, &id, json!({ key: said("salt") })).await;
        let task = get(&mut client, &id).await;
        assert_eq!(task["createdAt"], made["createdAt"]);
        assert_eq!((&task["ttlMs"], &task["pollIntervalMs"]), (&made["ttlMs"], &made["pollIntervalMs"]));
        let now = task["lastUpdatedAt"].as_str().unwrap().to_owned();
        assert!(now > last || number == 1 && now >= last, "{now} after {last}");
        last = now;
    }
    let done = get(&mut client, &id).await;
    assert_eq!(done["status"], "completed");
    std::thread::sleep(Duration::from_millis(3));
    cancel(&mut client, &id).await;
    update(&mut client, &id, json!({ "next-3": said("pepper") })).await;
    assert_eq!(get(&mut client, &id).await, done, "what is done changes no more");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_task_is_unknown_by_every_method() {
    let mut client = open(kitchen()).await;
    let known = begin(&mut client, "work", json!({ "seconds": 60 })).await;
    for id in ["", "unheard", "../tasks", &known[1..], &known.to_uppercase().replace(char::is_numeric, "x")] {
        for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
            let answer = client.request(method, json!({ "taskId": id, "inputResponses": {} })).await;
            assert_eq!(answer["code"], -32602, "{method} {id}: {answer}");
        }
    }
    for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
        let answer = client.request(method, json!({ "taskId": known, "inputResponses": {} })).await;
        assert_eq!(answer["resultType"], "complete", "{method}: {answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn requests_without_what_they_need_are_refused() {
    let mut client = open(kitchen()).await;
    let id = begin(&mut client, "work", json!({ "seconds": 60 })).await;
    for (method, params) in [
        ("tasks/get", json!({})),
        ("tasks/cancel", json!({ "taskId": Value::Null })),
        ("tasks/update", json!({ "inputResponses": {} })),
        ("tasks/update", json!({ "taskId": id })),
        ("tasks/update", json!({ "taskId": id, "inputResponses": "x" })),
    ] {
        let message = client.message("wrong", method, params);
        client.send_wrong(&message).await;
        let answer = client.next().await;
        assert_eq!(answer["error"]["code"], -32602, "{message}: {answer}");
    }
    assert_eq!(get(&mut client, &id).await["status"], "working");
}
