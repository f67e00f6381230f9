//! The span around every call, with the feature `tracing`: what it says, and what runs inside of it. Recorded on
//! the one thread that a test runs on.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mcp_runtime::{Call, Context, Reply, Revision, Server, Stack, prompt, server, tool};
use mcp_tests::client::{Client, everything};
use serde_json::{Value, json};
use tokio::time::sleep;
use tower::{ServiceExt, layer::layer_fn, service_fn};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber, subscriber::DefaultGuard};
use tracing_subscriber::layer::{Context as LayerContext, Layer, SubscriberExt};

const LATEST: Revision = Revision::LATEST;
const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// What was traced.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Recorded>>);

#[derive(Default)]
struct Recorded {
    spans: Vec<Span>,
    /// Where the spans are that have not ended yet.
    places: HashMap<Id, usize>,
    /// The spans that are entered, as places in `spans`; one may stand there twice.
    stack: Vec<usize>,
    /// What was said, and inside of which spans.
    events: Vec<(String, Vec<usize>)>,
}

#[derive(Clone)]
struct Span {
    about: &'static Metadata<'static>,
    fields: BTreeMap<&'static str, String>,
    entered: usize,
    has_ended: bool,
}

struct Fields<'a>(&'a mut BTreeMap<&'static str, String>);

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

impl<S: Subscriber> Layer<S> for Recorder {
    fn enabled(&self, about: &Metadata<'_>, _: LayerContext<'_, S>) -> bool {
        about.target().starts_with("mcp_runtime") || about.target().starts_with("trace")
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, _: LayerContext<'_, S>) {
        let mut fields = BTreeMap::new();
        attributes.record(&mut Fields(&mut fields));
        let mut recorded = self.0.lock().unwrap();
        let place = recorded.spans.len();
        recorded.places.insert(id.clone(), place);
        recorded.spans.push(Span { about: attributes.metadata(), fields, entered: 0, has_ended: false });
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _: LayerContext<'_, S>) {
        values.record(&mut Fields(&mut self.0.lock().unwrap().span(id).fields));
    }

    fn on_event(&self, event: &Event<'_>, _: LayerContext<'_, S>) {
        let mut fields = BTreeMap::new();
        event.record(&mut Fields(&mut fields));
        let mut recorded = self.0.lock().unwrap();
        let stack = recorded.stack.clone();
        recorded.events.push((fields.remove("message").unwrap_or_default(), stack));
    }

    fn on_enter(&self, id: &Id, _: LayerContext<'_, S>) {
        let mut recorded = self.0.lock().unwrap();
        recorded.span(id).entered += 1;
        let place = recorded.places[id];
        recorded.stack.push(place);
    }

    fn on_exit(&self, id: &Id, _: LayerContext<'_, S>) {
        let mut recorded = self.0.lock().unwrap();
        let (left, place) = (recorded.stack.pop(), recorded.places[id]);
        assert_eq!(left, Some(place), "spans are left in the order of entering");
    }

    fn on_close(&self, id: Id, _: LayerContext<'_, S>) {
        let mut recorded = self.0.lock().unwrap();
        recorded.span(&id).has_ended = true;
        // Its id may be that of a later one.
        recorded.places.remove(&id);
    }
}

impl Recorded {
    fn span(&mut self, id: &Id) -> &mut Span {
        let place = self.places[id];
        &mut self.spans[place]
    }
}

impl Recorder {
    /// Records what happens on this thread for as long as the guard lives.
    fn start() -> (Self, DefaultGuard) {
        let recorder = Self::default();
        let guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(recorder.clone()));
        (recorder, guard)
    }

    fn spans(&self) -> Vec<Span> {
        self.0.lock().unwrap().spans.clone()
    }

    /// The spans around what was said: each once, the outermost first.
    fn around(&self, said: &str) -> Vec<Span> {
        let recorded = self.0.lock().unwrap();
        let found = recorded.events.iter().find(|(message, _)| message == said);
        let (_, stack) = found.unwrap_or_else(|| panic!("{said:?} is not among {:?}", recorded.events));
        let mut stack = stack.clone();
        stack.dedup();
        stack.into_iter().map(|place| recorded.spans[place].clone()).collect()
    }

    /// The one call that this was said in.
    #[track_caller]
    fn call_around(&self, said: &str) -> Span {
        let spans = self.around(said);
        assert_eq!(spans.len(), 1, "{said:?} was said in {:?}", spans.iter().map(|it| &it.fields).collect::<Vec<_>>());
        assert_eq!(spans[0].about.name(), "mcp.call");
        spans[0].clone()
    }
}

/// Says something at each step.
#[tool]
async fn steps() -> &'static str {
    tracing::info!("first");
    tokio::task::yield_now().await;
    tracing::info!("second");
    sleep(Duration::from_secs(1)).await;
    tracing::info!("third");
    "done"
}

/// Says something as a task.
#[tool(task)]
async fn slow() -> &'static str {
    tracing::info!("slow begins");
    sleep(Duration::from_secs(5)).await;
    tracing::info!("slow ends");
    "done"
}

/// Says something before it becomes a task and after.
#[tool(task = "later")]
async fn later(cx: &Context) -> &'static str {
    tracing::info!("later begins");
    cx.begin_task().await;
    tracing::info!("later goes on");
    sleep(Duration::from_secs(5)).await;
    tracing::info!("later ends");
    "done"
}

/// A prompt.
#[prompt]
fn ask() -> &'static str {
    tracing::info!("in a prompt");
    "?"
}

fn tracing_server() -> Server {
    server![steps, slow, later, ask]
}

/// The same with a layer that says something, too.
fn layered() -> Server {
    tracing_server().layer(layer_fn(|inner: Stack| {
        service_fn(move |call: Call| {
            let inner = inner.clone();
            tracing::info!("layer is called");
            async move {
                tracing::info!("layer begins");
                let reply: Result<Reply, _> = inner.oneshot(call).await;
                tracing::info!("layer ends");
                reply
            }
        })
    }))
}

async fn open(server: Server, knows_tasks: bool) -> Client {
    let mut capabilities = everything(LATEST);
    if knows_tasks {
        capabilities["extensions"] = json!({ "io.modelcontextprotocol/tasks": {} });
    }
    Client::open(server, LATEST, capabilities).await
}

fn traced(method: &str, name: &str, revision: Revision) -> BTreeMap<&'static str, String> {
    let fields = [("method", method), ("name", name), ("revision", revision.as_str()), ("traceparent", TRACE)];
    fields.map(|(name, value)| (name, value.to_owned())).into()
}

#[tokio::test(start_paused = true)]
async fn a_span_says_which_call_it_is_and_to_which_trace_it_belongs() {
    for revision in Revision::ALL {
        let (recorder, _recording) = Recorder::start();
        let mut client = Client::open(tracing_server(), revision, json!({})).await;
        for (method, name) in [("tools/call", "steps"), ("prompts/get", "ask"), ("tools/list", "")] {
            let mut params = json!({ "_meta": { "traceparent": TRACE } });
            if !name.is_empty() {
                params["name"] = name.into();
            }
            client.request(method, params).await;
            let last = recorder.spans().pop().unwrap();
            assert_eq!((last.about.name(), &last.fields), ("mcp.call", &traced(method, name, revision)));
            assert!(last.entered > 0);
            assert!(last.has_ended, "{method}: the span ends with its call");
        }
        assert_eq!(recorder.call_around("in a prompt").fields["name"], "ask");
    }
}

#[tokio::test(start_paused = true)]
async fn a_trace_that_is_malformed_is_left_out() {
    let (recorder, _recording) = Recorder::start();
    let mut client = open(tracing_server(), false).await;
    for (parent, state, expected) in [
        (json!(TRACE), json!("a=1"), (Some(TRACE), Some("a=1"))),
        (json!("00-x-y-01"), json!("a=1"), (None, Some("a=1"))),
        (json!(TRACE[1..]), json!(7), (None, None)),
        (json!({ "trace": TRACE }), Value::Null, (None, None)),
    ] {
        let params = json!({ "name": "ask", "_meta": { "traceparent": parent, "tracestate": state } });
        client.request("prompts/get", params).await;
        let fields = recorder.spans().pop().unwrap().fields;
        let field = |name| fields.get(name).map(String::as_str);
        assert_eq!((field("traceparent"), field("tracestate")), expected, "{parent}");
        assert_eq!(field("name"), Some("ask"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_is_inside_of_its_span_whenever_it_runs_and_nothing_else_is() {
    for server in [tracing_server(), layered()] {
        let (recorder, _recording) = Recorder::start();
        let mut client = open(server, false).await;
        client.call("steps", json!({})).await;
        tracing::info!("beside");
        for said in ["first", "second", "third"] {
            assert_eq!(recorder.call_around(said).fields["name"], "steps");
        }
        assert_eq!(recorder.around("beside").len(), 0);
        assert_eq!(recorder.spans().len(), 1, "one span a call");
        assert!(recorder.spans()[0].entered >= 3);
    }
}

#[tokio::test(start_paused = true)]
async fn two_calls_that_take_turns_are_each_inside_of_its_own() {
    let (recorder, _recording) = Recorder::start();
    let mut client = open(tracing_server(), false).await;
    for (id, name) in [("a", "steps"), ("b", "slow")] {
        let message = client.message(id, "tools/call", json!({ "name": name }));
        client.send(&message).await;
    }
    assert_eq!(client.rest().await.len(), 2);
    for (said, name) in [("first", "steps"), ("slow begins", "slow"), ("third", "steps"), ("slow ends", "slow")] {
        assert_eq!(recorder.call_around(said).fields["name"], name);
    }
}

#[tokio::test(start_paused = true)]
async fn layers_are_inside_of_the_span() {
    let (recorder, _recording) = Recorder::start();
    let mut client = open(layered(), false).await;
    client.call("steps", json!({})).await;
    for said in ["layer is called", "layer begins", "layer ends"] {
        assert_eq!(recorder.call_around(said).fields["name"], "steps", "{said}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_stays_inside_of_the_span_of_the_call_that_made_it() {
    for make in [tracing_server, layered] {
        let (recorder, _recording) = Recorder::start();
        let mut client = open(make(), true).await;
        for tool in ["slow", "later"] {
            let meta = json!({ "traceparent": TRACE });
            let made = client.request("tools/call", json!({ "name": tool, "_meta": meta })).await;
            let id = made["taskId"].as_str().unwrap().to_owned();
            sleep(Duration::from_secs(10)).await;
            let task = client.request("tasks/get", json!({ "taskId": id })).await;
            assert_eq!(task["status"], "completed");
            let last = recorder.spans().pop().unwrap();
            assert_eq!((&*last.fields["method"], &last.fields["name"]), ("tasks/get", &id));
            for said in ["begins", "ends"] {
                let span = recorder.call_around(&format!("{tool} {said}"));
                assert_eq!(span.fields, traced("tools/call", tool, LATEST), "{tool} {said}");
                assert!(span.has_ended, "{tool}: the span ends with its task");
            }
        }
        recorder.call_around("later goes on");
    }
}
