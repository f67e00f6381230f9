//! Entries that are there for some callers only: lists, calls, completion and subscriptions agree on it, and to the others
//! they are what has never been.

use std::time::Duration;

use mcp_runtime::model::CacheScope;
use mcp_runtime::{Context, Entry, Group, Revision, Server, group, prompt, resource, server, tool};
use mcp_tests::client::Client;
use serde_json::{Value, json};

use crate::{LATEST, constant, forecast, level, level_at, listed, listen, news, sessions, tide};

/// An alias does not show what is hidden.
#[tool(alias = "ebb")]
fn flow() {}

/// Whether the caller is the one who sees everything. Outside of tests nobody should be believed their name.
fn is_pilot(cx: &Context) -> bool {
    cx.client().is_some_and(|client| client.name == "pilot")
}

/// Whether an entry is for everybody.
fn is_common(entry: Entry<'_>) -> bool {
    entry == Entry::Tool("constant")
}

/// The same server, with its visibility decided in either place.
fn servers() -> [Server; 3] {
    let sea = || group![tide, flow, level, level_at, forecast];
    let mut all = [
        server![constant, sea().visible_if(is_pilot)],
        server![constant, sea()].visible(|entry, cx| is_common(entry) || is_pilot(cx)),
        server![constant, sea().visible_if(|_| true).visible_if(is_pilot)].visible(|_, _| true),
    ];
    for server in &mut all {
        let _ = server.handle();
    }
    all
}

/// Every way to reach an entry, with its name and another one of the same length in its place.
fn reaches(name: &str, uri: &str, template: &str) -> Vec<(&'static str, Value)> {
    let complete = |reference: Value| json!({ "ref": reference, "argument": { "name": "harbour", "value": "B" } });
    vec![
        ("tools/call", json!({ "name": name })),
        ("prompts/get", json!({ "name": name })),
        ("resources/read", json!({ "uri": uri })),
        ("resources/subscribe", json!({ "uri": uri })),
        ("completion/complete", complete(json!({ "type": "ref/prompt", "name": name }))),
        ("completion/complete", complete(json!({ "type": "ref/resource", "uri": template }))),
    ]
}

fn is_there(answer: &Value) -> bool {
    answer.get("code").is_none()
}

#[tokio::test(start_paused = true)]
async fn lists_and_calls_agree_for_every_caller() {
    for revision in Revision::ALL {
        for (name, is_pilot) in [("pilot", true), ("guest", false)] {
            for server in servers() {
                let mut client = Client::named(name, server, revision, json!({})).await;
                let shown = |names: &[&'static str]| if is_pilot { names.to_vec() } else { Vec::new() };
                assert_eq!(
                    listed(&mut client, "tools/list").await,
                    [vec!["constant"], shown(&["tide", "flow"])].concat()
                );
                assert_eq!(listed(&mut client, "prompts/list").await, shown(&["forecast"]));
                assert_eq!(listed(&mut client, "resources/list").await, shown(&["sea://level"]));
                assert_eq!(listed(&mut client, "resources/templates/list").await, shown(&["sea://{harbour}/level"]));
                for (method, params) in [
                    ("tools/call", json!({ "name": "tide" })),
                    ("tools/call", json!({ "name": "ebb" })),
                    ("prompts/get", json!({ "name": "forecast" })),
                    ("resources/read", json!({ "uri": "sea://level" })),
                    ("resources/read", json!({ "uri": "sea://Brest/level" })),
                ] {
                    let answer = client.request(method, params).await;
                    assert_eq!(is_there(&answer), is_pilot, "{revision}: {name}: {method}: {answer}");
                }
                for reference in [
                    json!({ "type": "ref/prompt", "name": "forecast" }),
                    json!({ "type": "ref/resource", "uri": "sea://{harbour}/level" }),
                ] {
                    let params = json!({ "ref": reference, "argument": { "name": "harbour", "value": "B" } });
                    let answer = client.request("completion/complete", params).await;
                    assert_eq!(is_there(&answer), is_pilot, "{revision}: {name}: {answer}");
                }
                for uri in ["sea://level", "sea://Brest/level"] {
                    let is_agreed = if revision.has_handshake() {
                        is_there(&client.request("resources/subscribe", json!({ "uri": uri })).await)
                    } else {
                        listen(&mut client, uri, json!({ "resourceSubscriptions": [uri] })).await["resourceSubscriptions"]
                            == json!([uri])
                    };
                    assert_eq!(is_agreed, is_pilot, "{revision}: {name}: {uri}");
                }
                assert!(is_there(&client.call("constant", json!({})).await), "{revision}: {name}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn two_callers_on_one_pipe_see_each_what_is_theirs() {
    for server in servers() {
        let server = server.cache(Duration::from_mins(1), CacheScope::Public);
        let mut client = Client::named("pilot", server, LATEST, json!({})).await;
        for _ in 0..2 {
            for (name, expected) in [("pilot", vec!["constant", "tide", "flow"]), ("guest", vec!["constant"])] {
                client.name = name;
                assert_eq!(listed(&mut client, "tools/list").await, expected, "{name}");
                let result = client.request("tools/list", json!({})).await;
                // What one sees is not to be kept for the other, whatever the server says of its lists.
                assert_eq!(result["cacheScope"], "private", "{name}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn pages_count_what_the_caller_sees() {
    for server in servers() {
        let mut client = Client::named("guest", server.page_size(1), LATEST, json!({})).await;
        let first = client.request("tools/list", json!({})).await;
        assert_eq!(first.get("nextCursor"), None, "a cursor would tell that there is more: {first}");
        client.name = "pilot";
        let first = client.request("tools/list", json!({})).await;
        let second = client.request("tools/list", json!({ "cursor": first["nextCursor"] })).await;
        assert_eq!(second["tools"][0]["name"], "tide");
        client.name = "guest";
        let beyond = client.request("tools/list", json!({ "cursor": first["nextCursor"] })).await;
        assert_eq!(beyond["code"], -32602, "{beyond}");
    }
}

/// Answers as JSON text, with the names that differ made the same.
fn anonymous(answer: &Value, names: [&str; 3]) -> String {
    let [name, uri, template] = names;
    answer.to_string().replace(template, "<template>").replace(uri, "<uri>").replace(name, "<name>")
}

/// A tool and a prompt of one name.
#[tool(name = "tidal")]
fn tidal_tool() {}

/// The same.
#[prompt(name = "tidal")]
fn tidal_prompt(#[arg(complete = ["Brest"])] harbour: Option<String>) -> String {
    harbour.unwrap_or_default()
}

/// A template that stays, so that there is something to complete.
#[resource("land://{harbour}")]
fn land(#[arg(complete = ["Brest"])] harbour: String) -> String {
    harbour
}

#[tokio::test(start_paused = true)]
async fn what_is_hidden_is_to_the_byte_what_has_never_been() {
    const HIDDEN: [&str; 3] = ["tidal", "sea://level", "sea://{harbour}/level"];
    const ABSENT: [&str; 3] = ["lunar", "sea://depth", "sea://{harbour}/depth"];
    for revision in Revision::ALL {
        for way in ["nobody sees it", "it was hidden", "it was removed"] {
            let sea = || group![tidal_tool, tidal_prompt, level, level_at];
            let mut server = match way {
                "nobody sees it" => server![constant, land, sea().visible_if(is_pilot)],
                _ => server![constant, land, sea()],
            };
            let handle = server.handle();
            let mut client = Client::named("guest", server, revision, json!({})).await;
            let entries = [
                Entry::Tool(HIDDEN[0]),
                Entry::Prompt(HIDDEN[0]),
                Entry::Resource(HIDDEN[1]),
                Entry::Resource(HIDDEN[2]),
            ];
            for entry in entries {
                assert!(match way {
                    "nobody sees it" => true,
                    "it was hidden" => handle.hide(entry),
                    _ => handle.remove(entry),
                });
            }
            let _ = client.rest().await;
            for ((method, hidden), (_, absent)) in
                reaches(HIDDEN[0], HIDDEN[1], HIDDEN[2]).into_iter().zip(reaches(ABSENT[0], ABSENT[1], ABSENT[2]))
            {
                if method == "resources/subscribe" && !revision.has_handshake() {
                    continue;
                }
                let (hidden, absent) = (client.request(method, hidden).await, client.request(method, absent).await);
                assert!(!is_there(&hidden), "{revision}: {way}: {method}: {hidden}");
                let told = (anonymous(&hidden, HIDDEN), anonymous(&absent, ABSENT));
                assert_eq!(told.0, told.1, "{revision}: {way}: {method}");
            }
        }
    }
}

/// A template that matches the resource, too.
#[resource("sea://{anything}")]
fn anything(anything: String) -> String {
    format!("anything: {anything}")
}

#[tokio::test(start_paused = true)]
async fn a_template_answers_where_the_caller_does_not_see_the_resource_and_not_where_it_is_hidden_itself() {
    for (server, for_guests, for_pilots) in [
        (server![group![level].visible_if(is_pilot), anything], Some("anything: level"), "high"),
        (server![level, group![anything].visible_if(is_pilot)], Some("high"), "high"),
        (server![constant, group![level, anything].visible_if(is_pilot)], None, "high"),
    ] {
        let mut server = server;
        let _ = server.handle();
        let mut client = Client::named("guest", server, LATEST, json!({})).await;
        for (name, expected) in [("guest", for_guests), ("pilot", Some(for_pilots))] {
            client.name = name;
            let answer = client.request("resources/read", json!({ "uri": "sea://level" })).await;
            assert_eq!(answer["contents"][0]["text"].as_str(), expected, "{name}: {answer}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_cannot_see_a_resource_hears_nothing_of_it() {
    for revision in sessions() {
        for (name, expected) in [("pilot", vec!["sea://level"]), ("guest", vec![])] {
            let mut server = server![constant, group![level].visible_if(is_pilot)];
            let handle = server.handle();
            let mut client = Client::named(name, server, revision, json!({})).await;
            client.request("resources/subscribe", json!({ "uri": "sea://level" })).await;
            handle.resource_updated("sea://level");
            assert_eq!(news(&client.rest().await), expected, "{revision}: {name}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_depends_on_something_else_is_looked_up_each_time_and_told_by_hand() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    let is_night = Arc::new(AtomicBool::new(false));
    let looked_up = Arc::clone(&is_night);
    let mut server = server![constant, group![tide].visible_if(move |_| looked_up.load(Ordering::Relaxed))];
    let handle = server.handle();
    let mut client = Client::named("guest", server, LATEST, json!({})).await;
    listen(&mut client, 1, json!({ "toolsListChanged": true })).await;
    assert_eq!(listed(&mut client, "tools/list").await, ["constant"]);
    is_night.store(true, Ordering::Relaxed);
    handle.tools_changed();
    assert_eq!(news(&client.rest().await), ["tools"]);
    assert_eq!(listed(&mut client, "tools/list").await, ["constant", "tide"]);
}
