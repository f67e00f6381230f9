//! When a call becomes a task, and what it is answered with then.

use std::time::Duration;

use mcp_runtime::store::{Entry, Key, MemoryStore, Store, StoreError, Storing, Version};
use mcp_runtime::{Revision, server};
use mcp_tests::client::{Client, everything, said, text};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::{EXTENSION, LATEST, begin, count, get, id_of, kitchen, knowing, later, noted, open, work};

#[tokio::test(start_paused = true)]
async fn a_call_becomes_a_task_only_where_this_very_request_names_the_extension() {
    let mut client = open(kitchen()).await;
    for tool in ["work", "later", "only"] {
        client.capabilities = knowing(LATEST);
        let id = begin(&mut client, tool, json!({})).await;
        client.capabilities = everything(LATEST);
        let answer = client.call(tool, json!({})).await;
        if tool == "only" {
            assert_eq!(answer["code"], -32021, "{answer}");
            assert_eq!(answer["data"], json!({ "requiredCapabilities": { "extensions": { EXTENSION: {} } } }));
        } else {
            assert_eq!(answer["resultType"], "complete", "{tool}: {answer}");
        }
        client.capabilities = knowing(LATEST);
        assert_eq!(get(&mut client, &id).await["taskId"], *id);
    }
}

#[tokio::test(start_paused = true)]
async fn other_extensions_and_experimental_capabilities_are_not_this_one() {
    let mut client = open(kitchen()).await;
    for (member, name, is_task) in [
        ("extensions", EXTENSION, true),
        ("extensions", "io.modelcontextprotocol/task", false),
        ("experimental", EXTENSION, false),
    ] {
        client.capabilities = json!({ member: { name: {} } });
        let result = client.call("work", json!({})).await;
        assert_eq!(result["resultType"] == "task", is_task, "{member} {name}: {result}");
    }
}

#[tokio::test(start_paused = true)]
async fn older_revisions_have_no_tasks_whatever_their_clients_declare() {
    for revision in Revision::ALL.into_iter().filter(|revision| revision.has_handshake()) {
        let mut client = Client::open(kitchen(), revision, knowing(revision)).await;
        assert_eq!(text(&client.call("work", json!({ "seconds": 3 })).await), "worked for 3 s", "{revision}");
        assert_eq!(text(&client.call("later", json!({ "seconds": 3 })).await), "later by 3 s", "{revision}");
        let refused = client.call("only", json!({})).await;
        assert_eq!(refused["isError"], true, "{revision}: {refused}");
        assert!(text(&refused).contains("needs a client of 2026-07-28"), "{revision}: {refused}");
        for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
            let message = client.message("t", method, json!({ "taskId": "t", "inputResponses": {} }));
            client.send_wrong(&message).await;
            assert_eq!(client.next().await["error"]["code"], -32601, "{revision}: {method}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_tool_without_tasks_answers_at_once() {
    let mut client = open(kitchen()).await;
    assert_eq!(text(&client.call("greet", json!({})).await), "hello");
    // What 2025-11-25 asked for tasks with is one unknown parameter among others.
    let params = json!({ "name": "greet", "task": { "ttl": 1000 } });
    assert_eq!(text(&client.request("tools/call", params).await), "hello");
    assert_eq!(client.call("work", json!({})).await["resultType"], "task");
}

#[tokio::test(start_paused = true)]
async fn the_answer_says_what_there_is_to_know_and_no_two_tasks_have_one_id() {
    let mut client = open(kitchen()).await;
    let mut ids = std::collections::BTreeSet::new();
    for _ in 0..50 {
        let task = client.call("work", json!({})).await;
        let id = id_of(&task);
        assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id} has fewer than 128 bits");
        assert_eq!((&task["status"], &task["ttlMs"]), (&json!("working"), &json!(3_600_000)));
        assert_eq!((&task["pollIntervalMs"], &task["createdAt"]), (&json!(1000), &task["lastUpdatedAt"]));
        assert!(ids.insert(id), "{ids:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_may_begin_in_the_middle_and_is_not_held_up_by_that() {
    let mut client = open(kitchen()).await;
    let began = Instant::now();
    let id = begin(&mut client, "later", json!({ "seconds": 10 })).await;
    assert!(began.elapsed() < Duration::from_secs(1));
    assert_eq!(get(&mut client, &id).await["status"], "working");
    sleep(Duration::from_secs(10)).await;
    assert_eq!(text(&get(&mut client, &id).await["result"]), "later by 10 s");
}

#[tokio::test(start_paused = true)]
async fn what_is_asked_before_a_task_begins_is_asked_in_the_call() {
    let mut client = open(kitchen()).await;
    let course = client.ask_tool("twice", json!({}), |_, _| said("stew")).await;
    assert_eq!((course.rounds.len(), course.rounds[0].len()), (1, 1));
    assert_eq!(course.end.get("requestState"), None);
    let id = id_of(&course.end);
    let task = get(&mut client, &id).await;
    // The names of the task are its own.
    assert_eq!(crate::asked(&task), ["dish-1"]);
    assert_eq!(task["inputRequests"]["dish-1"]["params"]["messages"][0]["content"]["text"], "A drink with stew?");
    crate::update(&mut client, &id, json!({ "dish-1": said("wine") })).await;
    assert_eq!(text(&get(&mut client, &id).await["result"]), "stew with wine");
    client.capabilities = everything(LATEST);
    let course = client.ask_tool("later", json!({}), |_, _| said("stew")).await;
    assert_eq!(course.text(), "later by 1 s");
}

/// Asks while it becomes a task.
#[mcp_runtime::tool(task = "later")]
async fn meanwhile(cx: &mcp_runtime::Context) -> Result<String, mcp_runtime::AskError> {
    let (dish, ()) = tokio::join!(cx.sample("A dish?"), cx.begin_task());
    Ok(dish?.text())
}

#[tokio::test(start_paused = true)]
async fn what_is_asked_while_a_task_begins_is_asked_before() {
    let mut client = open(server![meanwhile]).await;
    let course = client.ask_tool("meanwhile", json!({}), |_, _| said("stew")).await;
    assert_eq!(course.rounds.len(), 1);
    let id = id_of(&course.end);
    assert_eq!(text(&get(&mut client, &id).await["result"]), "stew");
}

/// A store whose entries take their time to be made, or are not made at all.
struct Slow(MemoryStore, Option<Duration>);

impl Store for Slow {
    fn get<'a>(&'a self, key: Key<'a>) -> Storing<'a, Option<Entry>> {
        self.0.get(key)
    }

    fn insert<'a>(&'a self, key: Key<'a>, value: &'a [u8], ttl: Option<Duration>) -> Storing<'a, Option<Version>> {
        Box::pin(async move {
            let Some(time) = self.1 else { return Err(StoreError::Unavailable("no disk".into())) };
            sleep(time).await;
            self.0.insert(key, value, ttl).await
        })
    }

    fn replace<'a>(&'a self, key: Key<'a>, value: &'a [u8], expected: Version) -> Storing<'a, Option<Version>> {
        self.0.replace(key, value, expected)
    }

    fn touch<'a>(&'a self, key: Key<'a>, ttl: Option<Duration>) -> Storing<'a, bool> {
        self.0.touch(key, ttl)
    }

    fn remove<'a>(&'a self, key: Key<'a>) -> Storing<'a, bool> {
        self.0.remove(key)
    }

    fn count<'a>(&'a self, space: &'a str) -> Storing<'a, usize> {
        self.0.count(space)
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_is_written_down_before_it_is_told() {
    for (tool, arguments) in [("work", json!({ "seconds": 60 })), ("later", json!({ "seconds": 60 }))] {
        let store = MemoryStore::default();
        let mut client = open(kitchen().store(Slow(store.clone(), Some(Duration::from_secs(5))))).await;
        let began = Instant::now();
        let id = begin(&mut client, tool, arguments).await;
        assert!(began.elapsed() >= Duration::from_secs(5), "{tool} was told after {:?}", began.elapsed());
        assert!(store.get(Key { space: "tasks", id: &id }).await.unwrap().is_some(), "{tool}");
        assert_eq!(client.request("tasks/get", json!({ "taskId": id })).await["status"], "working");
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_cannot_be_written_down_is_refused_and_its_work_never_begins() {
    for (time, is_refused) in [(None, true), (Some(Duration::ZERO), false)] {
        let (server, notes) = noted();
        let mut client = open(server.store(Slow(MemoryStore::default(), time))).await;
        let answer = client.call("never", json!({})).await;
        sleep(Duration::from_secs(1)).await;
        assert_eq!(answer["code"] == -32603, is_refused, "{answer}");
        assert_eq!(count(&notes.begun), usize::from(!is_refused));
        assert!(!answer.to_string().contains("disk"), "what is behind the store is nobody's business: {answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_says_that_it_knows_tasks_only_if_it_has_any() {
    for (server, has_tasks) in [
        (server![crate::greet], false),
        (server![crate::greet, work], true),
        (server![crate::only], true),
        (server![later], true),
    ] {
        let mut client = open(server).await;
        let discovered = client.request("server/discover", json!({})).await;
        let expected = if has_tasks { json!({ EXTENSION: {} }) } else { Value::Null };
        assert_eq!(discovered["capabilities"]["extensions"], expected);
        assert_eq!(discovered["capabilities"].get("tasks"), None, "these are those of 2025-11-25");
        let listed = client.request("tools/list", json!({})).await;
        assert!(!listed.to_string().contains("taskSupport"), "{listed}");
        for knows in [knowing(LATEST), everything(LATEST)] {
            let expected = match (has_tasks, knows.get("extensions").is_some()) {
                (false, _) => -32601,
                (true, true) => -32602,
                (true, false) => -32021,
            };
            client.capabilities = knows;
            for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
                let answer = client.request(method, json!({ "taskId": "unheard", "inputResponses": {} })).await;
                assert_eq!(answer["code"], expected, "{method}: {answer}");
            }
        }
    }
    for revision in Revision::ALL.into_iter().filter(|revision| revision.has_handshake()) {
        let mut client = Client::open(server![work], revision, json!({})).await;
        let message = client.message(
            "again",
            "initialize",
            json!({
                "protocolVersion": revision.as_str(), "capabilities": {}, "clientInfo": { "name": "n", "version": "1" }
            }),
        );
        client.send(&message).await;
        let told = client.next().await.to_string();
        assert!(!told.contains("tasks"), "{revision}: {told}");
    }
}

#[tokio::test(start_paused = true)]
async fn listening_to_tasks_takes_a_client_that_knows_them() {
    for (server, declared, expected) in [
        (kitchen(), everything(LATEST), Some(-32021)),
        (kitchen(), knowing(LATEST), None),
        // Where there are no tasks, it is one of the things that are not agreed to.
        (server![crate::greet], everything(LATEST), None),
    ] {
        let mut client = Client::open(server, LATEST, declared).await;
        let params = json!({ "notifications": { "taskIds": ["unheard"] } });
        let message = client.message("stream", "subscriptions/listen", params);
        client.send(&message).await;
        let frame = client.next().await;
        match expected {
            Some(code) => assert_eq!(frame["error"]["code"], code, "{frame}"),
            None => assert_eq!(frame["params"]["notifications"], json!({}), "{frame}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn two_calls_that_carry_one_id_after_each_other_are_two_tasks() {
    let (server, notes) = noted();
    let mut client = open(server).await;
    let message = client.message("same", "tools/call", json!({ "name": "never" }));
    let first = id_of(&client.exchange(&message).await);
    let second = id_of(&client.exchange(&message).await);
    assert_ne!(first, second);
    let task = get(&mut client, &first).await;
    assert_eq!((&task["status"], count(&notes.running)), (&json!("working"), 2));
}
