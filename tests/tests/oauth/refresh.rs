//! Tokens that end: renewed once for all who wait, and never lost.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use mcp_runtime::client::oauth::OAuth;
use serde_json::{Value, json};

use super::mock::{Reply, Seen};
use super::world::{Driver, Plan, SHORT, World, until_due};

fn is_refresh(seen: &Seen) -> bool {
    seen.path == "/token" && seen.form().get("grant_type").is_some_and(|grant| grant == "refresh_token")
}

/// A first token with this lifetime and a refresh token; what a refresh answers comes from the caller.
fn ending(lifetime: u64, refreshed: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Plan {
    Plan {
        server: Box::new(|seen, _, _| {
            let is_old = seen.header("authorization")? != "Bearer test-token-new";
            let is_late = is_old && seen.body == "late";
            is_late.then(|| Reply::status(401).with("www-authenticate", "Bearer error=\"invalid_token\""))
        }),
        token: json!({ "expires_in": lifetime, "refresh_token": "refresh-0" }),
        authority: Box::new(move |seen, _, _| is_refresh(seen).then(|| refreshed(seen))),
        ..Plan::default()
    }
}

fn good(more: &Value) -> Reply {
    let mut token = json!({ "access_token": "test-token-new", "token_type": "Bearer", "expires_in": "3600" });
    token.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Reply::json(200, &token)
}

fn refreshes(world: &World) -> Vec<Seen> {
    world.authority.log().into_iter().filter(is_refresh).collect()
}

async fn many(client: &Driver, count: usize) {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..count {
        let client = client.clone();
        tasks.spawn(async move { assert_eq!(client.post().await.unwrap(), 200) });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
}

#[tokio::test]
async fn many_requests_log_in_once() {
    let world = World::new(Plan::default()).await;
    many(&world.client(OAuth::new()), 30).await;
    assert_eq!((world.asked().len(), world.tokens().len()), (1, 1));
}

#[tokio::test]
async fn a_token_that_ends_is_renewed_once_before_it_is_used() {
    let world = World::new(ending(SHORT, |_| good(&json!({})))).await;
    let client = world.client(OAuth::new());
    assert_eq!(client.post().await.unwrap(), 200);
    let identity = client.oauth.identity();
    until_due().await;
    many(&client, 30).await;
    let refreshes = refreshes(&world);
    assert_eq!(refreshes.len(), 1);
    let form = refreshes[0].form();
    assert_eq!(form["refresh_token"], "refresh-0");
    assert_eq!(form["resource"], world.url());
    assert_eq!(form["client_id"], "test-client-id");
    assert_eq!(world.asked().len(), 1);
    assert!(world.authenticated().last().unwrap().header("authorization").unwrap().ends_with("test-token-new"));
    assert!(!identity.is_empty() && identity == client.oauth.identity(), "it is the same user");
}

#[tokio::test]
async fn a_token_that_is_refused_is_renewed_once_for_all() {
    let world = World::new(ending(3600, |_| good(&json!({})))).await;
    let client = world.client(OAuth::new());
    assert_eq!(client.post().await.unwrap(), 200);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..30 {
        let client = client.clone();
        tasks.spawn(async move { assert_eq!(client.post_with("late").await.unwrap(), 200) });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    assert_eq!((refreshes(&world).len(), world.asked().len()), (1, 1));
}

#[tokio::test]
async fn a_refresh_token_is_used_until_there_is_another() {
    let count = AtomicU32::new(0);
    let plan = ending(SHORT, move |_| match count.fetch_add(1, Ordering::Relaxed) {
        0 => good(&json!({ "expires_in": SHORT })),
        1 => good(&json!({ "expires_in": SHORT, "refresh_token": "refresh-1" })),
        _ => good(&json!({})),
    });
    let world = World::new(plan).await;
    let client = world.client(OAuth::new());
    for _ in 0..4 {
        assert_eq!(client.post().await.unwrap(), 200);
        until_due().await;
        assert_eq!(client.post().await.unwrap(), 200);
    }
    let used: Vec<_> = refreshes(&world).iter().map(|seen| seen.form()["refresh_token"].clone()).collect();
    assert_eq!(used, ["refresh-0", "refresh-0", "refresh-1"]);
}

#[tokio::test]
async fn a_refresh_token_that_is_refused_leads_back_to_the_user() {
    let world = World::new(ending(SHORT, |_| Reply::json(400, &json!({ "error": "invalid_grant" })))).await;
    let client = world.client(OAuth::new());
    assert_eq!(client.post().await.unwrap(), 200);
    until_due().await;
    assert_eq!(client.post().await.unwrap(), 200);
    assert_eq!((refreshes(&world).len(), world.asked().len()), (1, 2));
    assert_eq!(world.authority.at("/register").len(), 1);
}

#[tokio::test]
async fn an_authorization_server_that_forgot_the_client_gets_a_new_one() {
    let world = World::new(ending(SHORT, |_| Reply::json(401, &json!({ "error": "invalid_client" })))).await;
    let client = world.client(OAuth::new());
    assert_eq!(client.post().await.unwrap(), 200);
    until_due().await;
    assert_eq!(client.post().await.unwrap(), 200);
    assert_eq!((world.authority.at("/register").len(), world.asked().len()), (2, 2));
}

/// A server whose token endpoint is in trouble at first: that costs neither the token nor the refresh token.
async fn troubled(status: u16, error: &'static str) {
    let is_down = Arc::new(AtomicBool::new(true));
    let down = Arc::clone(&is_down);
    let world = World::new(ending(12, move |_| {
        let is_down = down.load(Ordering::Relaxed);
        if is_down { Reply::json(status, &json!({ "error": error })) } else { good(&json!({})) }
    }))
    .await;
    let client = world.client(OAuth::new());
    // The lifetime counts in whole seconds of the real clock: the token is due after nine, and ends after twelve. A busy
    // machine has three seconds for what lies between.
    let into = SystemTime::UNIX_EPOCH.elapsed().unwrap().subsec_nanos();
    tokio::time::sleep(Duration::from_nanos(1_000_000_000 - u64::from(into))).await;
    assert_eq!(client.post().await.unwrap(), 200);
    tokio::time::sleep(Duration::from_millis(9050)).await;
    assert_eq!(client.post().await.unwrap(), 200);
    assert_eq!(client.post().await.unwrap(), 200);
    assert_eq!((refreshes(&world).len(), world.asked().len()), (1, 1), "it is not asked with every request");
    // Now it has ended, and the server says so.
    is_down.store(false, Ordering::Relaxed);
    assert_eq!(client.post_with("late").await.unwrap(), 200);
    assert_eq!((refreshes(&world).len(), world.asked().len()), (2, 1));
}

#[tokio::test]
async fn a_renewal_that_fails_early_leaves_the_tokens_in_use() {
    tokio::join!(troubled(503, "invalid_grant"), troubled(429, "slow_down"), troubled(400, "temporarily_unavailable"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_goes_on_when_the_request_that_began_it_is_given_up() {
    // The authorization server answers when it is told to: after the request was given up.
    let (release, released) = std::sync::mpsc::channel();
    let released = Mutex::new(released);
    let world = World::new(ending(SHORT, move |_| {
        // Another thread takes over what this one has to do, such as to look at the clock.
        tokio::task::block_in_place(|| released.lock().unwrap().recv().unwrap());
        good(&json!({ "refresh_token": "refresh-1" }))
    }))
    .await;
    let client = world.client(OAuth::new());
    assert_eq!(client.post().await.unwrap(), 200);
    until_due().await;
    let given_up = tokio::time::timeout(Duration::from_millis(50), client.post()).await;
    assert!(given_up.is_err());
    release.send(()).unwrap();
    assert_eq!(client.post().await.unwrap(), 200);
    assert_eq!((refreshes(&world).len(), world.asked().len()), (1, 1));
}
