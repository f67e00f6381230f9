//! Uses the server as a client does.

use std::future::ready;
use std::sync::{Arc, Mutex};

use mcp_runtime::Client;
use mcp_runtime::client::Error;
use mcp_runtime::model::ElicitResult;
use mcp_runtime::testing;
use serde_json::{Value, json};

use {{crate}}::server;

#[test]
fn what_clients_see_changes_only_on_purpose() {
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_json_snapshot!("surface", testing::surface(server()));
    });
}

#[tokio::test]
async fn a_note_is_added_found_and_read() -> Result<(), Error> {
    let client = testing::client(server()).await;
    let tea = json!({ "title": "Tea", "text": "Green, two minutes" });
    client.call("add", tea).await?;
    let found: Value = client
        .call_as("search", json!({ "query": "green tea" }))
        .await?;
    assert_eq!(
        found,
        json!([{ "id": 1, "title": "Tea", "text": "Green, two minutes" }])
    );
    let index = serde_json::to_value(client.read("notes://index").await?).unwrap_or_default();
    assert_eq!(index["contents"][0]["text"], "- [Tea](note://1)\n");
    assert!(client.read("note://2").await.is_err());
    let prompt = client.get("summarize", json!({ "topic": "tea" })).await?;
    let prompt = serde_json::to_value(prompt).unwrap_or_default();
    assert_eq!(
        prompt["messages"][0]["content"]["text"],
        "Search the notes for \"tea\" and summarize them in two sentences."
    );
    Ok(())
}

#[tokio::test]
async fn a_note_is_deleted_only_if_the_user_agrees() -> Result<(), Error> {
    for (agrees, left) in [(false, 1), (true, 0)] {
        let client = Client::memory(server())
            .on_elicit(move |_| {
                let answer = json!({ "confirm": agrees });
                let answer = answer.as_object().cloned().unwrap_or_default();
                ready(Ok(ElicitResult::accept(answer)))
            })
            .connect()
            .await?;
        let note = json!({ "title": "Tea", "text": "Green" });
        client.call("add", note).await?;
        client.call("delete", json!({ "id": 1 })).await?;
        let found: Vec<Value> = client.call_as("search", json!({ "query": "tea" })).await?;
        assert_eq!(found.len(), left);
    }
    Ok(())
}

#[tokio::test]
async fn a_long_call_tells_how_far_it_has_come() -> Result<(), Error> {
    let client = testing::client(server()).await;
    for title in ["Tea", "Coffee"] {
        let note = json!({ "title": title, "text": "Hot, not boiling" });
        client.call("add", note).await?;
    }
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hears = Arc::clone(&heard);
    let count: Value = client
        .call("count", json!({}))
        .on_progress(move |progress| {
            if let Ok(mut heard) = hears.lock() {
                heard.push(progress.message.unwrap_or_default());
            }
        })
        .typed()
        .await?;
    assert_eq!(count, json!({ "notes": 2, "words": 6 }));
    let heard = heard.lock().map(|heard| heard.clone()).unwrap_or_default();
    assert_eq!(heard, ["Tea", "Coffee"]);
    Ok(())
}
