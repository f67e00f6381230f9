//! A scenario in a file, played in one revision over one transport. A line is a step, as JSON; `#` begins a comment.
//!
//! ```text
//! {"open": {…capabilities…}}                                  begins a conversation with a new server
//! {"request": "tools/call", "params": {…}, "result": {…}}     or `"error": {…}`; `"said": […]` comes before the answer
//!     "asks": [{"method": …, "params": …, "answer": {…}}]     what the server asks meanwhile, in any order;
//!                                                             `"refusal": {…}` answers with an error
//! {"list": "tools", "pages": [["add", …], …]}                 page by page, by name
//! {"level": "warning"}                                        wants the log from here on
//! {"subscribe": ["note://1"]}  {"unsubscribe": "note://1"}    and every list
//! {"told": [{"method": …, "params": …}]}                      what is told of changes next
//! {"begin": "w", "request": …}  {"cancel": "w"}               with `"after": method`, when this has come
//! ```
//!
//! `"in": "2025-06-18.."` plays a step only from that revision on, `"..2025-03-26"` until one, and the same behind `@` in the
//! name of a member, wherever it stands, is when the member is there. `…` in a text of what is expected stands for anything.

use std::collections::HashMap;
use std::path::Path;

use mcp_runtime::{Revision, Server};
use serde_json::{Map, Value, json};

use crate::talk::{Talk, Wire};

/// Plays a file of `tests/scenarios` and says everything that came otherwise.
pub async fn play(name: &str, wire: Wire, server: fn() -> Server, revision: Revision) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    play_text(name, &text, wire, server, revision).await
}

/// The same for a text of this name.
pub async fn play_text(name: &str, text: &str, wire: Wire, server: fn() -> Server, revision: Revision) -> Vec<String> {
    let mut play = Play { place: String::new(), talk: None, begun: HashMap::new(), mistakes: Vec::new() };
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
        play.place = format!("{name}:{} in {revision} over {wire:?}", index + 1);
        let step = serde_json::from_str(line).unwrap_or_else(|error| panic!("{}: {error}", play.place));
        let mut step = at(revision, step);
        let range = step.as_object_mut().and_then(|step| step.remove("in"));
        if range.is_some_and(|range| !is_within(revision, range.as_str().unwrap_or_default())) {
            continue;
        }
        // Whatever panics in there says of what; this says where.
        let place = Place(play.place.clone());
        if let Some(capabilities) = step.get("open") {
            play.close().await;
            play.talk = Some(Talk::open(wire, server, revision, capabilities.clone()).await);
        } else {
            play.step(step).await;
        }
        std::mem::forget(place);
    }
    play.close().await;
    play.mistakes
}

/// Says where it was dropped.
struct Place(String);

impl Drop for Place {
    fn drop(&mut self) {
        eprintln!("at {}", self.0);
    }
}

struct Play {
    /// The step that is played.
    place: String,
    talk: Option<Talk>,
    /// The requests that were begun and have no answer yet, by their names.
    begun: HashMap<String, i64>,
    /// What came otherwise.
    mistakes: Vec<String>,
}

impl Play {
    async fn close(&mut self) {
        if let Some(talk) = self.talk.take() {
            talk.close().await;
        }
    }

    async fn step(&mut self, step: Value) {
        let talk = self.talk.as_mut().unwrap_or_else(|| panic!("{}: nothing is open", self.place));
        let text = |member: &str| step.get(member).map(|text| text.as_str().expect("a text").to_owned());
        let list = |member: &str| step.get(member).and_then(Value::as_array).cloned();
        let params = || step.get("params").cloned().unwrap_or_else(|| json!({}));
        if let Some(name) = text("begin") {
            let id = talk.begin(&text("request").expect("what is begun is a request"), params()).await;
            self.begun.insert(name, id);
        } else if let Some(name) = text("cancel") {
            let id = self.begun.remove(&name).expect("it was begun");
            cancel(talk, id, text("after")).await;
        } else if let Some(method) = text("request") {
            let mut asks = list("asks").unwrap_or_default();
            let (answer, said) = exchange(talk, &method, params(), &mut asks).await;
            let mut expected = json!({ "jsonrpc": "2.0", "id": answer["id"] });
            for member in ["result", "error"] {
                if let Some(value) = step.get(member) {
                    expected[member] = value.clone();
                }
            }
            self.compare("said", said.into(), list("said").unwrap_or_default().into());
            self.compare("not asked", asks.into(), json!([]));
            self.compare("answered", answer, expected);
        } else if let Some(what) = text("list") {
            let pages = pages(talk, &what).await;
            self.compare("listed", pages.into(), step["pages"].clone());
        } else if let Some(level) = step.get("level") {
            talk.set_level(level.clone()).await;
        } else if let Some(uris) = list("subscribe") {
            talk.subscribe(uris.iter().map(|uri| uri.as_str().expect("a URI").to_owned()).collect()).await;
        } else if let Some(uri) = text("unsubscribe") {
            talk.unsubscribe(&uri).await;
        } else if let Some(expected) = list("told") {
            let mut told = Vec::new();
            for _ in &expected {
                let mut frame = talk.next_told().await;
                if frame["params"] == json!({}) {
                    frame.as_object_mut().expect("a frame").remove("params");
                }
                frame.as_object_mut().expect("a frame").remove("jsonrpc");
                told.push(frame);
            }
            self.compare("told", told.into(), expected.into());
        } else {
            panic!("{}: what is {step}?", self.place);
        }
    }

    fn compare(&mut self, what: &str, came: Value, expected: Value) {
        if !fits(&came, &expected) {
            self.mistakes.push(format!("{}: {what}: {came}\n    instead of {expected}", self.place));
        }
    }
}

/// Asks, answers what is asked back, and gives the answer with what was said before.
async fn exchange(talk: &mut Talk, method: &str, params: Value, asks: &mut Vec<Value>) -> (Value, Vec<Value>) {
    let mut said = Vec::new();
    let mut id = talk.begin(method, params.clone()).await;
    loop {
        let frame = talk.next_of(id).await;
        if frame.get("method").is_some() {
            if frame.get("id").is_some() {
                let answer = answer_to(&frame, asks);
                talk.answer(&frame, answer).await;
            } else {
                said.push(json!({ "method": frame["method"], "params": frame["params"] }));
            }
            continue;
        }
        let result = &frame["result"];
        if result["resultType"] != "input_required" {
            return (frame, said);
        }
        // 2026-07-28: the call has ended, and begins again with the answers.
        let mut params = params.clone();
        if let Some(state) = result.get("requestState") {
            params["requestState"] = state.clone();
        }
        let questions = result["inputRequests"].as_object().expect("there are questions");
        let answers = questions.iter().map(|(key, question)| (key.clone(), answer_to(question, asks)["result"].take()));
        params["inputResponses"] = Value::Object(answers.collect::<Map<_, _>>());
        id = talk.begin(method, params).await;
    }
}

/// The answer to a question, which must be one that is expected: its `result`, or its `error`.
fn answer_to(question: &Value, asks: &mut Vec<Value>) -> Value {
    let params = question.get("params").filter(|params| **params != json!({}));
    let same = |ask: &Value| (&ask["method"], ask.get("params")) == (&question["method"], params);
    let place = asks.iter().position(same).unwrap_or_else(|| panic!("{question} is asked, and not one of {asks:?}"));
    let mut ask = asks.remove(place);
    match ask.get_mut("refusal") {
        Some(refusal) => json!({ "error": refusal.take() }),
        None => json!({ "result": ask["answer"].take() }),
    }
}

/// Gives a request up, perhaps after something has come; it is never answered, and its question is taken back.
async fn cancel(talk: &mut Talk, id: i64, after: Option<String>) {
    let mut question = None;
    if let Some(method) = after {
        let frame = talk.next_of(id).await;
        assert_eq!(frame["method"], method, "{frame}");
        question = frame.get("id").cloned();
    }
    talk.cancel(id).await;
    if let Some(question) = question {
        let frame = talk.next_of(id).await;
        let taken_back = (&frame["method"], &frame["params"]["requestId"]);
        assert_eq!(taken_back, (&json!("notifications/cancelled"), &question), "{frame}");
    }
    assert_eq!(talk.rest_of(id).await, [Value::Null; 0]);
}

/// The names on every page of a list.
async fn pages(talk: &mut Talk, what: &str) -> Vec<Value> {
    let (mut pages, mut params) = (Vec::new(), json!({}));
    loop {
        let (answer, _) = exchange(talk, &format!("{what}/list"), params.clone(), &mut Vec::new()).await;
        let member = if what == "resources/templates" { "resourceTemplates" } else { what };
        let items = answer["result"][member].as_array().unwrap_or_else(|| panic!("no {member} in {answer}"));
        pages.push(items.iter().map(|item| item["name"].clone()).collect());
        let Some(cursor) = answer["result"].get("nextCursor") else { return pages };
        params["cursor"] = cursor.clone();
    }
}

/// Whether a value is what is expected; `…` in a text stands for anything, since what messages say may change.
fn fits(came: &Value, expected: &Value) -> bool {
    match (came, expected) {
        (Value::Object(came), Value::Object(expected)) => {
            let is_there = |(name, expected)| came.get(name).is_some_and(|came| fits(came, expected));
            came.len() == expected.len() && expected.iter().all(is_there)
        }
        (Value::Array(came), Value::Array(expected)) => {
            came.len() == expected.len() && came.iter().zip(expected).all(|(came, expected)| fits(came, expected))
        }
        (Value::String(came), Value::String(expected)) if expected.contains('…') => {
            let mut rest = Some(came.as_str());
            for piece in expected.split('…') {
                rest = rest.and_then(|rest| rest.split_once(piece)).map(|(_, rest)| rest);
            }
            rest.is_some()
        }
        _ => came == expected,
    }
}

/// A value as it is in this revision.
fn at(revision: Revision, value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.into_iter().filter_map(|(name, value)| {
                let name = match name.split_once('@') {
                    Some((name, range)) => is_within(revision, range).then(|| name.to_owned())?,
                    None => name,
                };
                Some((name, at(revision, value)))
            });
            Value::Object(members.collect())
        }
        Value::Array(items) => items.into_iter().map(|item| at(revision, item)).collect(),
        other => other,
    }
}

/// Whether `2025-06-18..`, `..2025-03-26` or a revision alone means this one.
fn is_within(revision: Revision, range: &str) -> bool {
    let parse = |text: &str| Revision::parse(text).unwrap_or_else(|| panic!("{range:?} is no range of revisions"));
    match range.split_once("..") {
        None => revision == parse(range),
        Some(("", last)) => revision <= parse(last),
        Some((first, "")) => parse(first) <= revision,
        Some((first, last)) => parse(first) <= revision && revision <= parse(last),
    }
}
