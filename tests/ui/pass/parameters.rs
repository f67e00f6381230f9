//! Everything that a parameter may be, sync and async, with what `#[arg]` says of it.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use mcp_runtime::{prompt, resource, server, testing, tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Debug, Deserialize, Serialize, JsonSchema, PartialEq, PartialOrd)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Small,
    Large { size: u32 },
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Place {
    #[serde(default)]
    name: Option<String>,
    at: (f64, f64),
    inner: Option<Box<Place>>,
}

#[tool]
fn texts(
    a: &str,
    b: Option<&str>,
    c: Cow<str>,
    d: Cow<'_, str>,
    e: Option<Cow<'_, str>>,
    f: String,
    g: &String,
) -> usize {
    a.len() + b.map_or(0, str::len) + c.len() + d.len() + e.map_or(0, |e| e.len()) + f.len() + g.len()
}

#[tool]
async fn borrowed(list: &[u32], path: &Path, place: &Place, kind: &Kind, owned: &PathBuf) -> usize {
    std::future::ready(()).await;
    list.len()
        + path.as_os_str().len()
        + owned.as_os_str().len()
        + usize::from(place.name.is_some())
        + usize::from(*kind == Kind::Small)
}

#[tool]
#[expect(clippy::too_many_arguments)]
fn values(
    integer: i8,
    wide: i128,
    wider: u128,
    float: f32,
    truth: bool,
    letter: char,
    positive: NonZeroU32,
    pair: (u8, String),
    array: [u8; 2],
    boxed: Box<str>,
) -> String {
    format!("{integer}{wide}{wider}{float}{truth}{letter}{positive}{pair:?}{array:?}{boxed}")
}

#[tool]
fn collections(
    list: Option<Vec<Kind>>,
    map: HashMap<String, u32>,
    set: HashSet<String>,
    nested: BTreeMap<String, Vec<Option<Place>>>,
    mut anything: serde_json::Value,
) -> usize {
    anything.take();
    list.map_or(0, |list| list.len()) + map.len() + set.len() + nested.len()
}

fn ten() -> u32 {
    10
}

#[tool(ignore_unknown, read_only, destructive = false, idempotent, open_world = false, title = "All", alias = ["every"])]
fn constrained(
    /// How many.
    ///
    /// A second paragraph.
    #[arg(default = 10, range = 1..=100, example = 5)]
    a: u32,
    #[arg(default = ten(), range = ..ten() * 2)] b: u32,
    #[arg(default = 1, range = 0.5..)] c: f64,
    #[arg(default = -1.5)] d: f32,
    #[arg(default = "x", length = 1..=3, pattern = "^[a-z]+$")] e: &str,
    #[arg(default = "x".to_owned() + "y", length = ..9)] f: String,
    #[arg(default)] g: Vec<u32>,
    #[arg(default = Kind::Small, range = Kind::Small..)] h: Kind,
    #[arg(name = "i-i", description = "Renamed.", header = "X-I")] i: Option<u64>,
    #[arg(items = 1..3)] j: Option<Vec<bool>>,
    #[arg(length = 2.., pattern = "b")] k: Option<&str>,
    #[arg(items = 2..=2, default = vec![1, 2])] l: Vec<u8>,
    #[arg(default = "m")] m: Cow<'_, str>,
    #[arg(default = "n")] n: PathBuf,
    #[arg(range = 1..)] o: Option<NonZero>,
    p: Option<HashMap<String, u8>>,
    #[arg(default)] q: bool,
) -> String {
    format!("{a} {b} {c} {d} {e} {f} {g:?} {h:?} {i:?} {j:?} {k:?} {l:?} {m} {} {o:?} {p:?} {q}", n.display())
}

type NonZero = u32;

#[resource("r://{a}/{kind}{?limit,text}", mime = "text/plain", size = 5, audience = ["user"], priority = 0.5)]
fn variables(a: u64, kind: Kind, #[arg(default = 5, range = 1..=9)] limit: u8, text: Option<&str>) -> String {
    format!("{a}{kind:?}{limit}{text:?}")
}

#[resource("file:///{+path}")]
fn rest(path: &Path) -> String {
    path.display().to_string()
}

fn regions(typed: &str, _: &mcp_runtime::Context) -> Vec<&'static str> {
    ["eu", "us"].into_iter().filter(|region| region.starts_with(typed)).collect()
}

async fn later(typed: &str, _: &mcp_runtime::Context) -> [String; 1] {
    [typed.to_owned()]
}

#[prompt(ignore_unknown)]
fn asked(
    count: u32,
    kind: Kind,
    #[arg(complete = regions)] region: &str,
    #[arg(complete = later, default = "x")] other: String,
    #[arg(complete = ["a", "b"])] fixed: Option<&str>,
) -> String {
    format!("{count} {kind:?} {region} {other} {fixed:?}")
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let client =
        testing::client(server![texts, borrowed, values, collections, constrained, variables, rest, asked]).await;
    let place = json!({ "at": [1, 2], "inner": { "at": [0.5, 0], "inner": null } });
    for (name, arguments) in [
        ("texts", json!({ "a": "a", "c": "\u{e4}\n", "d": "d", "e": null, "f": "f", "g": "g" })),
        (
            "borrowed",
            json!({ "list": [1], "path": "p", "place": place, "kind": { "large": { "size": 1 } }, "owned": "o" }),
        ),
        (
            "values",
            json!({
                "integer": -1, "wide": -1, "wider": 1, "float": 0.5, "truth": "true", "letter": "x", "positive": "5",
                "pair": [1, "x"], "array": [1, 2], "boxed": "b"
            }),
        ),
        ("collections", json!({ "map": { "a": 1 }, "set": ["a"], "nested": { "a": [null, place] }, "anything": [1] })),
        ("constrained", json!({})),
        ("every", json!({ "a": "7", "j": [true], "k": "ab", "unknown": 1, "o": 3, "p": { "x": 1 }, "i-i": null })),
    ] {
        let result = client.call(name, arguments).await.unwrap();
        assert_eq!(result.is_error, None, "{name}: {result:?}");
    }
    for (name, arguments) in [
        ("values", json!({})),
        ("constrained", json!({ "a": 0 })),
        ("constrained", json!({ "a": null, "b": 20 })),
        ("constrained", json!({ "c": 0.25 })),
        ("constrained", json!({ "e": "" })),
        ("constrained", json!({ "e": "X" })),
        ("constrained", json!({ "j": [true, true, true] })),
        ("constrained", json!({ "k": "aa" })),
        ("constrained", json!({ "l": [1] })),
        ("constrained", json!({ "p": { "x": "y" } })),
    ] {
        let result = client.call(name, arguments.clone()).await.unwrap();
        assert_eq!(result.is_error, Some(true), "{name} {arguments}");
    }
}
