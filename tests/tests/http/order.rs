//! Which of several mistakes a request of 2026-07-28 is told: what headers and body disagree on comes before the method that
//! is not there, that before the version, that before what `_meta` lacks. And the status of each code.

use mcp_tests::connection::{modern, request};
use mcp_tests::http::{Answer, Request, Site, call};
use mcp_tests::site::{Log, server};
use serde_json::{Value, json};

const VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";

fn site() -> Site {
    Site::open(server(&Log::default()))
}

/// A request whose `_meta` was changed, with headers that fit the original.
fn meta(method: &str, change: impl FnOnce(&mut Value)) -> Request {
    let message = modern("call", method, json!({}));
    let mut changed = message.clone();
    change(&mut changed["params"]["_meta"]);
    Request::modern(&message).body(changed.to_string())
}

fn without(method: &str, key: &str) -> Request {
    meta(method, |meta| {
        meta.as_object_mut().unwrap().remove(key);
    })
}

#[test]
fn what_meta_lacks_is_told_though_the_header_says_it() {
    let site = site();
    for method in ["server/discover", "tools/list"] {
        for key in [VERSION, CAPABILITIES] {
            let message = site.send(&without(method, key)).refused_call(400, -32602);
            assert!(message.contains(key), "{message}");
        }
        let none = meta(method, |meta| *meta = json!({}));
        assert!(site.send(&none).refused_call(400, -32602).contains(VERSION));
        site.send(&meta(method, |meta| *meta = json!(7))).refused_call(400, -32602);
        site.send(&meta(method, |meta| meta[VERSION] = json!(20_260_728))).refused_call(400, -32602);
        site.send(&meta(method, |meta| meta[CAPABILITIES] = json!([]))).refused_call(400, -32602);
        let anonymous = site.send(&without(method, "io.modelcontextprotocol/clientInfo"));
        assert_eq!((anonymous.status, &anonymous.json()["id"]), (200, &json!("call")), "{anonymous}");
    }
}

#[test]
fn a_version_that_is_not_there_is_told_with_those_that_are() {
    let site = site();
    let named = |version: &str| {
        meta("server/discover", |meta| meta[VERSION] = json!(version)).set("MCP-Protocol-Version", version)
    };
    let discovered = site.send(&named("2026-07-28")).json();
    let served = discovered["result"]["supportedVersions"].as_array().unwrap().clone();
    // A version that begins with a handshake is not spoken without one.
    for version in ["v999.0.0", "2026-07-29", "2025-11-25", "2024-11-05"] {
        let answer = site.send(&named(version));
        answer.refused_call(400, -32022);
        let data = &answer.json()["error"]["data"];
        assert_eq!(data["requested"], version, "{answer}");
        let supported = data["supported"].as_array().unwrap();
        assert!(!supported.is_empty() && supported.iter().all(|version| served.contains(version)), "{answer}");
    }
}

#[test]
fn the_first_of_several_mistakes_is_told() {
    let site = site();
    let code = |request: Request| {
        let answer = site.send(&request);
        let code = answer.json()["error"]["code"].as_i64().unwrap_or_default();
        assert_eq!(answer.status, if code == -32601 { 404 } else { 400 }, "{answer}");
        assert_eq!(answer.json()["id"], "call", "{answer}");
        code
    };
    let unserved = |method: &str| meta(method, |meta| meta[VERSION] = json!("v999.0.0"));
    // Header and body disagree, and the body's version is not there.
    assert_eq!(code(unserved("tools/list")), -32020);
    // They agree: the version.
    assert_eq!(code(unserved("tools/list").set("MCP-Protocol-Version", "v999.0.0")), -32022);
    // They agree, and `_meta` lacks something besides: still the version.
    let lacking = unserved("tools/list").set("MCP-Protocol-Version", "v999.0.0");
    let mut body = modern("call", "tools/list", json!({}));
    body["params"]["_meta"] = json!({ VERSION: "v999.0.0" });
    assert_eq!(code(lacking.body(body.to_string())), -32022);
    // The method is not there, nor is the version, nor what `_meta` must say.
    assert_eq!(code(unserved("unknown/method").set("MCP-Protocol-Version", "v999.0.0")), -32601);
    assert_eq!(code(without("unknown/method", CAPABILITIES)), -32601);
    assert_eq!(code(unserved("unknown/method")), -32020);
    // A wrong header comes before what `_meta` lacks, and that before a tool that is not there.
    assert_eq!(code(without("tools/list", CAPABILITIES).set("Mcp-Method", "prompts/list")), -32020);
    assert_eq!(code(call("unknown", json!({})).set("Mcp-Name", "other")), -32020);
    let mut body = modern("call", "tools/call", json!({ "name": "unknown" }));
    assert_eq!(code(Request::modern(&body)), -32602);
    body["params"]["_meta"].as_object_mut().unwrap().remove(CAPABILITIES);
    assert!(site.send(&Request::modern(&body)).refused_call(400, -32602).contains(CAPABILITIES));
    // A call without a name has nothing to compare.
    assert_eq!(code(Request::modern(&modern("call", "tools/call", json!({}))).without("Mcp-Name")), -32602);
}

#[test]
fn methods_of_older_revisions_and_of_none_are_not_there() {
    let site = site();
    let send = |method: &str, params: Value| site.send(&Request::modern(&modern("call", method, params)));
    for (method, params) in [
        ("initialize", json!({ "protocolVersion": "2025-11-25", "capabilities": {} })),
        ("ping", json!({})),
        ("logging/setLevel", json!({ "level": "info" })),
        ("resources/subscribe", json!({ "uri": "site://watched" })),
        ("resources/unsubscribe", json!({ "uri": "site://watched" })),
        ("unknown/method", json!({})),
        ("Tools/List", json!({})),
        ("elicitation/create", json!({})),
        ("notifications/cancelled", json!({ "requestId": 1 })),
        ("", json!({})),
    ] {
        let answer = send(method, params);
        let message = answer.refused_call(404, -32601);
        assert!(message.contains(&format!("`{method}`")), "{message}");
        assert_eq!(answer.header("mcp-session-id"), None);
    }
    assert_eq!(send("tools/list", json!({})).status, 200);
}

#[test]
fn a_status_goes_with_each_code() {
    let site = site();
    let codes = |answer: &Answer| (answer.status, answer.json()["error"]["code"].as_i64());
    assert_eq!(codes(&site.call("add", json!({ "a": 1, "b": 2 }))), (200, None));
    // What a tool fails with is a result.
    assert_eq!(codes(&site.call("add", json!({ "a": "x" }))), (200, None));
    let refused = site.call("sample", json!({}));
    refused.refused_call(400, -32021);
    assert!(refused.json()["error"]["data"]["requiredCapabilities"]["sampling"].is_object(), "{refused}");
    assert_eq!(codes(&site.call("unknown", json!({}))), (400, Some(-32602)));
    let missing = site.send(&Request::modern(&modern("call", "resources/read", json!({ "uri": "site://other" }))));
    assert_eq!(
        (codes(&missing), &missing.json()["error"]["data"]["uri"]),
        ((400, Some(-32602)), &json!("site://other"))
    );
    let good = call("add", json!({ "a": 1, "b": 2 }));
    for (body, code) in [
        ("{", -32700),
        ("\u{feff}{}", -32700),
        ("7", -32600),
        ("{}", -32600),
        (r#"{"jsonrpc":"1.0","id":1,"method":"tools/list"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":null,"method":"tools/list"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"tools/list"}"#, -32600),
        ("[]", -32600),
    ] {
        let answer = site.send(&good.clone().body(body));
        answer.refused(400, code);
        assert!(!answer.json()["id"].is_null() || answer.json().get("id").is_none(), "{answer}");
    }
    site.send(&good.clone().body("")).refused(400, -32700);
    // There are no batches here, nor answers.
    let batch = json!([modern(1, "tools/list", json!({}))]).to_string();
    site.send(&good.clone().body(batch)).refused(400, -32600);
    site.send(&good.body(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#)).refused(400, -32600);
}

#[test]
fn any_id_comes_back_as_it_was() {
    let site = site();
    for id in [json!(0), json!(-7), json!(i64::MAX), json!(""), json!("\"error\":{"), json!("x".repeat(1000))] {
        let message = modern(id.clone(), "tools/list", json!({}));
        let good = site.send(&Request::modern(&message));
        assert_eq!((good.status, &good.json()["id"]), (200, &id));
        for bad in [
            Request::modern(&message).without("Mcp-Method"),
            Request::modern(&modern(id.clone(), "ping", json!({}))),
            Request::modern(&message).body(request(id.clone(), "tools/list", json!({ "_meta": 7 })).to_string()),
        ] {
            let answer = site.send(&bad);
            assert!(matches!(answer.status, 400 | 404) && answer.json()["id"] == id, "{answer}");
        }
    }
}
