//! Groups under a prefix, and names that clash: at the start, and while the server runs.

use mcp_runtime::model::Tool;
use mcp_runtime::{Entry, Group, MadeTool, Server, State, group, resource, serve, server, testing, tool};
use mcp_tests::client::{Client, text};
use serde_json::{Value, json};

use crate::{LATEST, changing, client, constant, forecast, level, listed, listen, tide};

/// A tool with another name.
#[tool(alias = "ebb")]
fn flow() -> &'static str {
    "flow"
}

/// The errors of a server that cannot start.
async fn problems(server: Server) -> String {
    let (stream, _client) = mcp_runtime::memory(64);
    match tokio::time::timeout(std::time::Duration::from_secs(1), server.serve(stream)).await {
        Ok(Err(error)) => error.to_string(),
        Ok(Ok(())) => panic!("it served"),
        Err(_) => String::new(),
    }
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn prefixes_nest_from_the_outside_in_and_leave_uris_alone() {
    let inner = || group![tide, level, forecast].prefix("inner.");
    let server = || server![constant, group![flow, inner()].prefix("outer-"), group![tide].prefix("")];
    let surface = testing::surface(server());
    assert_eq!(names(&surface["tools"]), ["constant", "outer-flow", "outer-inner.tide", "tide"]);
    assert_eq!(names(&surface["prompts"]), ["outer-inner.forecast"]);
    assert_eq!(names(&surface["resources"]), ["outer-inner.level"]);
    assert_eq!(surface["resources"][0]["uri"], "sea://level");
    let mut client = client(server(), LATEST).await;
    for (name, expected) in [("outer-inner.tide", "tide"), ("outer-flow", "flow"), ("tide", "tide")] {
        assert_eq!(text(&client.call(name, json!({})).await), expected);
    }
    for name in ["inner.tide", "outer-tide", "flow", "inner.outer-tide"] {
        assert_eq!(client.call(name, json!({})).await["code"], -32602, "{name}");
    }
    assert!(client.request("prompts/get", json!({ "name": "outer-inner.forecast" })).await.get("messages").is_some());
    assert_eq!(client.request("prompts/get", json!({ "name": "forecast" })).await["code"], -32602);
    assert_eq!(text(&client.request("resources/read", json!({ "uri": "sea://level" })).await), "high");
}

#[tokio::test(start_paused = true)]
async fn a_prefix_goes_before_aliases_too() {
    // Otherwise one group could not be there twice.
    let server = server![group![flow].prefix("a_"), group![flow].prefix("b_")];
    let mut client = client(server, LATEST).await;
    assert_eq!(listed(&mut client, "tools/list").await, ["a_flow", "b_flow"]);
    for name in ["a_ebb", "b_ebb", "a_flow"] {
        assert_eq!(text(&client.call(name, json!({})).await), "flow", "{name}");
    }
    assert_eq!(client.call("ebb", json!({})).await["code"], -32602);
}

#[tokio::test(start_paused = true)]
async fn a_prefix_and_a_condition_go_together_in_either_order() {
    let is_pilot = |cx: &mcp_runtime::Context| cx.client().is_some_and(|client| client.name == "pilot");
    for server in [
        server![constant, group![tide].prefix("sea_").visible_if(is_pilot)],
        server![constant, group![tide].visible_if(is_pilot).prefix("sea_")],
    ] {
        let mut client = Client::named("pilot", server, LATEST, json!({})).await;
        assert_eq!(listed(&mut client, "tools/list").await, ["constant", "sea_tide"]);
        client.name = "guest";
        assert_eq!(listed(&mut client, "tools/list").await, ["constant"]);
    }
}

/// A resource of a URI that is taken.
#[resource("sea://level")]
fn depth() -> &'static str {
    "deep"
}

/// The level, in some unit.
#[resource("sea://level{?unit}")]
fn level_in(unit: Option<&str>) -> String {
    unit.unwrap_or("m").to_owned()
}

fn made(name: &str) -> MadeTool {
    MadeTool::new(Tool::new(name, serde_json::Map::new()), |_, _| async { "made" })
}

#[tokio::test(start_paused = true)]
async fn names_that_clash_or_that_clients_refuse_keep_a_server_from_starting() {
    let long = "x".repeat(125);
    for (server, expected) in [
        (server![tide].with(group![tide]), "`tide`"),
        (server![constant, group![tide].prefix("a_"), group![tide].prefix("a_")], "`a_tide`"),
        (server![constant].with(made("constant")), "`constant`"),
        (server![flow].with(made("ebb")), "`ebb`"),
        (server![level].with(group![depth].prefix("other_")), "`sea://level`"),
        (server![level_in].with(group![level]), "`sea://level`"),
        (server![forecast].with(group![forecast].prefix("")), "`forecast`"),
        (server![group![tide].prefix("with space ")], "`with space tide`"),
        (server![group![tide].prefix(long)], "128"),
        (server![(made(""))], "128"),
    ] {
        let found = problems(server).await;
        assert!(found.contains("cannot start") && found.contains(expected), "{expected}: {found:?}");
    }
    for server in [
        server![tide, group![tide].prefix("a_"), group![tide].prefix("b_")],
        server![group![tide].prefix("x".repeat(124))],
        server![constant, (made("other"))],
    ] {
        assert_eq!(problems(server).await, "");
    }
}

#[tokio::test(start_paused = true)]
async fn everything_that_is_wrong_is_told_at_once() {
    let mut server = server![tide, phase].with(group![phase].prefix("")).state(1_u8).state(2_u8);
    server.handle().add(group![tide]).unwrap();
    let found = problems(server).await;
    for expected in [
        "two tools are named `phase`",
        "two tools are named `tide`",
        "the state `u8` was given twice",
        "Moon` that tool `phase`, tool `phase` takes",
    ] {
        assert!(found.contains(expected), "{expected}: {found}");
    }
    assert_eq!(found.matches("\n- ").count(), 4, "{found}");
}

#[tokio::test(start_paused = true)]
async fn of_what_clashes_while_the_server_runs_nothing_is_added_and_nobody_is_told() {
    let (server, handle) = changing();
    let mut client = client(server, LATEST).await;
    listen(&mut client, 1, crate::all_lists()).await;
    for (error, expected) in [
        (handle.add(group![tide, level, constant]).unwrap_err(), "`constant`"),
        (handle.add(group![tide, group![tide].prefix("")]).unwrap_err(), "`tide`"),
        (handle.add(group![tide].prefix("no/")).unwrap_err(), "`no/tide`"),
        (handle.add(group![level, group![depth].prefix("")]).unwrap_err(), "`sea://level`"),
    ] {
        let error = error.to_string();
        assert!(error.starts_with("nothing was added: ") && error.contains(expected), "{error}");
    }
    assert_eq!(client.rest().await, Vec::<Value>::new());
    assert_eq!(listed(&mut client, "tools/list").await, ["constant"]);
    assert_eq!(listed(&mut client, "resources/list").await, Vec::<String>::new());
    // The control, under a prefix.
    handle.add(group![tide, level, constant].prefix("more_")).unwrap();
    assert_eq!(client.rest().await.len(), 2);
    assert_eq!(listed(&mut client, "tools/list").await, ["constant", "more_tide", "more_constant"]);
    // It is hidden and removed by the name that clients see.
    assert!(!handle.remove(Entry::Tool("tide")) && handle.remove(Entry::Tool("more_tide")));
}

/// A state that a tool needs.
struct Moon(&'static str);

/// Needs a state.
#[tool]
fn phase(moon: State<Moon>) -> String {
    moon.0.to_owned()
}

struct Buoy(&'static str);

#[serve]
impl Buoy {
    /// Says what it is.
    #[tool]
    fn buoy(&self) -> &'static str {
        self.0
    }
}

#[tokio::test(start_paused = true)]
async fn what_needs_a_state_is_added_where_there_is_one() {
    let (server, handle) = changing();
    let mut without = client(server, LATEST).await;
    let error = handle.add(group![phase]).unwrap_err().to_string();
    assert!(error.contains("Moon") && error.contains("`phase`"), "{error}");
    // What brings its own state along needs none.
    handle.add(group![Buoy("red")]).unwrap();
    assert_eq!(text(&without.call("buoy", json!({})).await), "red");
    let (server, handle) = changing();
    let mut with = client(server.state(Moon("full")), LATEST).await;
    handle.add(group![phase]).unwrap();
    assert_eq!(text(&with.call("phase", json!({})).await), "full");
}
