//! Small things: for how long each resource may be kept, what completes itself, and the trace that a call belongs to. Icons,
//! annotations, links and wrapped output are in the golden frames, page sizes in `lists`, who may share gated lists in
//! `change/visibility`.

use std::time::Duration;

use mcp_runtime::model::CacheScope;
use mcp_runtime::{Context, Revision, Server, prompt, resource, server, tool};
use mcp_tests::client::{Client, text};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

/// What may be kept and shared.
#[resource("kept://both", ttl = 60, cache = "public")]
fn both() -> &'static str {
    "both"
}

/// What may be kept.
#[resource("kept://while", ttl = 5)]
fn keeps() -> &'static str {
    "while"
}

/// What must not be kept.
#[resource("kept://never", ttl = 0, cache = "private")]
fn never() -> &'static str {
    "never"
}

/// What may be shared.
#[resource("kept://shared", cache = "public")]
fn shared() -> &'static str {
    "shared"
}

/// What says nothing of it.
#[resource("kept://plain")]
fn plain() -> &'static str {
    "plain"
}

/// A template says it for all that it stands for.
#[resource("kept://of/{name}", ttl = 7, cache = "public")]
fn of(name: &str) -> String {
    name.to_owned()
}

fn kept() -> Server {
    server![both, keeps, never, shared, plain, of]
}

#[tokio::test(start_paused = true)]
async fn a_resource_says_for_how_long_it_may_be_kept_and_the_server_says_it_for_the_others() {
    let public = kept().cache(Duration::from_millis(1500), CacheScope::Public);
    let private = kept().cache(Duration::from_millis(1500), CacheScope::Private);
    for (server, ttl, scope) in [(kept(), 0, "private"), (public, 1500, "public"), (private, 1500, "private")] {
        let mut client = Client::open(server, Revision::LATEST, json!({})).await;
        for (uri, expected) in [
            ("kept://both", (60_000, "public")),
            ("kept://while", (5000, scope)),
            ("kept://never", (0, "private")),
            ("kept://shared", (ttl, "public")),
            ("kept://plain", (ttl, scope)),
            ("kept://of/it", (7000, "public")),
        ] {
            let result = client.request("resources/read", json!({ "uri": uri })).await;
            assert_eq!((&result["ttlMs"], &result["cacheScope"]), (&json!(expected.0), &json!(expected.1)), "{uri}");
        }
        // What holds for contents does not hold for lists.
        for method in ["resources/list", "resources/templates/list"] {
            let result = client.request(method, json!({})).await;
            assert_eq!((&result["ttlMs"], &result["cacheScope"]), (&json!(ttl), &json!(scope)), "{method}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn older_revisions_hear_nothing_of_keeping() {
    for revision in Revision::ALL {
        let mut client = Client::open(kept(), revision, json!({})).await;
        let result = client.request("resources/read", json!({ "uri": "kept://both" })).await;
        assert_eq!(text(&result), "both");
        for member in ["ttlMs", "cacheScope"] {
            assert_eq!(result.get(member).is_some(), !revision.has_handshake(), "{revision}: {result}");
        }
    }
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Season {
    Spring,
    Summer,
    LateSummer,
    Winter,
}

/// A song of a season.
#[prompt]
fn song(title: String, season: Option<Season>) -> String {
    format!("{season:?}: {title}")
}

/// The weather of a season.
#[resource("weather://{season}")]
fn weather(season: Season) -> String {
    format!("{season:?}")
}

#[tokio::test(start_paused = true)]
async fn an_argument_of_a_closed_list_completes_itself() {
    for revision in Revision::ALL {
        let mut client = Client::open(server![song, weather], revision, json!({})).await;
        for reference in [
            json!({ "type": "ref/prompt", "name": "song" }),
            json!({ "type": "ref/resource", "uri": "weather://{season}" }),
        ] {
            for (value, expected) in [
                ("", json!(["spring", "summer", "late-summer", "winter"])),
                // What begins so, and then what holds it.
                ("s", json!(["spring", "summer", "late-summer"])),
                ("late", json!(["late-summer"])),
                ("x", json!([])),
            ] {
                let argument = json!({ "name": "season", "value": value });
                let params = json!({ "ref": reference, "argument": argument });
                let result = client.request("completion/complete", params).await;
                assert_eq!(result["completion"]["values"], expected, "{revision}: {value}");
            }
        }
        let argument = json!({ "name": "title", "value": "s" });
        let params = json!({ "ref": { "type": "ref/prompt", "name": "song" }, "argument": argument });
        let result = client.request("completion/complete", params).await;
        assert_eq!(result["completion"]["values"], json!([]), "an open list completes nothing");
    }
}

/// Says which trace the call belongs to.
#[tool]
fn trace(cx: &Context) -> String {
    cx.traceparent().unwrap_or_else(|| "none".to_owned())
}

const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

#[tokio::test(start_paused = true)]
async fn a_call_knows_the_trace_that_its_client_names() {
    for revision in Revision::ALL {
        let mut client = Client::open(server![trace], revision, json!({})).await;
        let zeros = |range: std::ops::Range<usize>| {
            let mut text = TRACE.to_owned();
            text.replace_range(range.clone(), &"0".repeat(range.len()));
            text
        };
        for (named, is_sound) in [
            (json!(TRACE), true),
            (json!(TRACE.replacen("00-", "01-", 1)), true),
            (json!(zeros(53..55)), true),
            (json!(TRACE.to_uppercase()), false),
            (json!(TRACE.replacen("00-", "ff-", 1)), false),
            (json!(zeros(3..35)), false),
            (json!(zeros(36..52)), false),
            (json!(TRACE[1..]), false),
            (json!(format!("{TRACE}-")), false),
            (json!(format!(" {TRACE}")), false),
            (json!(TRACE.replace('c', "g")), false),
            (json!(TRACE.replace('-', "\n")), false),
            (json!("é".repeat(26)), false),
            (json!(""), false),
            (json!(7), false),
            (Value::Null, false),
        ] {
            let params = json!({ "name": "trace", "_meta": { "traceparent": named } });
            let result = client.request("tools/call", params).await;
            let expected = if is_sound { named.as_str().unwrap() } else { "none" };
            assert_eq!(text(&result), expected, "{revision}: {named}");
        }
        assert_eq!(text(&client.call("trace", json!({})).await), "none", "{revision}");
    }
}
