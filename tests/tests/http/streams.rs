//! Streams of the revisions with sessions: what goes to which, who reads it, and taking one up again where it was lost.

use mcp_runtime::store::MemoryStore;
use mcp_tests::connection::request;
use mcp_tests::http::{Event, Session, Site, Wire, said};
use mcp_tests::site::{Log, server};
use serde_json::{Value, json};

const REVISIONS: [&str; 3] = ["2025-03-26", "2025-06-18", "2025-11-25"];

fn logged() -> (Site, Log) {
    let log = Log::default();
    (Site::open(server(&log)), log)
}

/// The next event that carries a message.
fn message(wire: &mut Wire) -> Event {
    loop {
        let event = wire.event();
        if !event.data[0].is_empty() {
            return event;
        }
    }
}

#[test]
fn changes_come_on_the_sessions_own_stream() {
    let (site, _) = logged();
    for revision in REVISIONS {
        let (session, other) = (Session::open(&site, revision), Session::open(&site, revision));
        let subscribe = |uri: &str| session.post(&request(1, "resources/subscribe", json!({ "uri": uri })));
        assert_eq!(subscribe("site://watched").json()["result"], json!({}));
        assert_eq!(subscribe("site://other").json()["error"]["code"], -32002);
        let (mut wire, mut deaf) = (session.listen(None), other.listen(None));
        let answer = session.call("touch", json!({}));
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")), "{answer}");
        assert_eq!(message(&mut wire).method(), "notifications/tools/list_changed");
        let updated = message(&mut wire);
        assert_eq!(updated.json()["params"]["uri"], "site://watched", "{updated:?}");
        // Who did not subscribe hears of the list alone.
        assert_eq!(message(&mut deaf).method(), "notifications/tools/list_changed");
        assert!(deaf.is_silent());
        let unsubscribe = request(2, "resources/unsubscribe", json!({ "uri": "site://watched" }));
        assert_eq!(session.post(&unsubscribe).json()["result"], json!({}));
        assert_eq!(session.call("touch", json!({})).status, 200);
        assert_eq!(message(&mut wire).method(), "notifications/tools/list_changed");
        assert!(wire.is_silent());
    }
}

#[test]
fn changes_that_nobody_heard_of_do_not_pile_up() {
    let (site, _) = logged();
    let session = Session::open(&site, "2025-11-25");
    for _ in 0..50 {
        assert_eq!(session.call("touch", json!({})).status, 200);
    }
    let subscribe = request(1, "resources/subscribe", json!({ "uri": "site://watched" }));
    assert_eq!(session.post(&subscribe).json()["result"], json!({}));
    assert_eq!(session.call("touch", json!({})).status, 200);
    // One that waits to be read, one that waits behind it, and one for all that came after.
    let mut wire = session.listen(None);
    let told: Vec<String> = std::iter::from_fn(|| Some(message(&mut wire).method()))
        .take_while(|method| method != "notifications/resources/updated")
        .collect();
    assert!((1..=3).contains(&told.len()), "{told:?}");
    assert!(told.iter().all(|method| method == "notifications/tools/list_changed"));
}

#[test]
fn whoever_listens_last_is_told() {
    let (site, _) = logged();
    let session = Session::open(&site, "2025-11-25");
    let mut first = session.listen(None);
    assert_eq!(session.call("touch", json!({})).status, 200);
    assert_eq!(message(&mut first).method(), "notifications/tools/list_changed");
    let mut second = session.listen(None);
    assert!(first.rest().is_empty(), "the first stream ends");
    assert_eq!(session.call("touch", json!({})).status, 200);
    assert_eq!(message(&mut second).method(), "notifications/tools/list_changed");
    assert!(second.is_silent(), "each change is told once");
}

#[test]
fn a_stream_is_taken_up_behind_an_event_and_no_other_stream_is() {
    let (site, log) = logged();
    let session = Session::open(&site, "2025-11-25");
    let mut own = session.listen(None);
    let mut wire = session.begin("nap", json!({ "name": "first", "millis": 400 }));
    let primer = wire.event();
    assert_eq!((primer.data.as_slice(), primer.id.is_some()), (&[String::new()][..], true), "{primer:?}");
    let progress = wire.event();
    assert_eq!(progress.json()["params"]["progress"], 1);
    drop(wire);
    assert_eq!(session.call("touch", json!({})).status, 200);
    log.wait("first woke up");
    // From behind the primer everything, from behind the first message the rest; and again, as often as it is asked for.
    for (last, progresses) in [(&primer, [1, 2].as_slice()), (&progress, &[2]), (&primer, &[1, 2])] {
        let events = session.listen(last.id.as_deref()).rest();
        let (answer, before) = events.split_last().unwrap();
        assert_eq!(said(&answer.json()), "first slept");
        let before: Vec<Value> = before.iter().map(|event| event.json()["params"]["progress"].clone()).collect();
        assert_eq!(json!(before), json!(progresses));
    }
    // What belongs to the session's own stream came there and nowhere else.
    let change = message(&mut own);
    assert_eq!(change.method(), "notifications/tools/list_changed");
    let ids = [primer.id.clone(), progress.id, change.id];
    assert!(ids.iter().all(Option::is_some));
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2], "{ids:?}");
}

#[test]
fn a_call_goes_on_when_its_connection_is_lost() {
    let (site, log) = logged();
    for revision in REVISIONS {
        let session = Session::open(&site, revision);
        let mut wire = session.begin("nap", json!({ "name": revision, "millis": 200 }));
        let event = message(&mut wire);
        drop(wire);
        log.wait(&format!("{revision} woke up"));
        let last = event.id.as_deref().expect("the stream can be taken up again");
        let events = session.listen(Some(last)).rest();
        assert_eq!(said(&events.last().unwrap().json()), format!("{revision} slept"));
        // One that had not begun to stream goes on as well; nobody can ask for its answer.
        let mut silent = site.connect();
        let name = format!("{revision} silent");
        let call = request(9, "tools/call", json!({ "name": "nap", "arguments": { "name": name, "millis": 200 } }));
        silent.write(session.request(call.to_string()).bytes());
        log.wait(&format!("{name} naps"));
        drop(silent);
        log.wait(&format!("{name} woke up"));
    }
}

#[test]
fn connections_that_were_lost_do_not_use_a_session_up() {
    let (site, log) = logged();
    let session = Session::open(&site, "2025-11-25");
    let call = |id: u32| {
        let arguments = json!({ "name": id.to_string(), "millis": 20 });
        request(id, "tools/call", json!({ "name": "nap", "arguments": arguments, "_meta": { "progressToken": id } }))
    };
    let mut last = None;
    for id in 0..1100 {
        let (_, mut wire) = site.begin(&session.request(call(id).to_string()));
        last = wire.event().id;
    }
    log.wait("1099 woke up");
    assert_eq!(said(&session.listen(last.as_deref()).rest().last().unwrap().json()), "1099 slept");
    assert_eq!(session.call("add", json!({ "a": 1, "b": 2 })).said(), "3");
}

#[test]
fn a_call_that_is_cancelled_is_not_answered() {
    let (site, log) = logged();
    for revision in REVISIONS {
        let session = Session::open(&site, revision);
        let mut wire = session.begin("wait", json!({ "name": revision }));
        assert_eq!(message(&mut wire).method(), "notifications/progress");
        let other =
            json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": "other" } });
        assert_eq!(session.post(&other).status, 202);
        assert!(wire.is_silent() && !log.has(&format!("{revision} given up")));
        let cancel =
            json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": "call" } });
        assert_eq!(session.post(&cancel).status, 202);
        log.wait(&format!("{revision} given up"));
        assert!(wire.rest().is_empty());
    }
}

#[test]
fn an_event_that_never_was_is_not_found() {
    let (site, _) = logged();
    let (session, other) = (Session::open(&site, "2025-11-25"), Session::open(&site, "2025-11-25"));
    let mut wire = session.begin("nap", json!({ "name": "x", "millis": 0 }));
    let id = wire.event().id.unwrap();
    wire.rest();
    let stream: u64 = id.split_once('-').and_then(|(stream, _)| stream.parse().ok()).unwrap();
    // Of a stream that is there; of the session's own, which has said nothing; of one that may come yet.
    let near = [format!("{stream}-99"), format!("{}-0", stream - 1), format!("{}-0", stream + 1)];
    let odd = ["999-0", "0-0", "x", "", "-", "1", "1-", "1-x", "-1-0", "1-0-0", "99999999999999999999-0", "\u{e9}"];
    for wrong in near.iter().map(String::as_str).chain(odd) {
        let message = site.send(&session.listening(Some(wrong))).refused(400, -32600);
        assert!(message.contains("Last-Event-ID"), "{message}");
    }
    site.send(&other.listening(Some(&id))).refused(400, -32600);
    assert!(!session.listen(Some(&id)).rest().is_empty());
}

#[test]
fn an_event_of_another_process_is_not_found_though_the_session_is_known() {
    let store = MemoryStore::default();
    let shared = || Site::open(server(&Log::default()).store(store.clone()));
    let (before, after) = (shared(), shared());
    let session = Session::open(&before, "2025-11-25");
    let nap = json!({ "name": "x", "millis": 0 });
    let first = session.begin("nap", nap.clone()).event().id.unwrap();
    // The first call there too: what it is answered belongs to whoever made it.
    let moved = session.at(&after);
    let own = moved.begin("nap", nap).event().id.unwrap();
    after.send(&moved.listening(Some(&first))).refused(400, -32600);
    assert!(!moved.listen(Some(&own)).rest().is_empty());
}

#[test]
fn an_answer_to_a_question_of_another_process_answers_none_of_this_one() {
    let store = MemoryStore::default();
    let shared = || Site::open(server(&Log::default()).store(store.clone()));
    let (before, after) = (shared(), shared());
    let session = Session::open(&before, "2025-11-25");
    let moved = session.at(&after);
    // The first question of each: what they are called must not be the same.
    let mut lost = session.begin("confirm", json!({ "item": "x" }));
    let first = message(&mut lost).json()["id"].clone();
    let mut wire = moved.begin("confirm", json!({ "item": "y" }));
    let second = message(&mut wire).json()["id"].clone();
    assert_ne!(first, second);
    let answer = |id: &Value, ok: bool| {
        let result = json!({ "action": "accept", "content": { "ok": ok } });
        json!({ "jsonrpc": "2.0", "id": id, "result": result })
    };
    assert_eq!(moved.post(&answer(&first, false)).status, 202);
    assert!(wire.is_silent());
    // The control: each question has its own answer.
    assert_eq!(moved.post(&answer(&second, true)).status, 202);
    assert_eq!(said(&message(&mut wire).json()), "y: true");
    assert_eq!(session.post(&answer(&first, true)).status, 202);
    assert_eq!(said(&message(&mut lost).json()), "x: true");
}

#[test]
fn a_call_may_let_its_client_go_and_come_back() {
    let (site, log) = logged();
    let session = Session::open(&site, "2025-11-25");
    let call = json!({ "name": "leave", "arguments": {} });
    let (head, mut wire) = site.begin(&session.request(request("call", "tools/call", call).to_string()));
    assert_eq!(head.header("content-type"), Some("text/event-stream"), "{head}");
    // The connection is let go before the answer is there.
    let events = wire.rest();
    log.note("leave may answer");
    assert!(events.iter().all(|event| event.data == [""]), "{events:?}");
    assert_eq!(events.last().unwrap().retry.as_deref(), Some("50"));
    let events = session.listen(events[0].id.as_deref()).rest();
    assert_eq!(said(&events.last().unwrap().json()), "back again");
    // Clients of older revisions do not know that an event may be empty: they are not let go.
    for revision in ["2025-03-26", "2025-06-18"] {
        let answer = Session::open(&site, revision).call("leave", json!({}));
        assert_eq!((answer.header("content-type"), answer.said().as_str()), (Some("application/json"), "back again"));
    }
}

#[test]
fn streams_of_older_revisions_have_no_empty_events() {
    let (site, _) = logged();
    for (revision, empty) in [("2025-03-26", 0), ("2025-06-18", 0), ("2025-11-25", 1)] {
        let session = Session::open(&site, revision);
        let events = session.begin("report", json!({ "steps": 2, "text": "x" })).rest();
        assert_eq!(events.iter().filter(|event| event.data == [""]).count(), empty, "{revision}: {events:?}");
        assert_eq!(events.len(), 3 + empty);
    }
}

#[test]
fn the_server_asks_on_the_stream_of_the_call() {
    let (site, _) = logged();
    let accepted = json!({ "action": "accept", "content": { "ok": true } });
    let model = json!({ "role": "assistant", "content": { "type": "text", "text": "a model" }, "model": "m", "stopReason": "endTurn" });
    let roots = json!({ "roots": [{ "uri": "file:///root" }] });
    for (revision, tool, arguments, method, result, text) in [
        ("2025-11-25", "confirm", json!({ "item": "x" }), "elicitation/create", &accepted, "x: true"),
        ("2025-06-18", "confirm", json!({ "item": "x" }), "elicitation/create", &accepted, "x: true"),
        ("2025-03-26", "sample", json!({}), "sampling/createMessage", &model, "a model"),
        ("2025-11-25", "roots", json!({}), "roots/list", &roots, "file:///root"),
    ] {
        let (session, other) = (Session::open(&site, revision), Session::open(&site, revision));
        let mut own = session.listen(None);
        let mut wire = session.begin(tool, arguments);
        let question = message(&mut wire);
        assert_eq!(question.method(), method);
        let id = question.json()["id"].clone();
        let answer = |id: &Value| json!({ "jsonrpc": "2.0", "id": id, "result": result });
        // Answers that nobody waits for change nothing, also where another session gives them.
        for answered in
            [session.post(&answer(&json!(999))), session.post(&answer(&json!("x"))), other.post(&answer(&id))]
        {
            assert_eq!((answered.status, answered.text().as_str()), (202, ""), "{answered}");
        }
        assert!(wire.is_silent());
        let answered = session.post(&answer(&id));
        assert_eq!((answered.status, answered.text().as_str()), (202, ""), "{answered}");
        assert_eq!(said(&message(&mut wire).json()), text);
        assert!(wire.rest().is_empty() && own.is_silent());
    }
}

#[test]
fn a_question_survives_the_connection_it_was_asked_on() {
    let (site, _) = logged();
    let session = Session::open(&site, "2025-11-25");
    let mut wire = session.begin("confirm", json!({ "item": "x" }));
    let primer = wire.event();
    drop(wire);
    let mut wire = session.listen(primer.id.as_deref());
    let question = message(&mut wire);
    let refused = json!({ "jsonrpc": "2.0", "id": question.json()["id"], "error": { "code": -1, "message": "no" } });
    assert_eq!(session.post(&refused).status, 202);
    let answer = message(&mut wire).json();
    assert_eq!((&answer["id"], &answer["result"]["isError"]), (&json!("call"), &json!(true)), "{answer}");
}
