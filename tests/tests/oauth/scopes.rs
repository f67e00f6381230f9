//! Which scopes are asked for, and what happens when they are not enough.

use std::sync::atomic::{AtomicU32, Ordering};

use mcp_runtime::client::oauth::OAuth;
use serde_json::{Value, json};

use super::mock::{Reply, Seen};
use super::world::{Plan, World};

/// What the first authorization request asked for.
async fn asked(plan: Plan, oauth: OAuth) -> Option<String> {
    let world = World::new(plan).await;
    assert_eq!(world.client(oauth).post().await.unwrap(), 200);
    world.asked()[0].get("scope").cloned()
}

fn known(scopes: Value) -> Plan {
    Plan { resource: json!({ "scopes_supported": scopes }), ..Plan::default() }
}

#[tokio::test]
async fn the_challenge_decides_before_the_metadata_does() {
    let all = json!(["mcp:basic", "mcp:read", "mcp:write"]);
    let told = Plan { challenge: "scope=\"mcp:basic\"", ..known(all.clone()) };
    assert_eq!(asked(told, OAuth::new()).await.as_deref(), Some("mcp:basic"));
    assert_eq!(asked(known(all.clone()), OAuth::new()).await.as_deref(), Some("mcp:basic mcp:read mcp:write"));
    assert_eq!(asked(Plan::default(), OAuth::new()).await, None);
    assert_eq!(asked(known(all), OAuth::new().scopes(["mine"])).await.as_deref(), Some("mine"));
    let told = Plan { challenge: "scope=\"mcp:basic\"", ..Plan::default() };
    assert_eq!(asked(told, OAuth::new().scopes(["mine"])).await.as_deref(), Some("mcp:basic mine"));
}

#[tokio::test]
async fn offline_access_is_asked_for_where_it_is_offered_and_nowhere_else() {
    let plan = |offered: Value| Plan {
        challenge: "scope=\"mcp:basic\"",
        issuer: json!({ "scopes_supported": offered, "client_id_metadata_document_supported": true }),
        ..Plan::default()
    };
    let offered = plan(json!(["mcp:basic", "offline_access"]));
    assert_eq!(asked(offered, OAuth::new()).await.as_deref(), Some("mcp:basic offline_access"));
    let not = plan(json!(["mcp:basic", "mcp:read"]));
    assert_eq!(asked(not, OAuth::new().scopes(["offline_access"])).await.as_deref(), Some("mcp:basic"));
    let unknown = plan(json!(null));
    assert_eq!(asked(unknown, OAuth::new()).await.as_deref(), Some("mcp:basic"));
}

/// A server whose calls need `mcp:write`, which a token has once it was asked for.
fn stepping(needed: &'static str) -> Plan {
    Plan {
        challenge: "scope=\"mcp:basic\"",
        resource: json!({ "scopes_supported": ["mcp:profile"] }),
        server: Box::new(move |seen, here, _| {
            let token = seen.header("authorization")?;
            let place = format!("resource_metadata=\"{here}/.well-known/oauth-protected-resource/mcp\"");
            let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{needed}\", {place}");
            let is_call = seen.path == "/mcp" && seen.body == "call";
            (is_call && !token.contains("mcp:write")).then(|| Reply::status(403).with("www-authenticate", challenge))
        }),
        authority: Box::new(|seen, _, _| asked_scopes(seen)),
        ..Plan::default()
    }
}

/// Gives tokens that say which scopes were asked for last.
fn asked_scopes(seen: &Seen) -> Option<Reply> {
    thread_local!(static SCOPES: std::cell::RefCell<String> = std::cell::RefCell::default());
    match seen.path.as_str() {
        "/authorize" => {
            SCOPES.with(|scopes| *scopes.borrow_mut() = seen.query.get("scope").cloned().unwrap_or_default());
            None
        }
        "/token" => {
            let scopes = SCOPES.with(|scopes| scopes.borrow().replace(' ', ","));
            let token = json!({ "access_token": format!("test-token-{scopes}"), "token_type": "Bearer" });
            Some(Reply::json(200, &token))
        }
        _ => None,
    }
}

#[tokio::test]
async fn more_scopes_are_asked_for_besides_those_that_there_were() {
    let world = World::new(stepping("mcp:write")).await;
    let client = world.client(OAuth::new());
    assert_eq!(client.post_with("list").await.unwrap(), 200);
    assert_eq!(client.post_with("call").await.unwrap(), 200);
    let asked: Vec<_> = world.asked().iter().map(|query| query["scope"].clone()).collect();
    assert_eq!(asked, ["mcp:basic", "mcp:basic mcp:write"]);
    assert_eq!(world.authority.at("/register").len(), 1, "the client stays who it is");
}

#[tokio::test]
async fn what_was_asked_for_and_not_granted_is_not_asked_for_again() {
    let plan = Plan {
        server: Box::new(|seen, _, _| {
            seen.header("authorization")?;
            let challenge = "Bearer error=\"insufficient_scope\", scope=\"mcp:admin\"";
            (seen.path == "/mcp").then(|| Reply::status(403).with("www-authenticate", challenge))
        }),
        ..Plan::default()
    };
    let world = World::new(plan).await;
    let client = world.client(OAuth::new());
    for _ in 0..5 {
        assert_eq!(client.post().await.unwrap(), 403);
    }
    assert_eq!(world.asked().len(), 2);
}

/// A server that always wants one more.
fn greedy() -> Plan {
    let count = AtomicU32::new(0);
    Plan {
        server: Box::new(move |seen, _, _| {
            seen.header("authorization")?;
            let number = count.fetch_add(1, Ordering::Relaxed);
            let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"s{number}\"");
            (seen.path == "/mcp").then(|| Reply::status(403).with("www-authenticate", challenge))
        }),
        ..Plan::default()
    }
}

#[tokio::test]
async fn a_server_that_always_wants_more_is_given_up() {
    for (oauth, expected) in [(OAuth::new(), 4), (OAuth::new().max_step_ups(1), 2), (OAuth::new().max_step_ups(0), 1)] {
        let world = World::new(greedy()).await;
        let client = world.client(oauth);
        for _ in 0..5 {
            assert_eq!(client.post().await.unwrap(), 403);
        }
        assert_eq!(world.asked().len(), expected);
    }
}

#[tokio::test]
async fn a_refusal_that_is_not_about_scopes_is_the_callers() {
    let plan = Plan {
        server: Box::new(|seen, _, _| {
            seen.header("authorization")?;
            (seen.path == "/mcp")
                .then(|| Reply::status(403).with("www-authenticate", "Bearer error=\"invalid_request\""))
        }),
        ..Plan::default()
    };
    let world = World::new(plan).await;
    assert_eq!(world.client(OAuth::new()).post().await.unwrap(), 403);
    assert_eq!(world.asked().len(), 1);
}

#[tokio::test]
async fn a_server_that_takes_no_token_is_given_up() {
    let plan = Plan {
        server: Box::new(|seen, _, _| {
            seen.header("authorization")?;
            (seen.path == "/mcp").then(|| Reply::status(401).with("www-authenticate", "Bearer error=\"invalid_token\""))
        }),
        ..Plan::default()
    };
    let world = World::new(plan).await;
    let client = world.client(OAuth::new());
    for _ in 0..5 {
        assert_eq!(client.post().await.unwrap(), 401);
    }
    assert_eq!(world.asked().len(), 1, "its user is asked once");
}
