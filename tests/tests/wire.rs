//! The wire: golden frames of every method in every revision, each valid by that revision's own schema.

use std::collections::BTreeSet;

use mcp_runtime::model::SUBSCRIPTION_ID_KEY;
use mcp_runtime::{Kind, Method, Revision};
use mcp_tests::connection::modern;
use mcp_tests::frames::{self, Conversation};
use mcp_tests::{golden, sample};
use serde_json::{Value, json};

async fn check(directory: &str) {
    let mut mistakes = Vec::new();
    for path in golden::files(directory) {
        mistakes.extend(golden::replay(&path, sample::server()).await);
    }
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
}

macro_rules! replays {
    ($($name:ident $directory:literal;)*) => { $(
        #[tokio::test(start_paused = true)]
        async fn $name() {
            check($directory).await;
        }
    )* };
}

replays! {
    the_frames_of_2024_11_05_are_what_they_were "2024-11-05";
    the_frames_of_2025_03_26_are_what_they_were "2025-03-26";
    the_frames_of_2025_06_18_are_what_they_were "2025-06-18";
    the_frames_of_2025_11_25_are_what_they_were "2025-11-25";
    the_frames_of_2026_07_28_are_what_they_were "2026-07-28";
    both_eras_share_one_pipe "both";
}

/// Every method that a directory's frames show at work, and every method that they show refused.
fn shown(revision: Revision) -> (BTreeSet<&'static str>, BTreeSet<&'static str>) {
    let (mut works, mut refused) = (BTreeSet::new(), BTreeSet::new());
    for path in golden::files(revision.as_str()) {
        for step in golden::read(&path) {
            let sent: Value = serde_json::from_str(&step.sent).unwrap_or_default();
            let method = sent["method"].as_str().and_then(Method::parse);
            for answer in &step.answers {
                if let Some(notified) = answer["method"].as_str().and_then(Method::parse) {
                    works.insert(notified.as_str());
                    // A stream that works is acknowledged; it is answered when it ends.
                    if notified == Method::Acknowledged && answer["params"]["_meta"][SUBSCRIPTION_ID_KEY] == sent["id"]
                    {
                        works.insert(Method::Listen.as_str());
                    }
                }
                let Some(method) = method.filter(|_| answer["id"] == sent["id"]) else { continue };
                if answer.get("result").is_some() {
                    works.insert(method.as_str());
                } else if answer["error"]["code"] == -32601 {
                    refused.insert(method.as_str());
                }
            }
            if let Some(method) =
                method.filter(|method| method.kind() == Kind::Notification && sent.get("id").is_none())
            {
                works.insert(method.as_str());
            }
        }
    }
    (works, refused)
}

#[test]
fn every_method_has_a_frame_in_every_revision_that_has_it() {
    let mut missing = Vec::new();
    for revision in Revision::ALL {
        let (works, refused) = shown(revision);
        for method in Method::ALL {
            let name = method.as_str();
            match (method.is_in(revision), method.kind()) {
                (true, _) if !works.contains(name) => {
                    missing.push(format!("tests/wire/{revision} does not show {name}"));
                }
                (false, Kind::Request) if !refused.contains(name) => {
                    missing.push(format!("tests/wire/{revision} does not show that {name} is refused"));
                }
                (false, Kind::Notification) if works.contains(name) => {
                    missing.push(format!("tests/wire/{revision} shows {name}, which it does not have"));
                }
                _ => {}
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn the_schemas_know_every_method_by_the_names_used_here() {
    for method in Method::ALL {
        let (message, result) = frames::definitions(*method);
        for revision in Revision::ALL.into_iter().filter(|revision| method.is_in(*revision)) {
            for definition in [Some(message), result].into_iter().flatten() {
                // Fails when the schema has no such definition.
                assert!(!frames::mistakes(revision, definition, &json!(7)).is_empty(), "{definition}");
            }
        }
    }
}

#[test]
fn a_conversation_notices_frames_that_break_the_schema() {
    for revision in Revision::ALL {
        let mut meta = json!({});
        if !revision.has_handshake() {
            meta = modern(1, "", meta)["params"]["_meta"].take();
        }
        let request = |params: Value| json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
        let talk = |sent: &Value, received: &Value| {
            let mut conversation = Conversation::of(revision);
            (conversation.sent(sent).len(), conversation.received(received).len())
        };
        let right = request(json!({ "_meta": meta, "name": "add" }));
        let mut result = json!({ "content": [], "resultType": "complete" });
        let answer = |result: &Value| json!({ "jsonrpc": "2.0", "id": 1, "result": result });
        assert_eq!(talk(&right, &answer(&result)), (0, 0), "{revision}");
        assert!(talk(&request(json!({ "_meta": meta })), &answer(&result)).0 > 0, "{revision}: no name");
        assert!(talk(&right, &json!({ "jsonrpc": "2.0", "id": 2, "result": result })).1 > 0, "{revision}: wrong id");
        assert!(talk(&right, &json!({ "id": 1, "result": result })).1 > 0, "{revision}: no version");
        assert!(talk(&right, &json!({ "jsonrpc": "2.0", "id": 1, "error": { "code": "x" } })).1 > 0, "{revision}");
        result["content"] = json!([{ "type": "text" }]);
        assert!(talk(&right, &answer(&result)).1 > 0, "{revision}: text without text");
        let progress = json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": { "progress": 1 } });
        assert!(!Conversation::of(revision).received(&progress).is_empty(), "{revision}: no token");
    }
}

#[test]
fn a_conversation_notices_questions_of_the_server_and_answers_of_the_client_that_break_the_schema() {
    let frame = |id: i64, members: Value| {
        let mut frame = json!({ "jsonrpc": "2.0", "id": id });
        frame.as_object_mut().unwrap().append(&mut members.as_object().unwrap().clone());
        frame
    };
    for revision in Revision::ALL.into_iter().filter(|revision| revision.has_handshake()) {
        let asked = || {
            let mut conversation = Conversation::of(revision);
            let found = conversation.received(&frame(1, json!({ "method": "roots/list" })));
            assert_eq!(found, Vec::<String>::new(), "{revision}");
            conversation
        };
        let roots = json!({ "result": { "roots": [{ "uri": "file:///a" }] } });
        let refusal = json!({ "error": { "code": -1, "message": "no" } });
        assert!(asked().sent(&frame(1, roots.clone())).is_empty(), "{revision}");
        assert!(asked().sent(&frame(1, refusal)).is_empty(), "{revision}");
        assert!(!asked().sent(&frame(1, json!({ "result": {} }))).is_empty(), "{revision}: no roots");
        assert!(!asked().sent(&frame(1, json!({ "error": {} }))).is_empty(), "{revision}: an empty error");
        assert!(!asked().sent(&frame(2, roots)).is_empty(), "{revision}: wrong id");
        assert!(!asked().received(&frame(1, json!({ "method": "roots/list" }))).is_empty(), "{revision}: id twice");
        assert!(!asked().received(&frame(2, json!({ "method": "tools/list" }))).is_empty(), "{revision}: wrong way");
        assert!(!asked().sent(&frame(2, json!({ "method": "roots/list" }))).is_empty(), "{revision}: wrong way");
        let nothing = json!({ "method": "sampling/createMessage", "params": {} });
        assert!(!asked().received(&frame(2, nothing)).is_empty(), "{revision}: no message");
    }
    let question = frame(1, json!({ "method": "roots/list" }));
    assert!(!Conversation::of(Revision::LATEST).received(&question).is_empty(), "2026-07-28 asks in results");
}

#[test]
fn a_conversation_notices_results_that_ask_for_more_and_break_the_schema() {
    let talk = |method: &str, name: &str, result: Value| {
        let mut conversation = Conversation::of(Revision::LATEST);
        assert_eq!(conversation.sent(&modern(1, method, json!({ "name": name }))), Vec::<String>::new());
        conversation.received(&json!({ "jsonrpc": "2.0", "id": 1, "result": result })).len()
    };
    let asks = |requests: Value| json!({ "resultType": "input_required", "inputRequests": requests });
    assert_eq!(talk("tools/call", "add", asks(json!({ "a": { "method": "roots/list" } }))), 0);
    assert_eq!(talk("tools/call", "add", json!({ "resultType": "input_required", "requestState": "s" })), 0);
    assert_ne!(talk("tools/call", "add", json!({ "resultType": "input_required" })), 0);
    assert_ne!(talk("tools/call", "add", asks(json!({ "a": { "method": "tools/list" } }))), 0);
    assert_ne!(talk("tools/list", "", asks(json!({ "a": { "method": "roots/list" } }))), 0);
}

#[test]
fn a_conversation_notices_tasks_that_nobody_can_have_and_that_break_the_schema() {
    let extension = json!({ "io.modelcontextprotocol/tasks": {} });
    let talk = |method: &str, params: Value, extensions: &Value, result: &Value| {
        let mut message = modern(1, method, params);
        message["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"]["extensions"] = extensions.clone();
        let mut conversation = Conversation::of(Revision::LATEST);
        assert_eq!(conversation.sent(&message), Vec::<String>::new());
        conversation.received(&json!({ "jsonrpc": "2.0", "id": 1, "result": result })).len()
    };
    let time = "2026-07-28T10:30:00.000Z";
    let made = json!({
        "resultType": "task", "taskId": "t", "status": "working", "createdAt": time, "lastUpdatedAt": time, "ttlMs": null
    });
    assert_eq!(talk("tools/call", json!({ "name": "add" }), &extension, &made), 0);
    assert_ne!(talk("tools/call", json!({ "name": "add" }), &json!({}), &made), 0);
    assert_ne!(talk("prompts/get", json!({ "name": "add" }), &extension, &made), 0);
    assert_ne!(talk("tasks/get", json!({ "taskId": "t" }), &extension, &made), 0);
    let mut wrong = made.clone();
    wrong["ttlMs"] = json!("long");
    assert_ne!(talk("tools/call", json!({ "name": "add" }), &extension, &wrong), 0);
    let mut right = made;
    right["resultType"] = json!("complete");
    assert_eq!(talk("tasks/get", json!({ "taskId": "t" }), &extension, &right), 0);
}

#[tokio::test(start_paused = true)]
async fn a_golden_frame_that_no_longer_holds_is_shown_with_the_way_to_bless_it() {
    let mut steps = golden::read(&golden::files("2026-07-28")[0]);
    let golden::Outcome { mistakes, answers } = golden::talk("a file", &steps, sample::server()).await;
    assert_eq!((mistakes, golden::differences("a file", &steps, &answers)), (Vec::new(), Vec::new()));
    let answered = steps.iter().position(|step| !step.answers.is_empty()).unwrap();
    steps[answered].answers[0]["id"] = json!("another");
    let differences = golden::differences("a file", &steps, &answers);
    assert_eq!(differences.len(), 1);
    assert!(differences[0].contains("- ") && differences[0].contains("BLESS=1"), "{}", differences[0]);
    steps[answered].is_wrong = true;
    assert_eq!(golden::talk("a file", &steps, sample::server()).await.mistakes.len(), 1);
}
