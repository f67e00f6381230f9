//! What holds in every revision: what comes of each answer, and of clients that cannot be asked.

use std::sync::atomic::Ordering;

use mcp_runtime::Revision;
use mcp_tests::client::{Client, accepted, everything, said};
use serde_json::{Value, json};

use crate::{asking, counting, is_tool_error, unasked, with_forms};

#[tokio::test(start_paused = true)]
async fn a_form_is_accepted_declined_or_cancelled() {
    for revision in with_forms() {
        let mut client = Client::open(asking(), revision, everything(revision)).await;
        let full = json!({ "name": "Ada", "guests": 3, "seat": "aisle", "note": "late" });
        for (answer, expected) in [
            (accepted(full), "Ada, 3, aisle, Some(\"late\")"),
            (json!({ "action": "decline" }), "Declined"),
            (json!({ "action": "cancel" }), "Cancelled"),
        ] {
            let course = client.ask_tool("book", json!({}), |_, _| answer.clone()).await;
            assert_eq!(course.text(), expected, "{revision}");
            assert_eq!(course.rounds.len(), 1, "{revision}");
            let (method, params) = &course.rounds[0][0];
            assert_eq!((method.as_str(), &params["message"]), ("elicitation/create", &json!("A table?")), "{revision}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_user_leaves_out_has_its_default_whether_or_not_the_form_can_show_it() {
    for revision in with_forms() {
        let mut client = Client::open(asking(), revision, everything(revision)).await;
        let course = client.ask_tool("book", json!({}), |_, _| accepted(json!({ "name": "Ada" }))).await;
        assert_eq!(course.text(), "Ada, 2, window, None", "{revision}");
        let form = &course.rounds[0][0].1["requestedSchema"];
        assert_eq!(form["required"], json!(["name"]), "{revision}");
        // Forms of 2025-06-18 have defaults for booleans only.
        let shown = (revision > Revision::V2025_06_18).then(|| json!("window"));
        assert_eq!(form["properties"]["seat"].get("default"), shown.as_ref(), "{revision}");
    }
}

#[tokio::test(start_paused = true)]
async fn content_that_does_not_fit_the_form_is_told_to_the_model() {
    for revision in with_forms() {
        let mut client = Client::open(asking(), revision, everything(revision)).await;
        for (content, expected) in [
            (json!({}), "`name`"),
            (json!({ "name": "Ada", "guests": 13 }), "`guests`"),
            (json!({ "name": "Ada", "guests": "many" }), "`guests`"),
            (json!({ "name": 7 }), "`name`"),
        ] {
            let course = client.ask_tool("book", json!({}), |_, _| accepted(content.clone())).await;
            assert!(is_tool_error(&course.end), "{revision}: {content} gave {}", course.end);
            assert!(course.text().contains(expected), "{revision}: {}", course.text());
        }
        let course = client.ask_tool("book", json!({}), |_, _| json!({ "action": "accept" })).await;
        assert!(is_tool_error(&course.end), "{revision}: {}", course.end);
        // A number that came as text is meant as a number.
        let content = json!({ "name": "Ada", "guests": "12" });
        let course = client.ask_tool("book", json!({}), |_, _| accepted(content.clone())).await;
        assert_eq!(course.text(), "Ada, 12, window, None", "{revision}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_is_opened_since_2025_11_25() {
    for revision in Revision::ALL.into_iter().filter(|revision| *revision >= Revision::V2025_11_25) {
        let mut client = Client::open(asking(), revision, everything(revision)).await;
        for (action, expected) in [("accept", "Accepted(())"), ("decline", "Declined"), ("cancel", "Cancelled")] {
            let course = client.ask_tool("open", json!({}), |_, _| json!({ "action": action })).await;
            assert_eq!(course.text(), expected, "{revision}");
            let (method, params) = &course.rounds[0][0];
            assert_eq!((method.as_str(), &params["url"]), ("elicitation/create", &json!("https://example.com/")));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_model_and_the_roots_are_asked_in_every_revision() {
    for revision in Revision::ALL {
        let mut client = Client::open(asking(), revision, everything(revision)).await;
        let course = client.ask_tool("think", json!({ "text": "A dish?" }), |_, _| said("soup")).await;
        assert_eq!(course.text(), "soup", "{revision}");
        let (method, params) = &course.rounds[0][0];
        assert_eq!(method, "sampling/createMessage");
        assert_eq!(params["messages"], json!([{ "role": "user", "content": { "type": "text", "text": "A dish?" } }]));
        let roots = json!({ "roots": [{ "uri": "file:///a" }, { "uri": "file:///b", "name": "b" }] });
        let course = client.ask_tool("look", json!({}), |_, _| roots.clone()).await;
        assert_eq!(course.text(), r#"["file:///a","file:///b"]"#, "{revision}");
        assert_eq!(course.rounds[0][0].0, "roots/list");
    }
}

#[tokio::test(start_paused = true)]
async fn resources_and_prompts_ask_too() {
    for revision in Revision::ALL {
        let mut client = Client::open(asking(), revision, everything(revision)).await;
        let course = client.ask("resources/read", json!({ "uri": "menu://today" }), |_, _| said("soup")).await;
        assert_eq!(course.text(), "Today: soup", "{revision}");
        let course = client.ask("prompts/get", json!({ "name": "recipe" }), |_, _| said("soup")).await;
        assert_eq!(course.text(), "How do I cook soup?", "{revision}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_function_asks_as_often_as_it_likes() {
    for revision in Revision::ALL {
        let (server, count) = counting();
        let mut client = Client::open(server, revision, everything(revision)).await;
        let mut answers = ["a", "b", "c"].into_iter();
        let course = client.ask_tool("in_turn", json!({}), |_, _| said(answers.next().unwrap())).await;
        assert_eq!(course.text(), "abc", "{revision}");
        let asked = course.rounds.concat();
        let asked: Vec<_> = asked.iter().map(|(_, params)| &params["messages"][0]["content"]["text"]).collect();
        assert_eq!(asked, [r#"1 after ""?"#, r#"2 after "a"?"#, r#"3 after "ab"?"#], "{revision}");
        // In 2026-07-28 it begins again for each answer.
        let expected = if revision.has_handshake() { 1 } else { 4 };
        assert_eq!(count.load(Ordering::SeqCst), expected, "{revision}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_step_that_is_done_once_is_done_once() {
    for revision in Revision::ALL {
        let (server, count) = counting();
        let mut client = Client::open(server, revision, everything(revision)).await;
        for calls in 1..=2 {
            let course = client.ask_tool("once", json!({}), |_, _| said("x")).await;
            let (first, second) = (11 * (calls - 1) + 1, 11 * calls);
            assert_eq!(course.text(), format!("{first}, x, {second}, x"), "{revision}");
            assert_eq!(course.rounds.len(), 2, "{revision}");
            assert_eq!(count.load(Ordering::SeqCst), 11 * calls, "{revision}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_function_that_was_spawned_asks_too() {
    for revision in Revision::ALL {
        let mut client = Client::open(asking(), revision, everything(revision)).await;
        let course = client.ask_tool("spawned", json!({}), |_, _| said("soup")).await;
        assert_eq!((course.text(), course.rounds.len()), ("soup", 1), "{revision}");
    }
}

/// Tools, and what each of them needs.
const NEEDS: [(&str, &str, Revision); 4] = [
    ("book", r#"{"elicitation":{"form":{}}}"#, Revision::V2025_06_18),
    ("open", r#"{"elicitation":{"url":{}}}"#, Revision::V2025_11_25),
    ("think", r#"{"sampling":{}}"#, Revision::V2024_11_05),
    ("look", r#"{"roots":{}}"#, Revision::V2024_11_05),
];

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_declare_it_is_not_asked_and_learns_what_it_lacks() {
    for revision in Revision::ALL {
        for (tool, required, since) in NEEDS {
            let mut required: Value = serde_json::from_str(required).unwrap();
            let mut client = Client::open(asking(), revision, json!({})).await;
            let course = client.ask_tool(tool, json!({ "text": "?" }).take_if(tool == "think"), unasked).await;
            if revision.has_handshake() {
                let name = required.as_object().unwrap().keys().next().unwrap();
                assert!(is_tool_error(&course.end), "{revision}: {}", course.end);
                assert!(course.text().contains(name), "{revision}: {}", course.text());
            } else {
                assert_eq!(course.end["code"], -32021, "{revision}: {}", course.end);
                assert_eq!(course.end["data"], json!({ "requiredCapabilities": required }), "{revision}");
            }
            if revision < since {
                continue;
            }
            // The control: exactly what it lacked is enough.
            if revision == Revision::V2025_06_18 && tool == "book" {
                required = json!({ "elicitation": {} });
            }
            let mut client = Client::open(asking(), revision, required).await;
            let course = client
                .ask_tool(tool, json!({ "text": "?" }).take_if(tool == "think"), |method, _| match method {
                    "roots/list" => json!({ "roots": [] }),
                    "sampling/createMessage" => said("soup"),
                    _ => json!({ "action": "decline" }),
                })
                .await;
            assert_eq!((course.rounds.len(), course.end.get("isError")), (1, None), "{revision}: {}", course.end);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_resource_or_a_prompt_that_cannot_ask_is_an_error_of_the_request() {
    for revision in Revision::ALL {
        let expected = if revision.has_handshake() { -32603 } else { -32021 };
        let mut client = Client::open(asking(), revision, json!({})).await;
        for (method, params) in
            [("resources/read", json!({ "uri": "menu://today" })), ("prompts/get", json!({ "name": "recipe" }))]
        {
            let course = client.ask(method, params, unasked).await;
            assert_eq!(course.end["code"], expected, "{revision}: {}", course.end);
            assert!(course.end["message"].as_str().unwrap().contains("`sampling`"), "{revision}: {}", course.end);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_revision_does_not_have_is_not_asked_whatever_the_client_declares() {
    for (revision, tool) in [
        (Revision::V2024_11_05, "book"),
        (Revision::V2025_03_26, "book"),
        (Revision::V2024_11_05, "open"),
        (Revision::V2025_06_18, "open"),
    ] {
        let declared = everything(Revision::V2025_11_25);
        let mut client = Client::open(asking(), revision, declared).await;
        let course = client.ask_tool(tool, json!({}), unasked).await;
        assert!(is_tool_error(&course.end), "{revision}: {}", course.end);
    }
}

#[tokio::test(start_paused = true)]
async fn a_function_that_has_another_way_succeeds_without_the_client() {
    for revision in Revision::ALL {
        let mut client = Client::open(asking(), revision, json!({})).await;
        let course = client.ask_tool("fall_back", json!({}), unasked).await;
        assert_eq!((course.text(), course.end.get("isError")), ("soup, as always", None), "{revision}");
        let mut client = Client::open(asking(), revision, json!({ "sampling": {} })).await;
        let course = client.ask_tool("fall_back", json!({}), |_, _| said("fish")).await;
        assert_eq!(course.text(), "fish", "{revision}");
    }
}

/// Keeps arguments for the tool that takes them.
trait TakeIf {
    fn take_if(self, takes: bool) -> Self;
}

impl TakeIf for Value {
    fn take_if(self, takes: bool) -> Self {
        if takes { self } else { json!({}) }
    }
}
