//! Parts of a call one by one: `cargo bench -p benches`. Measured with divan, which brings fewer crates along than criterion and
//! draws nothing.
//!
//! Only what users can reach is called, so nothing is made public for this: requests go to the tower service in memory, without
//! sockets, and each group differs in one thing. What the one thing costs is the difference within the group.

use std::future::Future;
use std::pin::pin;
use std::task::{Context as TaskContext, Poll, Waker};

use bytes::Bytes;
use divan::{Bencher, black_box};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use mcp_runtime::{Body, Context, Group, HttpService, group, server, tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tower_service::Service;

fn main() {
    divan::main();
}

/// Adds two numbers.
#[tool]
fn add(a: i64, b: i64) -> i64 {
    a + b
}

/// Does nothing.
#[tool]
fn nothing() {}

#[derive(Deserialize, JsonSchema)]
struct Filter {
    min: f64,
    max: f64,
    #[expect(dead_code, reason = "it is only parsed")]
    kind: String,
}

/// Takes much.
#[tool]
fn take(query: &str, limit: u32, tags: Vec<String>, filter: Option<Filter>) -> usize {
    query.len() + limit as usize + tags.len() + filter.map_or(0, |filter| usize::from(filter.min < filter.max))
}

#[derive(Serialize, JsonSchema)]
struct Row {
    id: u32,
    title: String,
    score: f64,
}

#[derive(Serialize, JsonSchema)]
struct Rows {
    rows: Vec<Row>,
}

/// Answers much.
#[tool]
fn give(rows: u32) -> Rows {
    let row = |id| Row { id, title: format!("row \"{id}\""), score: f64::from(id) / 7.0 };
    Rows { rows: (0..rows).map(row).collect() }
}

/// Has an argument that is mirrored to a header.
#[tool]
fn mirrored(#[arg(header = "Region")] region: &str) -> usize {
    region.len()
}

/// Says something before it answers, so that the answer is a stream of events.
#[tool]
fn tell(cx: &Context, times: u32) {
    for number in 0..times {
        cx.info(format!("number {number}"));
    }
}

/// A service with all of these, and so many more tools.
fn service(more: usize) -> HttpService {
    let mut server = server![add, nothing, take, give, mirrored, tell];
    for number in 0..more {
        server = server.with(group![add].prefix(format!("t{number}_")));
    }
    server.into_service().expect("its tools have different names")
}

/// What a request of 2026-07-28 says of itself, with more members behind it.
fn meta(more: &str) -> String {
    format!(
        r#"{{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{{"name":"micro","version":"1"}},"io.modelcontextprotocol/clientCapabilities":{{}}{more}}}"#
    )
}

/// A request of 2026-07-28 with these parameters beside its `_meta`, and these headers beside those of all.
fn request_of(method: &str, meta: &str, parameters: &str, headers: &[(&str, &str)]) -> Request<Full<Bytes>> {
    let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{"_meta":{meta}{parameters}}}}}"#);
    let mut request = Request::post("/mcp")
        .header("host", "127.0.0.1")
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", "2026-07-28")
        .header("mcp-method", method);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Full::new(Bytes::from(body))).expect("its headers are well-formed")
}

/// A call.
fn request(tool: &str, arguments: &str, region: Option<&str>) -> Request<Full<Bytes>> {
    let level = if tool == "tell" { r#","io.modelcontextprotocol/logLevel":"info""# } else { "" };
    let parameters = format!(r#","name":"{tool}","arguments":{arguments}"#);
    let name = ("mcp-name", tool);
    let headers = region.map_or_else(|| vec![name], |region| vec![name, ("mcp-param-region", region)]);
    request_of("tools/call", &meta(level), &parameters, &headers)
}

/// Polls to the end what never waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut cx = TaskContext::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
    }
}

/// What tasks would be spawned on, if any were.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("there are threads")
}

fn answer(service: &mut HttpService, request: Request<Full<Bytes>>) -> Bytes {
    let response: Response<Body> = now(service.call(request)).expect("it cannot fail");
    now(response.into_body().collect()).expect("it cannot fail").to_bytes()
}

/// Repeats a request, whose answer must hold this.
fn repeat(bencher: Bencher<'_, '_>, mut service: HttpService, request: &Request<Full<Bytes>>, holds: &str) {
    let runtime = runtime();
    let _entered = runtime.enter();
    let first = answer(&mut service, request.clone());
    let text = String::from_utf8_lossy(&first);
    assert!(text.contains(holds), "{text}");
    bencher.bench_local(|| answer(&mut service, black_box(request.clone())));
}

/// Decoding, headers, admission and an answer without arguments or content: what every call below has in common.
#[divan::bench]
fn nothing_at_all(bencher: Bencher<'_, '_>) {
    repeat(bencher, service(0), &request("nothing", "{}", None), r#""content":[]"#);
}

/// Decoding: a long argument, by its size in bytes.
#[divan::bench(args = [1_000, 100_000])]
fn decoding(bencher: Bencher<'_, '_>, size: usize) {
    let arguments = format!(r#"{{"query":"{}","limit":1,"tags":[]}}"#, "x".repeat(size));
    repeat(bencher, service(0), &request("take", &arguments, None), r#""text":""#);
}

#[divan::bench(args = [5, 50, 500, 5_000])]
fn dispatch_by_tools(bencher: Bencher<'_, '_>, tools: usize) {
    repeat(bencher, service(tools), &request("add", r#"{"a":2,"b":3}"#, None), r#""text":"5""#);
}

#[divan::bench(args = [
    r#"{"query":"q","limit":1,"tags":[]}"#,
    r#"{"query":"q","limit":1,"tags":["a","b","c","d"],"filter":{"min":0.25,"max":0.75,"kind":"image"}}"#,
    r#"{"query":"q","limit":"1","tags":[]}"#,
])]
fn arguments(bencher: Bencher<'_, '_>, arguments: &str) {
    repeat(bencher, service(0), &request("take", arguments, None), r#""text":""#);
}

#[divan::bench(args = [0, 20, 200])]
fn results_by_rows(bencher: Bencher<'_, '_>, rows: u32) {
    let holds = r#""structuredContent":{"rows":["#;
    repeat(bencher, service(0), &request("give", &format!(r#"{{"rows":{rows}}}"#), None), holds);
}

/// A header that mirrors an argument is compared with it.
#[divan::bench]
fn header_of_an_argument(bencher: Bencher<'_, '_>) {
    repeat(bencher, service(0), &request("mirrored", r#"{"region":"eu"}"#, Some("eu")), r#""text":"2""#);
}

#[divan::bench(args = [0, 1, 100])]
fn events_by_messages(bencher: Bencher<'_, '_>, messages: u32) {
    let holds = if messages > 0 { "event: message\n" } else { r#""content":[]"# };
    repeat(bencher, service(0), &request("tell", &format!(r#"{{"times":{messages}}}"#), None), holds);
}

/// A server with so many tools is put together.
#[divan::bench(args = [5, 50, 500])]
fn start_by_tools(bencher: Bencher<'_, '_>, tools: usize) {
    bencher.bench_local(|| service(black_box(tools)));
}

/// Its schemas are made when somebody first asks for the list, and their text with them.
#[divan::bench(args = [5, 50, 500])]
fn schemas_by_tools(bencher: Bencher<'_, '_>, tools: usize) {
    let runtime = runtime();
    let _entered = runtime.enter();
    let list = request_of("tools/list", &meta(""), "", &[]);
    let text = answer(&mut service(tools), list.clone());
    assert_eq!(String::from_utf8_lossy(&text).matches("inputSchema").count(), tools + 6);
    bencher
        .with_inputs(|| (service(tools), list.clone()))
        .bench_local_values(|(mut service, list)| answer(&mut service, list));
}
