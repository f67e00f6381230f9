//! Entries that come and go while the server runs, and who is told that lists have changed.

use mcp_runtime::model::Tool;
use mcp_runtime::{Entry, Group, Handle, MadeTool, Revision, State, group, server, tool};
use mcp_tests::client::{Client, text};
use serde_json::{Value, json};

use crate::{
    LATEST, all_lists, changing, client, constant, forecast, level, level_at, listed, listen, news, sessions,
    stream_of, tide,
};

const ENTRIES: [(Entry<'_>, &str); 4] = [
    (Entry::Tool("tide"), "tools"),
    (Entry::Prompt("forecast"), "prompts"),
    (Entry::Resource("sea://level"), "resources"),
    (Entry::Resource("sea://{harbour}/level"), "resources"),
];

fn sea() -> impl Group {
    group![tide, level, level_at, forecast]
}

/// Fails unless lists and calls agree on whether the entries are there.
async fn assert_there(client: &mut Client, is_there: bool, why: &str) {
    let revision = client.revision;
    for (method, without, with) in [
        ("tools/list", vec!["constant"], vec!["constant", "tide"]),
        ("prompts/list", vec![], vec!["forecast"]),
        ("resources/list", vec![], vec!["sea://level"]),
        ("resources/templates/list", vec![], vec!["sea://{harbour}/level"]),
    ] {
        let expected = if is_there { with } else { without };
        assert_eq!(listed(client, method).await, expected, "{revision}: {why}");
    }
    for (method, params) in [
        ("tools/call", json!({ "name": "tide" })),
        ("resources/read", json!({ "uri": "sea://level" })),
        ("resources/read", json!({ "uri": "sea://Brest/level" })),
        ("prompts/get", json!({ "name": "forecast" })),
    ] {
        let answer = client.request(method, params).await;
        assert_eq!(answer.get("code").is_none(), is_there, "{revision}: {why}: {method}: {answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_added_hidden_shown_or_removed_is_so_at_once_for_lists_and_calls() {
    let all = |change: &dyn Fn(Entry<'_>) -> bool| ENTRIES.iter().filter(|(entry, _)| change(*entry)).count();
    for revision in Revision::ALL {
        let (server, handle) = changing();
        let mut client = client(server, revision).await;
        assert_there(&mut client, false, "at first").await;
        handle.add(sea()).unwrap();
        assert_there(&mut client, true, "added").await;
        // Each says whether it did anything.
        assert_eq!((all(&|entry| handle.show(entry)), all(&|entry| handle.hide(entry))), (0, 4));
        assert_there(&mut client, false, "hidden").await;
        assert_eq!((all(&|entry| handle.hide(entry)), all(&|entry| handle.show(entry))), (0, 4));
        assert_there(&mut client, true, "shown").await;
        assert_eq!((all(&|entry| handle.remove(entry)), all(&|entry| handle.remove(entry))), (4, 0));
        assert_there(&mut client, false, "removed").await;
        assert_eq!((all(&|entry| handle.hide(entry)), all(&|entry| handle.show(entry))), (0, 0));
        handle.add(sea()).unwrap();
        assert_there(&mut client, true, "added again").await;
        assert_eq!(text(&client.call("constant", json!({})).await), "constant");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_hidden_when_it_was_removed_is_visible_when_it_is_added_again() {
    let (server, handle) = changing();
    let mut client = client(server, LATEST).await;
    handle.add(group![tide]).unwrap();
    assert!(handle.hide(Entry::Tool("tide")) && handle.remove(Entry::Tool("tide")));
    handle.add(group![tide]).unwrap();
    assert_eq!(listed(&mut client, "tools/list").await, ["constant", "tide"]);
}

#[tokio::test(start_paused = true)]
async fn what_was_added_before_the_start_is_there_from_the_start() {
    let (server, handle) = changing();
    handle.add(sea()).unwrap();
    let mut client = client(server, LATEST).await;
    assert_there(&mut client, true, "added before the start").await;
    // A capability of the entries themselves, not only of the handle.
    let capabilities = client.request("server/discover", json!({})).await["capabilities"].take();
    assert_eq!(capabilities["completions"], json!({}));
}

#[tokio::test(start_paused = true)]
async fn a_session_is_told_which_of_its_lists_have_changed() {
    for revision in sessions() {
        let (server, handle) = changing();
        let mut client = client(server, revision).await;
        assert_eq!(client.rest().await, Vec::<Value>::new(), "{revision}");
        handle.add(sea()).unwrap();
        assert_eq!(news(&client.rest().await), ["tools", "prompts", "resources"], "{revision}");
        for (entry, list) in ENTRIES {
            for change in [Handle::hide, Handle::show, Handle::remove] {
                assert!(change(&handle, entry), "{revision}: {entry:?}");
                let frames = client.rest().await;
                assert_eq!(news(&frames), [list], "{revision}: {entry:?}");
                assert_eq!(stream_of(&frames[0]), None, "{revision}");
                // What changes nothing is not told.
                if !matches!(entry, Entry::Resource(_)) {
                    handle.remove(Entry::Tool("unheard_of"));
                    handle.hide(Entry::Prompt("unheard_of"));
                }
                assert_eq!(client.rest().await, Vec::<Value>::new(), "{revision}: {entry:?}");
            }
        }
        for (tell, list) in [
            (Handle::tools_changed as fn(&Handle), "tools"),
            (Handle::prompts_changed, "prompts"),
            (Handle::resources_changed, "resources"),
        ] {
            tell(&handle);
            assert_eq!(news(&client.rest().await), [list], "{revision}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_told_what_its_filter_asks_and_under_its_id() {
    let filters = [
        (json!("all"), all_lists(), vec!["tools", "prompts", "resources"]),
        (json!(7), json!({ "toolsListChanged": true }), vec!["tools"]),
        (json!("7"), json!({ "promptsListChanged": true, "toolsListChanged": false }), vec!["prompts"]),
        (json!(-8), json!({ "resourcesListChanged": true }), vec!["resources"]),
        (json!(""), json!({}), vec![]),
    ];
    let (server, handle) = changing();
    let mut client = client(server, LATEST).await;
    handle.add(sea()).unwrap();
    assert_eq!(client.rest().await, Vec::<Value>::new(), "nobody listens yet");
    for (id, filter, expected) in &filters {
        let agreed = listen(&mut client, id.clone(), filter.clone()).await;
        assert_eq!(agreed.as_object().unwrap().len(), expected.len(), "{agreed}");
    }
    for _ in 0..2 {
        for (entry, _) in ENTRIES {
            assert!(handle.hide(entry) && handle.show(entry));
        }
        let frames = client.rest().await;
        for (id, _, expected) in &filters {
            let own: Vec<Value> = frames.iter().filter(|frame| stream_of(frame) == Some(id)).cloned().collect();
            assert_eq!(news(&own), *expected, "{id}");
        }
        assert_eq!(frames.len(), 6);
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_and_a_stream_on_one_pipe_are_told_each_in_its_own_way() {
    let (server, handle) = changing();
    let mut client = client(server, Revision::V2025_06_18).await;
    client.revision = LATEST;
    listen(&mut client, 5, json!({ "toolsListChanged": true })).await;
    handle.add(group![tide]).unwrap();
    let frames = client.rest().await;
    assert_eq!(news(&frames), ["tools", "tools"]);
    let mut streams: Vec<_> = frames.iter().map(stream_of).collect();
    streams.sort_by_key(Option::is_some);
    assert_eq!(streams, [None, Some(&json!(5))]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_changes_promises_nothing_and_agrees_to_nothing() {
    let mut modern = client(server![constant], LATEST).await;
    let capabilities = modern.request("server/discover", json!({})).await["capabilities"].take();
    assert_eq!(capabilities, json!({ "tools": {} }));
    assert_eq!(listen(&mut modern, 1, all_lists()).await, json!({}));
    for revision in sessions() {
        let mut session = client(server![constant, level], revision).await;
        let answer = session.request("resources/subscribe", json!({ "uri": "sea://level" })).await;
        assert_eq!(answer["code"], -32601, "{revision}: {answer}");
    }
    // The control: one that has a handle promises and agrees.
    let (server, _handle) = changing();
    let mut modern = client(server, LATEST).await;
    let capabilities = modern.request("server/discover", json!({})).await["capabilities"].take();
    assert_eq!(capabilities["tools"], json!({ "listChanged": true }));
    assert_eq!(listen(&mut modern, 1, all_lists()).await, all_lists());
}

/// Adds a tool that was made of a description.
#[tool]
fn learn(server: State<Handle>, name: &str) -> mcp_runtime::Result<()> {
    let mut tool = Tool::new(name, schema().as_object().cloned().unwrap_or_default());
    tool.description = Some("Learnt".to_owned());
    server.add(MadeTool::new(tool, |_, arguments| async move { format!("{arguments:?}") }))
}

/// A schema that no attribute would make.
fn schema() -> Value {
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": { "z": { "type": ["string", "null"], "x-unknown": [1, 2] }, "a": { "$ref": "#/definitions/a" } },
        "definitions": { "a": { "const": 1 } },
        "anyOf": [{ "required": ["z"] }, { "required": ["a"] }],
    })
}

#[tokio::test(start_paused = true)]
async fn a_made_tool_shows_its_schema_as_it_is_and_takes_what_comes() {
    for revision in Revision::ALL {
        let mut client = client(server![learn], revision).await;
        assert_eq!(client.call("learnt", json!({})).await["code"], -32602, "{revision}");
        assert!(client.call("learn", json!({ "name": "learnt" })).await.get("isError").is_none(), "{revision}");
        let tools = client.request("tools/list", json!({})).await;
        // As text, because the order of its members is to stay, too.
        let (shown, made) = (tools["tools"][1]["inputSchema"].to_string(), schema().to_string());
        assert_eq!(shown, made, "{revision}");
        assert_eq!(tools["tools"][1]["description"], "Learnt", "{revision}");
        for (arguments, expected) in [
            (json!({ "a": 1 }), r#"{"a": Number(1)}"#),
            (json!({ "what": ["ever"] }), r#"{"what": Array [String("ever")]}"#),
            (json!({}), "{}"),
        ] {
            assert_eq!(text(&client.call("learnt", arguments).await), expected, "{revision}");
        }
        // A name that is taken is refused in words for the model.
        let answer = client.call("learn", json!({ "name": "learnt" })).await;
        assert!(text(&answer).contains("`learnt`") && answer["isError"] == true, "{revision}: {answer}");
    }
}
