//! From a request's bytes to its answer's, without anything in between that the wire does not ask for. Knows no transport.

use std::io::Write as _;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::work::{Filter, extra, find};

/// What every server of the benchmark lists, recorded from the server on this framework.
const LIST: &str = include_str!("list-2025-11-25.json");
const LIST_MODERN: &str = include_str!("list-2026-07-28.json");
const NAMES: &str = r#""serverInfo":{"name":"floor","version":"0.1.0"}"#;
const META: &str =
    r#","resultType":"complete","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"floor","version":"0.1.0"}}"#;
const REVISION: &str = "2026-07-28";

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    method: &'a str,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Params<'a> {
    name: Option<&'a str>,
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
    #[serde(borrow, rename = "_meta")]
    meta: Option<Meta<'a>>,
}

#[derive(Deserialize)]
struct Meta<'a> {
    #[serde(borrow, rename = "io.modelcontextprotocol/protocolVersion")]
    version: Option<&'a str>,
    #[serde(borrow, rename = "io.modelcontextprotocol/clientInfo")]
    client: Option<Client<'a>>,
    #[serde(borrow, rename = "io.modelcontextprotocol/clientCapabilities")]
    capabilities: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Client<'a> {
    name: &'a str,
    version: &'a str,
}

/// The headers that 2026-07-28 repeats the body in.
#[derive(Clone, Copy, Default)]
pub(crate) struct Head<'a> {
    pub(crate) version: Option<&'a str>,
    pub(crate) method: Option<&'a str>,
    pub(crate) name: Option<&'a str>,
}

/// What is left to do once a request was looked at.
pub(crate) enum Step {
    /// The answer was written.
    Answered,
    /// There is none.
    Silent,
    /// It is due after this time.
    Later(Duration, Due),
}

/// An answer that is due later.
pub(crate) struct Due {
    id: String,
    is_modern: bool,
}

impl Due {
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        text(out, &self.id, self.is_modern, "slept");
    }
}

/// Answers one message; `head` is there over HTTP alone.
pub(crate) fn answer(message: &[u8], head: Option<Head<'_>>, out: &mut Vec<u8>) -> Step {
    let Ok(request) = serde_json::from_slice::<Request<'_>>(message) else {
        return refuse(out, "null", -32700, "not a request");
    };
    let Some(id) = request.id.map(RawValue::get) else { return Step::Silent };
    let params = match request.params.map(|params| serde_json::from_str::<Params<'_>>(params.get())) {
        None => None,
        Some(Ok(params)) => Some(params),
        Some(Err(_)) => return refuse(out, id, -32602, "invalid parameters"),
    };
    let meta = params.as_ref().and_then(|params| params.meta.as_ref());
    let is_modern = meta.and_then(|meta| meta.version) == Some(REVISION);
    if is_modern && !is_complete(meta) {
        return refuse(out, id, -32602, "`_meta` is not complete");
    }
    if is_modern && head.is_some_and(|head| !agrees(head, &request, params.as_ref())) {
        return refuse(out, id, -32020, "the headers say something else");
    }
    match request.method {
        "tools/call" => {
            let Some(Params { name: Some(name), arguments, .. }) = params else {
                return refuse(out, id, -32602, "`tools/call` needs a name");
            };
            call(out, id, is_modern, name, arguments.map_or("{}", RawValue::get))
        }
        "tools/list" => result(out, id, if is_modern { LIST_MODERN } else { LIST }),
        "initialize" => {
            let capabilities = r#"{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"#;
            result(out, id, &format!("{capabilities}{NAMES}}}"))
        }
        "server/discover" => {
            let discovered = r#"{"supportedVersions":["2025-11-25","2026-07-28"],"capabilities":{"tools":{}}"#;
            result(out, id, &format!("{discovered}{META}}}"))
        }
        "ping" => result(out, id, "{}"),
        _ => refuse(out, id, -32601, "unknown method"),
    }
}

/// Whether a request of 2026-07-28 says all that it must.
fn is_complete(meta: Option<&Meta<'_>>) -> bool {
    let Some(Meta { client: Some(client), capabilities: Some(capabilities), .. }) = meta else { return false };
    !client.name.is_empty() && !client.version.is_empty() && capabilities.get().starts_with('{')
}

fn agrees(head: Head<'_>, request: &Request<'_>, params: Option<&Params<'_>>) -> bool {
    head.version == Some(REVISION)
        && head.method == Some(request.method)
        && head.name == params.and_then(|params| params.name)
}

#[derive(Deserialize)]
struct Add {
    a: i64,
    b: i64,
}

#[derive(Deserialize)]
struct Echo {
    text: String,
}

#[derive(Deserialize)]
struct Search {
    query: String,
    limit: u32,
    tags: Vec<String>,
    filter: Option<Filter>,
}

#[derive(Deserialize)]
struct Sleep {
    ms: u64,
}

#[derive(Deserialize)]
struct Extra {
    value: String,
    count: u32,
}

fn call(out: &mut Vec<u8>, id: &str, is_modern: bool, name: &str, arguments: &str) -> Step {
    fn parse<'a, T: Deserialize<'a>>(arguments: &'a str) -> Result<T, String> {
        serde_json::from_str(arguments).map_err(|error| error.to_string())
    }

    let parsed = match name {
        "add" => parse(arguments).map(|Add { a, b }| text(out, id, is_modern, &(a + b).to_string())),
        "echo" => parse(arguments).map(|Echo { text: echoed }| text(out, id, is_modern, &echoed)),
        "search" => parse(arguments).map(|Search { query, limit, tags, filter }| {
            structured(out, id, is_modern, &find(&query, limit, tags, filter.as_ref()))
        }),
        "sleep_ms" => parse(arguments)
            .map(|Sleep { ms }| Step::Later(Duration::from_millis(ms), Due { id: id.to_owned(), is_modern })),
        name if name.starts_with("extra_") => {
            parse(arguments).map(|Extra { value, count }| text(out, id, is_modern, &extra(&value, count)))
        }
        _ => return refuse(out, id, -32602, "unknown tool"),
    };
    parsed.unwrap_or_else(|error| refuse(out, id, -32602, &error))
}

fn text(out: &mut Vec<u8>, id: &str, is_modern: bool, text: &str) -> Step {
    begin(out, id);
    out.extend_from_slice(br#"{"content":[{"type":"text","text":"#);
    write(out, text);
    out.extend_from_slice(b"}]");
    end(out, is_modern)
}

fn structured(out: &mut Vec<u8>, id: &str, is_modern: bool, value: &impl Serialize) -> Step {
    let json = serde_json::to_string(value).unwrap_or_default();
    begin(out, id);
    out.extend_from_slice(br#"{"content":[{"type":"text","text":"#);
    write(out, &json);
    out.extend_from_slice(br#"}],"structuredContent":"#);
    out.extend_from_slice(json.as_bytes());
    end(out, is_modern)
}

fn result(out: &mut Vec<u8>, id: &str, result: &str) -> Step {
    begin(out, id);
    out.extend_from_slice(result.as_bytes());
    out.push(b'}');
    Step::Answered
}

fn refuse(out: &mut Vec<u8>, id: &str, code: i32, message: &str) -> Step {
    // Writing to memory does not fail.
    let _ = write!(out, r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":{code},"message":"#);
    write(out, message);
    out.extend_from_slice(b"}}");
    Step::Answered
}

fn begin(out: &mut Vec<u8>, id: &str) {
    out.extend_from_slice(br#"{"jsonrpc":"2.0","id":"#);
    out.extend_from_slice(id.as_bytes());
    out.extend_from_slice(br#","result":"#);
}

fn end(out: &mut Vec<u8>, is_modern: bool) -> Step {
    if is_modern {
        out.extend_from_slice(META.as_bytes());
    }
    out.extend_from_slice(b"}}");
    Step::Answered
}

fn write(out: &mut Vec<u8>, text: &str) {
    // Text always serializes, and writing to memory does not fail.
    let _ = serde_json::to_writer(out, text);
}
