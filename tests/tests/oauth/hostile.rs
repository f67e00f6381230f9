//! Servers and authorization servers that mean harm: an error that says who and what, within bounds, and no secret in it.

use std::fmt::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mcp_runtime::client::oauth::{Error, FileStore, MemoryStore, OAuth};
use mcp_runtime::client::{Authorize, Outgoing};
use serde_json::json;
use tokio::net::TcpListener;

use super::mock::{Announced, Bound, Reply};
use super::world::{Consenting, Driver, Plan, SHORT, World, error_of, until_due};

const PRM: &str = "/.well-known/oauth-protected-resource/mcp";
const ASM: &str = "/.well-known/oauth-authorization-server";

/// What comes of a world where one place of the authorization server, or of the server, answers like this.
async fn with(place: &'static str, reply: impl Fn(&str) -> Reply + Send + Sync + 'static) -> (World, Error) {
    let reply = Arc::new(reply);
    let other = Arc::clone(&reply);
    let plan = Plan {
        server: Box::new(move |seen, here, _| (seen.path == place).then(|| reply(here))),
        authority: Box::new(move |seen, _, there| (seen.path == place).then(|| other(there))),
        ..Plan::default()
    };
    let world = World::new(plan).await;
    let client = world.client(OAuth::pre_registered("id", "hunter2").timeout(Duration::from_secs(5)));
    let error = error_of(client.post().await);
    (world, error)
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    for place in [PRM, ASM, "/token"] {
        for announced in [Announced::Yes, Announced::No] {
            let (_, error) = with(place, move |_| Reply::Flood { bytes: 100 << 20, announced }).await;
            let text = error.to_string();
            assert!(text.contains("longer than 1048576 bytes") && text.contains(place), "{text}");
        }
    }
}

#[tokio::test]
async fn an_endpoint_that_hangs_is_given_up_in_time() {
    for place in [PRM, ASM, "/token"] {
        let plan = Plan {
            server: Box::new(move |seen, _, _| (seen.path == place).then_some(Reply::Silence)),
            authority: Box::new(move |seen, _, _| (seen.path == place).then_some(Reply::Silence)),
            ..Plan::default()
        };
        let world = World::new(plan).await;
        let start = Instant::now();
        let error = error_of(world.client(OAuth::new().timeout(Duration::from_millis(300))).post().await);
        assert!(error.to_string().contains("did not answer within 300ms"), "{error}");
        assert!(start.elapsed() < Duration::from_secs(10));
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    for place in [PRM, ASM, "/token"] {
        let elsewhere = Bound::new().await.serve(|_| Reply::json(200, &json!({})));
        let to = format!("{}{place}", elsewhere.origin);
        let (_, error) = with(place, move |_| Reply::redirect(to.clone())).await;
        assert!(matches!(error, Error::Fetch { .. }), "{place}: {error}");
        assert!(elsewhere.log().is_empty(), "{place}: {error}");
    }
}

#[tokio::test]
async fn a_public_server_cannot_send_its_clients_into_private_networks() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    for place in [
        format!("http://127.0.0.1:{port}/"),
        format!("https://127.0.0.1:{port}/"),
        format!("https://localhost:{port}/"),
        format!("https://[::1]:{port}/"),
        format!("https://[::ffff:127.0.0.1]:{port}/"),
        format!("https://0.0.0.0:{port}/"),
        format!("https://2130706433:{port}/"),
        format!("https://0x7f.1:{port}/"),
        "https://10.0.0.1/".to_owned(),
        "https://192.168.1.1/".to_owned(),
        "https://169.254.169.254/latest/meta-data".to_owned(),
        "https://[fd00:ec2::254]/".to_owned(),
        "http://mcp.example.com/.well-known/oauth-protected-resource".to_owned(),
        "file:///etc/passwd".to_owned(),
    ] {
        let client = Driver::new(OAuth::new().browser(Consenting::default()), "");
        let challenge = format!("Bearer resource_metadata=\"{place}\"");
        let failed = client.refused("https://mcp.example.com/mcp", &challenge).await.unwrap_err();
        let error = failed.downcast_ref::<Error>().unwrap();
        assert!(matches!(error, Error::Address { .. }), "{place}: {error:?}");
    }
    let visitor = tokio::time::timeout(Duration::from_millis(100), listener.accept()).await;
    assert!(visitor.is_err(), "somebody came: {visitor:?}");
    // The same places are asked for a server on this machine.
    let minute = Duration::from_mins(1);
    let client = Driver::new(OAuth::new().timeout(minute), "");
    let challenge = format!("Bearer resource_metadata=\"http://127.0.0.1:{port}/\"");
    // The visitor is let go at once, so that it does not wait for an answer.
    let visit = async { tokio::time::timeout(minute, listener.accept()).await.is_ok_and(|visitor| visitor.is_ok()) };
    let (failed, was_visited) = tokio::join!(client.refused("http://localhost:1/mcp", &challenge), visit);
    assert!(failed.is_err() && was_visited);
    drop(listener);
}

#[tokio::test]
async fn private_networks_can_be_allowed_but_not_this_machine() {
    let refused = |url: &'static str| async move {
        let oauth = OAuth::new().allow_private_addresses().timeout(Duration::from_millis(200));
        let challenge = format!("Bearer resource_metadata=\"{url}\"");
        let failed = Driver::new(oauth, "").refused("https://mcp.example.com/mcp", &challenge).await.unwrap_err();
        matches!(failed.downcast_ref::<Error>(), Some(Error::Address { .. }))
    };
    assert!(refused("https://127.0.0.1:1/").await);
    assert!(refused("https://localhost:1/").await);
    assert!(refused("https://169.254.169.254/").await);
    assert!(!refused("https://10.255.255.1:1/").await);
}

#[tokio::test]
async fn credentials_travel_neither_in_the_open_nor_to_others() {
    let oauth = OAuth::new();
    let headers = oauth.headers(Outgoing::new(&http::Method::POST, "http://mcp.example.com/mcp")).await;
    assert!(headers.unwrap_err().to_string().contains("https"));

    let world = World::new(Plan::default()).await;
    let client = world.client(OAuth::new());
    assert_eq!(client.post().await.unwrap(), 200);
    for url in ["http://localhost:1/mcp", "http://127.0.0.1/mcp", "https://evil.example.com/mcp"] {
        let failed = client.oauth.headers(Outgoing::new(&http::Method::POST, url)).await.unwrap_err();
        assert!(matches!(failed.downcast_ref(), Some(Error::Origin { .. })), "{failed}");
    }
    let same = format!("{}/messages?session=1", world.server.origin);
    let headers = client.oauth.headers(Outgoing::new(&http::Method::POST, &same)).await.unwrap();
    assert!(headers["authorization"].is_sensitive() && !format!("{headers:?}").contains("test-token"));
}

#[tokio::test]
async fn a_browser_is_sent_to_no_strange_address() {
    for endpoint in
        ["file:///etc/passwd", "javascript:alert(1)", "http://as.example.com/", "--help", "https://u:p@as.example/"]
    {
        let world = World::new(Plan { issuer: json!({ "authorization_endpoint": endpoint }), ..Plan::default() }).await;
        let error = error_of(world.client(OAuth::new()).post().await);
        assert!(matches!(error, Error::Address { .. }), "{endpoint}: {error}");
        assert_eq!(world.browser.visits(), 0);
    }
}

#[tokio::test]
async fn what_a_token_endpoint_writes_is_harmless_and_repeats_no_secret() {
    let token = json!({
        "error": "invalid_grant\u{1b}]0;owned\u{7}",
        "error_description": format!("\u{1b}[2Jyou sent hunter2 and test-auth-code {}", "x".repeat(10_000)),
    });
    let (world, error) = with("/token", move |_| Reply::json(400, &token)).await;
    let (text, debug) = (error.to_string(), format!("{error:?}"));
    assert!(text.contains("invalid_grant") && text.contains("you sent"), "{text}");
    assert!(text.len() < 1000 && !text.contains(char::is_control), "{text:?}");
    let verifier = &world.tokens()[0]["code_verifier"];
    for secret in ["hunter2", "test-auth-code", verifier] {
        assert!(!text.contains(secret) && !debug.contains(secret), "{debug}");
    }
}

#[tokio::test]
async fn a_token_that_cannot_be_sent_is_refused_without_being_shown() {
    for token in [json!("hunter2\r\nx: y"), json!("x".repeat(100_000)), json!(""), json!(null), json!(7)] {
        let answer = json!({ "access_token": token, "token_type": "Bearer" });
        let (_, error) = with("/token", move |_| Reply::json(200, &answer)).await;
        assert!(matches!(error, Error::Metadata { .. }), "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}

#[tokio::test]
async fn nonsense_is_an_error_and_not_a_crash() {
    let nested = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    for body in ["", "<html>", "null", "[]", "{\"issuer\": 7}", &nested, "{\"resource\": [], \"issuer\": {}}"] {
        for place in [PRM, ASM, "/token"] {
            let body = body.as_bytes().to_vec();
            let answer = move |_: &str| Reply::Answer { status: 200, headers: Vec::new(), body: body.clone() };
            let (world, error) = with(place, answer).await;
            assert!(error.to_string().contains("localhost"), "{error}");
            assert!(world.authenticated().is_empty());
        }
    }
}

/// Whatever can be seen of an error and of what caused it.
fn seen(failed: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(failed), |error| error.source());
    causes.map(|error| format!("{error} {error:?} {error:#?}")).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn no_error_repeats_what_is_secret_in_the_address_of_a_server() {
    type Answer = fn() -> Reply;
    let answers: [Answer; 5] = [
        || Reply::status(500),
        || Reply::json(200, &json!({ "issuer": 7, "resource": [] })),
        || Reply::redirect("https://other.example.com/".to_owned()),
        || Reply::json(400, &json!({ "error": "invalid_target" })),
        || Reply::Silence,
    ];
    let mut failures = 0;
    for place in [PRM, ASM, "/register", "/token"] {
        for answer in answers {
            let plan = Plan {
                server: Box::new(move |seen, _, _| (seen.path == place).then(answer)),
                authority: Box::new(move |seen, _, _| (seen.path == place).then(answer)),
                ..Plan::default()
            };
            let world = World::new(plan).await;
            let secret = world.url().replace("http://", "http://hunter1:hunter2@") + "?key=hunter3#hunter4";
            let oauth = OAuth::new().timeout(Duration::from_secs(1)).browser(world.browser.clone());
            let challenge = format!("Bearer resource_metadata=\"{}{PRM}\"", world.server.origin);
            if let Err(failed) = Driver::new(oauth, &secret).refused(&secret, &challenge).await {
                failures += 1;
                let seen = seen(failed.as_ref());
                assert!(!seen.contains("hunter"), "{place}: {seen}");
            }
        }
    }
    assert!(failures > 10, "only {failures} of them failed");
}

#[tokio::test]
async fn debug_shows_no_secret() {
    let world = World::new(Plan { token: json!({ "refresh_token": "refresh-hunter2" }), ..Plan::default() }).await;
    let directory = std::env::temp_dir().join(format!("oauth-debug-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let oauth = OAuth::pre_registered("id", "hunter2")
        .store(FileStore::new(directory.join("credentials")))
        .store(MemoryStore::new())
        .browser(world.browser.clone());
    let shown = format!("{oauth:?} {:?}", FileStore::new(&directory));
    assert!(shown.contains("OAuth") && !shown.contains("hunter2"), "{shown}");
    let client = Driver::new(oauth, &world.url());
    assert_eq!(client.post().await.unwrap(), 200);
    assert!(!client.oauth.identity().contains("hunter2") && !client.oauth.identity().contains("test-token"));
    std::fs::remove_dir_all(&directory).unwrap();
}

#[tokio::test]
async fn a_flood_of_scopes_is_cut_off() {
    let scopes: Vec<_> = (0..100_000).map(|number| format!("s{number}")).collect();
    let world = World::new(Plan { resource: json!({ "scopes_supported": scopes }), ..Plan::default() }).await;
    let result = world.client(OAuth::new()).post().await;
    assert_eq!(result.unwrap(), 200);
    assert_eq!(world.asked()[0]["scope"].split(' ').count(), 100);
}

/// Everything that this process logs, from all tests.
static LOG: Mutex<String> = Mutex::new(String::new());

struct Listening;

impl log::Log for Listening {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        writeln!(LOG.lock().unwrap(), "{} {}", record.target(), record.args()).unwrap();
    }

    fn flush(&self) {}
}

#[tokio::test]
async fn logs_show_no_secret() {
    log::set_logger(&Listening).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    let world = World::new(Plan {
        issuer: json!({ "token_endpoint_auth_methods_supported": null }),
        token: json!({ "access_token": "test-token-hunter2", "refresh_token": "refresh-hunter2", "expires_in": SHORT }),
        ..Plan::default()
    })
    .await;
    let client = world.client(OAuth::pre_registered("id", "hunter2").dpop());
    assert_eq!(client.post().await.unwrap(), 200);
    until_due().await;
    assert_eq!(client.post().await.unwrap(), 200);
    assert_eq!(world.tokens().len(), 2);
    let verifier = &world.tokens()[0]["code_verifier"];
    let log = LOG.lock().unwrap().clone();
    assert!(log.contains("starting new connection"), "nothing is logged: {log}");
    assert!(!log.contains("hunter2") && !log.contains(verifier));
}
