//! Two clients of one server: what belongs to the one never reaches the other.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use mcp_tests::application::Application;
use mcp_tests::connection::{modern, request};
use mcp_tests::http::{Request, Session, Site, said};
use mcp_tests::site::{Log, server};
use mcp_tests::{http, sample};
use serde_json::{Value, json};

use super::careless;

const CLIENTS: usize = 20;

/// How many clients that call at the same time with the same id got something else than what they asked for.
fn crossed(site: &Site, requests: Vec<Request>) -> usize {
    let mut wires: Vec<_> = requests.iter().map(|_| site.connect()).collect();
    for (wire, request) in wires.iter_mut().zip(&requests) {
        wire.write(request.bytes());
    }
    let answers = wires.iter_mut().map(|wire| wire.answer().said());
    answers.enumerate().filter(|(index, said)| *said != format!("{index} slept")).count()
}

fn naps() -> impl Iterator<Item = Value> {
    (0..CLIENTS).map(|index| json!({ "name": "nap", "arguments": { "name": index.to_string(), "millis": 200 } }))
}

/// Clients count their ids from the same number on, so that ids of several clients are equal all the time.
#[test]
fn cve_2026_25536_equal_ids_of_two_clients() {
    let site = Site::open(server(&Log::default()));
    let modern: Vec<_> = naps().map(|params| Request::modern(&modern(1, "tools/call", params))).collect();
    assert_eq!(crossed(&site, modern.clone()), 0);
    let sessions: Vec<_> = (0..CLIENTS).map(|_| Session::open(&site, "2025-11-25")).collect();
    let in_sessions = sessions.iter().zip(naps());
    let in_sessions =
        in_sessions.map(|(session, params)| session.request(request(1, "tools/call", params).to_string())).collect();
    assert_eq!(crossed(&site, in_sessions), 0);
    // The control: a table of calls that knows them by their ids alone.
    let last = Arc::new(Mutex::new(String::new()));
    let careless = careless::serve(move |body| {
        let message: Value = serde_json::from_slice(body).unwrap();
        message["params"]["arguments"]["name"].as_str().unwrap_or_default().clone_into(&mut last.lock().unwrap());
        thread::sleep(Duration::from_millis(200));
        let text = format!("{} slept", last.lock().unwrap());
        let result = json!({ "content": [{ "type": "text", "text": text }] });
        careless::ok("", &json!({ "jsonrpc": "2.0", "id": 1, "result": result }).to_string())
    });
    assert!(crossed(&Site::at(careless), modern) > 0);
}

/// The other way: what the server asks the one client is not answered by the other one, though the ids may be equal.
#[test]
fn cve_2026_25536_equal_ids_of_two_questions() {
    let site = Site::open(server(&Log::default()));
    let (alice, bob) = (Session::open(&site, "2025-11-25"), Session::open(&site, "2025-11-25"));
    let answer = |question: &Value, ok: bool| {
        let result = json!({ "action": "accept", "content": { "ok": ok } });
        json!({ "jsonrpc": "2.0", "id": question["id"], "result": result })
    };
    let asked = |wire: &mut http::Wire| loop {
        let event = wire.event();
        if event.data[0].contains("elicitation/create") {
            break event.json();
        }
    };
    let (mut alices, mut bobs) =
        (alice.begin("confirm", json!({ "item": "a" })), bob.begin("confirm", json!({ "item": "b" })));
    let (for_alice, for_bob) = (asked(&mut alices), asked(&mut bobs));
    // Bob answers whatever Alice could have been asked.
    for question in [&for_alice, &json!({ "id": 0 }), &json!({ "id": 1 }), &json!({ "id": "1" })] {
        if question["id"] != for_bob["id"] {
            bob.post(&answer(question, false));
        }
    }
    assert!(alices.is_silent(), "somebody else answered");
    assert_eq!(alice.post(&answer(&for_alice, true)).status, 202);
    assert_eq!(bob.post(&answer(&for_bob, false)).status, 202);
    // The control is that an answer of one's own does end the call.
    let end = |wire: &mut http::Wire| said(&wire.rest().last().unwrap().json());
    assert_eq!((end(&mut alices), end(&mut bobs)), ("a: true".to_owned(), "b: false".to_owned()));
}

/// What of Alice's Bob can use, with the application saying who they are.
async fn stolen(application: &Application, alice: Option<&str>, bob: Option<&str>) -> Vec<String> {
    let mut stolen = Vec::new();
    let session = application.open(alice).await;
    let lines = [("mcp-session-id", session.as_str())];
    for (verb, message) in [("POST", request(1, "ping", json!({}))), ("GET", Value::Null), ("DELETE", Value::Null)] {
        let answer = application.send(bob, verb, &lines, &message).await;
        if answer.status < 400 {
            stolen.push(format!("the session by {verb}: {answer}"));
        }
    }
    let ask = async |who: Option<&str>, method: &str, mut params: Value, name: &str| {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": { "extensions": { "io.modelcontextprotocol/tasks": {} } },
        });
        let lines = [("mcp-protocol-version", "2026-07-28"), ("mcp-method", method), ("mcp-name", name)];
        application.send(who, "POST", &lines, &request(1, method, params)).await
    };
    let begun = ask(alice, "tools/call", json!({ "name": "brew" }), "brew").await;
    let id = begun.json()["result"]["taskId"].as_str().unwrap_or_else(|| panic!("{begun}")).to_owned();
    for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
        let answer = ask(bob, method, json!({ "taskId": id, "inputResponses": {} }), &id).await;
        if answer.status < 400 {
            stolen.push(format!("the task by {method}: {answer}"));
        }
    }
    let own = ask(alice, "tasks/get", json!({ "taskId": id }), &id).await;
    assert_eq!(own.status, 200, "it is still its owner's: {own}");
    stolen
}

/// A name that was overheard or guessed opens nothing for whoever else presents it.
#[tokio::test]
async fn cve_2026_52869_session_or_task_of_another_principal() {
    let application = Application::new(sample::server());
    for (alice, bob) in
        [(Some("alice"), Some("bob")), (Some("alice"), None), (None, Some("bob")), (Some("a"), Some("A"))]
    {
        assert_eq!(stolen(&application, alice, bob).await, Vec::<String>::new());
    }
    // The control: an application that does not say who its users are.
    assert_eq!(stolen(&application, None, None).await.len(), 6);
}
