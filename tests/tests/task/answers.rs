//! How a task asks its client, and what becomes of the answers.

use std::time::Duration;

use mcp_tests::client::{Client, said, text};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{asked, assert_acknowledged, begin, cancel, count, get, kitchen, noted, open, update};

fn roots() -> Value {
    json!({ "roots": [{ "uri": "file:///a" }, { "uri": "file:///b" }] })
}

/// Sends answers of which the schemas hold nothing, and gives the error.
async fn update_wrongly(client: &mut Client, id: &str, answers: Value) -> Value {
    let message = client.message("wrong", "tasks/update", json!({ "taskId": id, "inputResponses": answers }));
    client.send_wrong(&message).await;
    client.next().await
}

#[tokio::test(start_paused = true)]
async fn answers_may_come_all_at_once_or_one_by_one() {
    for rounds in [
        vec![json!({ "dish-1": said("stew"), "ask-2": roots() })],
        vec![json!({ "dish-1": said("stew") }), json!({ "ask-2": roots() })],
        vec![json!({ "ask-2": roots() }), json!({}), json!({ "dish-1": said("stew") })],
    ] {
        let mut client = open(kitchen()).await;
        let id = begin(&mut client, "both", json!({})).await;
        let mut left = vec!["ask-2", "dish-1"];
        for answers in rounds {
            assert_eq!(asked(&get(&mut client, &id).await), left);
            left.retain(|key| answers.get(key).is_none());
            assert_acknowledged(&update(&mut client, &id, answers).await);
        }
        let task = get(&mut client, &id).await;
        assert_eq!((&task["status"], text(&task["result"])), (&json!("completed"), "stew in 2"));
    }
}

#[tokio::test(start_paused = true)]
async fn no_name_of_a_question_is_used_again() {
    let mut client = open(kitchen()).await;
    let id = begin(&mut client, "in_turn", json!({})).await;
    for (number, said_before) in [(1, ""), (2, "a"), (3, "ab")] {
        let task = get(&mut client, &id).await;
        let key = format!("next-{number}");
        assert_eq!(asked(&task), [&key]);
        let question = &task["inputRequests"][&key]["params"]["messages"][0]["content"]["text"];
        assert_eq!(*question, format!("{number} after {said_before:?}?"));
        // Whoever answers what was answered before is not heard.
        let answers = json!({ "next-1": said("a"), "next-2": said("b"), "next-3": said("c") });
        let mut answers = answers.as_object().unwrap().clone();
        answers.retain(|known, _| *known <= key);
        assert_acknowledged(&update(&mut client, &id, answers.into()).await);
    }
    assert_eq!(text(&get(&mut client, &id).await["result"]), "abc");
}

#[tokio::test(start_paused = true)]
async fn a_task_works_on_between_its_questions() {
    let mut client = open(kitchen()).await;
    let id = begin(&mut client, "impatient", json!({})).await;
    assert_eq!(asked(&get(&mut client, &id).await), ["ask-1"]);
    update(&mut client, &id, json!({ "ask-1": said("stew") })).await;
    let task = get(&mut client, &id).await;
    assert_eq!((&task["status"], task.get("inputRequests")), (&json!("working"), None));
    sleep(Duration::from_mins(1)).await;
    assert_eq!(text(&get(&mut client, &id).await["result"]), "stew");
}

#[tokio::test(start_paused = true)]
async fn what_a_task_no_longer_waits_for_is_no_longer_asked() {
    let mut client = open(kitchen()).await;
    let id = begin(&mut client, "impatient", json!({})).await;
    assert_eq!(asked(&get(&mut client, &id).await), ["ask-1"]);
    sleep(Duration::from_secs(61)).await;
    assert_eq!(get(&mut client, &id).await["status"], "working");
    assert_acknowledged(&update(&mut client, &id, json!({ "ask-1": said("stew") })).await);
    sleep(Duration::from_mins(1)).await;
    assert_eq!(text(&get(&mut client, &id).await["result"]), "soup, as always");
}

#[tokio::test(start_paused = true)]
async fn answers_that_nobody_waits_for_are_ignored_whatever_they_are() {
    let mut client = open(kitchen()).await;
    let id = begin(&mut client, "both", json!({})).await;
    let before = get(&mut client, &id).await;
    for answers in [json!({ "unheard": roots() }), json!({ "dish": said("stew"), "ask-1": said("stew") }), json!({})] {
        assert_acknowledged(&update(&mut client, &id, answers).await);
    }
    for answers in [json!({ "unheard": 7 }), json!({ "unheard": null, "": [] })] {
        let answer = update_wrongly(&mut client, &id, answers).await;
        assert_acknowledged(&answer["result"]);
    }
    let after = get(&mut client, &id).await;
    assert_eq!(after["inputRequests"], before["inputRequests"]);
    // What nobody waits for does not keep away what somebody does.
    let answers = json!({ "unheard": 7, "dish-1": said("stew"), "ask-2": roots() });
    let answer = update_wrongly(&mut client, &id, answers).await;
    assert_acknowledged(&answer["result"]);
    assert_eq!(text(&get(&mut client, &id).await["result"]), "stew in 2");
}

#[tokio::test(start_paused = true)]
async fn of_answers_with_a_wrong_one_among_them_none_is_taken() {
    let mut client = open(kitchen()).await;
    let id = begin(&mut client, "both", json!({})).await;
    let before = get(&mut client, &id).await;
    for wrong in [json!(7), Value::Null, json!({}), json!([]), json!({ "model": "m" })] {
        let answer = update_wrongly(&mut client, &id, json!({ "dish-1": wrong, "ask-2": roots() })).await;
        assert_eq!(answer["error"]["code"], -32602, "{wrong}: {answer}");
        assert!(answer["error"]["message"].as_str().unwrap().contains("`dish-1`"), "{answer}");
    }
    // These are answers, but to other questions.
    for wrong in [roots(), json!({ "action": "accept" })] {
        let answer = update(&mut client, &id, json!({ "dish-1": wrong, "ask-2": roots() })).await;
        assert_eq!(answer["code"], -32602, "{wrong}: {answer}");
    }
    assert_eq!(get(&mut client, &id).await["inputRequests"], before["inputRequests"]);
    assert_acknowledged(&update(&mut client, &id, json!({ "dish-1": said("stew"), "ask-2": roots() })).await);
    assert_eq!(get(&mut client, &id).await["status"], "completed");
}

#[tokio::test(start_paused = true)]
async fn the_first_answer_counts() {
    let mut client = open(kitchen()).await;
    let id = begin(&mut client, "both", json!({})).await;
    get(&mut client, &id).await;
    for dish in ["stew", "soup"] {
        assert_acknowledged(&update(&mut client, &id, json!({ "dish-1": said(dish) })).await);
    }
    update(&mut client, &id, json!({ "ask-2": roots() })).await;
    assert_eq!(text(&get(&mut client, &id).await["result"]), "stew in 2");
}

#[tokio::test(start_paused = true)]
async fn answers_to_what_is_done_are_acknowledged_and_change_nothing() {
    let mut client = open(kitchen()).await;
    let done = begin(&mut client, "work", json!({})).await;
    let failed = begin(&mut client, "refuse", json!({})).await;
    let cancelled = begin(&mut client, "both", json!({})).await;
    get(&mut client, &cancelled).await;
    cancel(&mut client, &cancelled).await;
    for (id, status) in [(done, "completed"), (failed, "failed"), (cancelled, "cancelled")] {
        let before = get(&mut client, &id).await;
        assert_eq!(before["status"], status);
        assert_acknowledged(&update(&mut client, &id, json!({ "dish-1": said("stew") })).await);
        let answer = update_wrongly(&mut client, &id, json!({ "dish-1": 7 })).await;
        assert_acknowledged(&answer["result"]);
        assert_eq!(get(&mut client, &id).await, before);
    }
}

#[tokio::test(start_paused = true)]
async fn who_asks_beside_a_task_hears_when_it_is_over() {
    let (server, notes) = noted();
    let mut client = open(server).await;
    let id = begin(&mut client, "apart", json!({})).await;
    assert_eq!(asked(&get(&mut client, &id).await), ["ask-1"]);
    assert_eq!(count(&notes.gone), 0);
    sleep(Duration::from_secs(61)).await;
    // The one that was open, and the one that came after the end.
    assert_eq!(count(&notes.gone), 2);
    assert_eq!(get(&mut client, &id).await["status"], "completed");
    let id = begin(&mut client, "apart", json!({ "seconds": 3600 })).await;
    get(&mut client, &id).await;
    cancel(&mut client, &id).await;
    assert_eq!(get(&mut client, &id).await["status"], "cancelled");
    assert_eq!(count(&notes.gone), 4);
}
