//! Who hears of changes: the session of what it subscribed to and of every list, each stream of 2026-07-28 of what it
//! listens to, and nobody of anything else.

use std::collections::BTreeSet;

use super::pipe::SUBSCRIPTION;
use super::*;

/// Opens a stream of changes and sees it acknowledged.
fn listen(pipe: &mut Pipe, id: &str, wanted: Value, agreed: Value) {
    pipe.ask_modern(id, "subscriptions/listen", json!({ "notifications": wanted }), json!({}));
    let frame = pipe.receive();
    assert_eq!(frame["method"], "notifications/subscriptions/acknowledged", "{frame}");
    assert_eq!(frame["params"], json!({ "_meta": { SUBSCRIPTION: id }, "notifications": agreed }));
}

/// Whom the frames tell of what: `None` is the session.
fn told(frames: Vec<Value>) -> BTreeSet<(Option<String>, String)> {
    let one = |frame: &Value| {
        let to = frame["params"]["_meta"][SUBSCRIPTION].as_str().map(str::to_owned);
        let what = frame["params"]["uri"].as_str().or(frame["method"].as_str()).unwrap_or("an answer");
        (to, what.trim_start_matches("notifications/").to_owned())
    };
    let all: BTreeSet<_> = frames.iter().filter(|frame| frame.get("method").is_some()).map(one).collect();
    assert_eq!(all.len(), frames.iter().filter(|frame| frame.get("method").is_some()).count(), "twice: {frames:?}");
    all
}

fn pairs(expected: &[(Option<&str>, &str)]) -> BTreeSet<(Option<String>, String)> {
    expected.iter().map(|(to, what)| (to.map(str::to_owned), (*what).to_owned())).collect()
}

#[test]
fn everybody_hears_of_the_lists_that_they_want_to_hear_of() {
    let mut pipe = Pipe::with_session(EVERYTHING);
    listen(&mut pipe, "tools", json!({ "toolsListChanged": true }), json!({ "toolsListChanged": true }));
    let both = json!({ "toolsListChanged": true, "promptsListChanged": true });
    listen(&mut pipe, "both", both.clone(), both);
    listen(&mut pipe, "nothing", json!({ "promptsListChanged": false }), json!({}));
    pipe.ask(1, "tools/call", call("test_trigger_tool_change"));
    let (tools, prompts) = ("tools/list_changed", "prompts/list_changed");
    assert_eq!(told(pipe.rest()), pairs(&[(None, tools), (Some("tools"), tools), (Some("both"), tools)]));
    pipe.ask_modern("m", "tools/call", call("test_trigger_prompt_change"), json!({}));
    assert_eq!(told(pipe.rest()), pairs(&[(None, prompts), (Some("both"), prompts)]));
    // One that is given up hears nothing more, and its request is not answered.
    pipe.say("notifications/cancelled", json!({ "requestId": "both" }));
    pipe.ask(2, "tools/call", call("test_trigger_tool_change"));
    let frames = pipe.rest();
    assert!(frames.iter().all(|frame| frame["id"] != "both"), "{frames:?}");
    assert_eq!(told(frames), pairs(&[(None, tools), (Some("tools"), tools)]));
}

#[test]
fn everybody_hears_of_the_resources_that_they_subscribed_to() {
    // `everything` has a resource to subscribe to, but nothing that changes one.
    let mut pipe = Pipe::with_session(EVERYTHING);
    pipe.ask(1, "resources/subscribe", json!({ "uri": "test://watched-resource" }));
    assert_eq!(pipe.receive()["result"], json!({}));
    let wanted = json!({ "resourceSubscriptions": ["test://watched-resource", "test://unheard-of"] });
    listen(&mut pipe, "m", wanted, json!({ "resourceSubscriptions": ["test://watched-resource"] }));

    let mut pipe = Pipe::with_session(env!("CARGO_BIN_EXE_scene"));
    for (id, uri) in [(1, "note://1"), (2, "note://12")] {
        pipe.ask(id, "resources/subscribe", json!({ "uri": uri }));
        assert_eq!(pipe.receive()["result"], json!({}));
    }
    let wanted = json!({ "resourceSubscriptions": ["note://2", "note://12"] });
    listen(&mut pipe, "m", wanted.clone(), wanted);
    let touch = |uri: &str| json!({ "name": "touch", "arguments": { "uri": uri } });
    let mut check = |uri: &str, expected: &[(Option<&str>, &str)]| {
        pipe.ask_modern("touch", "tools/call", touch(uri), json!({}));
        assert_eq!(told(pipe.rest()), pairs(expected), "{uri}");
    };
    check("note://1", &[(None, "note://1")]);
    check("note://2", &[(Some("m"), "note://2")]);
    check("note://12", &[(None, "note://12"), (Some("m"), "note://12")]);
    check("note://3", &[]);
    pipe.ask(3, "resources/unsubscribe", json!({ "uri": "note://12" }));
    assert_eq!(pipe.receive()["result"], json!({}));
    pipe.ask(4, "tools/call", touch("note://12"));
    assert_eq!(told(pipe.rest()), pairs(&[(Some("m"), "note://12")]));
}

#[test]
fn streams_of_changes_are_ended_in_order_when_the_input_ends() {
    let mut pipe = Pipe::with_session(EVERYTHING);
    for id in ["one", "another", "given up"] {
        listen(&mut pipe, id, json!({ "toolsListChanged": true }), json!({ "toolsListChanged": true }));
    }
    pipe.say("notifications/cancelled", json!({ "requestId": "given up" }));
    pipe.process.close();
    let (mut ended, mut cancelled) = (BTreeSet::new(), BTreeSet::new());
    for frame in pipe.rest() {
        if frame["method"] == "notifications/cancelled" {
            let id = frame["params"]["requestId"].as_str().unwrap().to_owned();
            assert!(ended.contains(&id) && cancelled.insert(id), "{frame} comes once, behind the answer");
            continue;
        }
        assert_eq!(frame["result"]["resultType"], "complete", "{frame}");
        assert_eq!(frame["result"]["_meta"][SUBSCRIPTION], frame["id"], "{frame}");
        assert!(ended.insert(frame["id"].as_str().unwrap().to_owned()), "{frame} came twice");
    }
    assert_eq!(ended, BTreeSet::from(["another".to_owned(), "one".to_owned()]));
    assert_eq!(cancelled, ended);
    let (status, _) = pipe.process.wait();
    assert!(status.success(), "{status:?}");
}
