//! Who the client is, and where that is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderValue};
use mcp_runtime::Client;
use mcp_runtime::client::oauth::IdentityProvider;
use mcp_runtime::client::{Authorize, Authorizing, Challenge, Error, OAuth, Outgoing, Retry};
use serde_json::json;

use crate::fake::{Fake, Hit, discovered, modern, session, text};

/// Gives a token that grows with each refusal, until it is good.
#[derive(Clone, Default)]
struct Tokens(Arc<AtomicU32>);

impl Authorize for Tokens {
    fn headers<'a>(&'a self, _: Outgoing<'a>) -> Authorizing<'a, HeaderMap> {
        let token = format!("Bearer t{}", self.0.load(Ordering::Relaxed));
        Box::pin(async move { Ok(HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::try_from(token)?)])) })
    }

    fn challenged<'a>(&'a self, challenge: Challenge<'a>) -> Authorizing<'a, bool> {
        assert_eq!(challenge.headers.get("www-authenticate").unwrap(), "Bearer");
        let sent = challenge.sent.get(AUTHORIZATION).cloned();
        Box::pin(async move {
            assert_eq!(sent.unwrap(), format!("Bearer t{}", self.0.load(Ordering::Relaxed)));
            self.0.fetch_add(1, Ordering::Relaxed);
            Ok(challenge.attempt < 3)
        })
    }
}

#[tokio::test]
async fn a_refusal_is_answered_with_other_credentials() {
    let fake = Fake::open().await;
    let connecting = tokio::spawn(Client::http(fake.url()).authorize(Tokens::default()).connect());
    for n in 0..2 {
        let hit = fake.expect("server/discover").await;
        assert_eq!(hit.header("authorization").unwrap(), format!("Bearer t{n}"));
        hit.answer(401, "WWW-Authenticate: Bearer\r\n", "").await;
    }
    fake.expect("server/discover").await.result(discovered()).await;
    let client = connecting.await.unwrap().unwrap();
    let call = tokio::spawn(client.call("t", ()).into_future());
    for _ in 0..3 {
        fake.expect("tools/call").await.answer(403, "WWW-Authenticate: Bearer\r\n", "no").await;
    }
    let error = call.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Status { status: 403, .. }), "{error}");
}

/// Whoever this says.
#[derive(Clone, Default)]
struct Who(Arc<AtomicU32>);

impl Authorize for Who {
    fn headers<'a>(&'a self, _: Outgoing<'a>) -> Authorizing<'a, HeaderMap> {
        Box::pin(async { Ok(HeaderMap::new()) })
    }

    fn challenged<'a>(&'a self, _: Challenge<'a>) -> Authorizing<'a, bool> {
        Box::pin(async { Ok(false) })
    }

    fn identity(&self) -> String {
        self.0.load(Ordering::Relaxed).to_string()
    }
}

#[tokio::test]
async fn what_is_kept_for_one_identity_is_not_given_to_another_unless_it_is_public() {
    let who = Who::default();
    let (client, fake) = modern(|builder| builder.authorize(who.clone())).await;
    let read = |uri: &'static str| tokio::spawn(client.read(uri).into_future());
    for (uri, scope) in [("x://private", Some("private")), ("x://silent", None), ("x://public", Some("public"))] {
        who.0.store(0, Ordering::Relaxed);
        let answer =
            |text: &str| json!({ "contents": [{ "uri": uri, "text": text }], "ttlMs": 60_000, "cacheScope": scope });
        let said = async |read: tokio::task::JoinHandle<_>| {
            let result: Result<mcp_runtime::model::ReadResourceResult, Error> = read.await.unwrap();
            serde_json::to_value(result.unwrap()).unwrap()["contents"][0]["text"].clone()
        };
        let first = read(uri);
        fake.expect("resources/read").await.result(answer("first")).await;
        assert_eq!(said(first).await, "first");
        assert_eq!(said(read(uri)).await, "first", "{uri}");
        who.0.store(1, Ordering::Relaxed);
        let second = read(uri);
        if scope == Some("public") {
            assert_eq!(said(second).await, "first");
            continue;
        }
        fake.expect("resources/read").await.result(answer("second")).await;
        assert_eq!(said(second).await, "second");
        who.0.store(0, Ordering::Relaxed);
        assert_eq!(said(read(uri)).await, "first", "{uri}");
    }
    fake.expect_silence().await;
}

/// Takes its time to find credentials.
struct Slow;

impl Authorize for Slow {
    fn headers<'a>(&'a self, _: Outgoing<'a>) -> Authorizing<'a, HeaderMap> {
        Box::pin(async { Ok(HeaderMap::new()) })
    }

    fn challenged<'a>(&'a self, _: Challenge<'a>) -> Authorizing<'a, bool> {
        Box::pin(async {
            tokio::time::sleep(Duration::from_secs(4)).await;
            Ok(true)
        })
    }
}

#[tokio::test]
async fn what_is_asked_as_one_identity_is_not_kept_for_another() {
    let who = Who::default();
    let (client, fake) = modern(|builder| builder.authorize(who.clone())).await;
    let read = || tokio::spawn(client.read("x://private").into_future());
    let answer = || json!({ "contents": [], "ttlMs": 60_000, "cacheScope": "private" });
    let first = read();
    let hit = fake.expect("resources/read").await;
    // Somebody signs in while the answer is on its way, and out again.
    who.0.store(1, Ordering::Relaxed);
    hit.result(answer()).await;
    first.await.unwrap().unwrap();
    for identity in [0, 1] {
        who.0.store(identity, Ordering::Relaxed);
        let again = read();
        fake.expect("resources/read").await.result(answer()).await;
        again.await.unwrap().unwrap();
    }
    // Now both have one of their own.
    read().await.unwrap().unwrap();
    fake.expect_silence().await;
}

#[tokio::test]
async fn nobody_is_asked_for_credentials_to_say_farewell() {
    let tokens = Tokens::default();
    let (client, fake) = session(|builder| builder.authorize(tokens.clone())).await;
    let call = client.call("t", ()).timeout(Duration::from_millis(50)).max_timeout(Duration::from_millis(50));
    let call = tokio::spawn(call.into_future());
    let _hit = fake.expect("tools/call").await;
    call.await.unwrap().unwrap_err();
    fake.expect("notifications/cancelled").await.answer(401, "WWW-Authenticate: Bearer\r\n", "").await;
    let closing = tokio::spawn(client.close());
    fake.expect_verb("DELETE").await.answer(401, "WWW-Authenticate: Bearer\r\n", "").await;
    closing.await.unwrap();
    assert_eq!(tokens.0.load(Ordering::Relaxed), 0, "nobody waits for what comes of these");
}

#[tokio::test]
async fn the_time_to_find_credentials_is_not_the_servers() {
    let fake = Fake::open().await;
    // Less than it takes to find credentials, and more than a busy machine needs for an answer.
    let time = Duration::from_secs(3);
    let connecting = tokio::spawn(Client::http(fake.url()).authorize(Slow).timeout(time).probe_timeout(time).connect());
    fake.expect("server/discover").await.answer(401, "", "").await;
    fake.expect("server/discover").await.result(discovered()).await;
    let client = connecting.await.unwrap().unwrap();
    let call = tokio::spawn(client.call("t", ()).max_timeout(time).into_future());
    fake.expect("tools/call").await.answer(401, "", "").await;
    fake.expect("tools/call").await.result(text("")).await;
    call.await.unwrap().unwrap();
}

#[tokio::test]
async fn without_credentials_a_refusal_is_no_sign_of_an_older_server() {
    let fake = Fake::open().await;
    let connecting = tokio::spawn(Client::http(fake.url()).connect());
    fake.expect("server/discover").await.answer(401, "WWW-Authenticate: Bearer\r\n", "").await;
    let error = connecting.await.unwrap().unwrap_err();
    assert_eq!(error.to_string(), format!("the server at `{}` answered with the status 401", fake.url()));
    fake.expect_silence().await;
}

#[tokio::test]
async fn redirects_are_followed_within_the_origin_and_no_further() {
    let (client, fake) = modern(|builder| builder.bearer("secret")).await;
    let call = tokio::spawn(client.call("t", ()).into_future());
    fake.expect("tools/call").await.answer(307, "Location: /other\r\n", "").await;
    let hit = fake.expect("tools/call").await;
    assert_eq!((hit.path.as_str(), hit.header("authorization")), ("/other", Some("Bearer secret")));
    hit.result(text("")).await;
    call.await.unwrap().unwrap();

    let stranger = Fake::open().await;
    for status in [301, 307, 308] {
        let call = tokio::spawn(client.call("t", ()).into_future());
        fake.expect("tools/call").await.answer(status, &format!("Location: {}\r\n", stranger.url()), "").await;
        let error = call.await.unwrap().unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains(&stranger.url()) && cause.contains("another origin"), "{cause}");
    }
    stranger.expect_silence().await;

    let call = tokio::spawn(client.call("t", ()).into_future());
    for _ in 0..=5 {
        fake.expect("tools/call").await.answer(307, "Location: /again\r\n", "").await;
    }
    let error = call.await.unwrap().unwrap_err();
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "it redirects more than 5 times");
}

/// A client of HTTP with SSE, which has asked where messages go.
async fn asking(fake: &Fake) -> (tokio::task::JoinHandle<Result<Client, Error>>, Hit) {
    let connecting = tokio::spawn(Client::http(fake.url()).bearer("secret").retry(Retry::never()).connect());
    fake.expect("server/discover").await.answer(405, "", "").await;
    fake.expect("initialize").await.answer(405, "", "").await;
    let mut hit = fake.expect_verb("GET").await;
    assert_eq!(hit.header("authorization"), Some("Bearer secret"));
    hit.stream().await;
    (connecting, hit)
}

#[tokio::test]
async fn messages_are_not_sent_to_another_origin_that_a_server_names() {
    let (fake, stranger) = (Fake::open().await, Fake::open().await);
    let there = stranger.url();
    for endpoint in [there.clone(), there.replace("http:", ""), there.replace("127.0.0.1", "localhost")] {
        let (connecting, mut hit) = asking(&fake).await;
        hit.write(format!("event: endpoint\ndata: {endpoint}\n\n")).await;
        let error = connecting.await.unwrap().unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains("another origin"), "{endpoint}: {cause}");
    }
    stranger.expect_silence().await;
    fake.expect_silence().await;
    // The control: a place of its own is sent to, with what proves who asks.
    let (_connecting, mut hit) = asking(&fake).await;
    hit.write("event: endpoint\ndata: /messages?sessionId=1\n\n").await;
    let sent = fake.expect("initialize").await;
    assert_eq!((sent.path.as_str(), sent.header("authorization")), ("/messages?sessionId=1", Some("Bearer secret")));
}

#[tokio::test]
async fn secrets_are_shown_nowhere() {
    let fake = Fake::open().await;
    let url = fake.url().replace("http://", "http://user:hidden@") + "?key=hidden";
    let builder = Client::http(&url).bearer("hidden");
    assert!(!format!("{builder:?}").contains("hidden"));
    let connecting = tokio::spawn(builder.connect());
    fake.expect("server/discover").await.answer(401, "", "").await;
    let error = connecting.await.unwrap().unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hidden"), "{error:?}");
    for (builder, expected) in [
        (Client::http("nowhere"), "this is no address"),
        (Client::http("ftp://a/"), "must begin with"),
        (Client::http("http://a/").bearer("a\nb"), "the value of `authorization`"),
        (Client::http("http://a/").header("a b", "c"), "the name `a b`"),
    ] {
        let error = builder.connect().await.unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains(expected), "{cause}");
    }
}

#[tokio::test]
async fn a_client_declares_the_extension_that_its_credentials_come_by() {
    let provider = || IdentityProvider::new("https://login.example.com/token", "a", async || Ok("token".into()));
    for (oauth, expected) in [
        (OAuth::new(), json!(null)),
        (OAuth::client_credentials("a", "b"), json!({ "io.modelcontextprotocol/oauth-client-credentials": {} })),
        (
            OAuth::enterprise_managed(provider(), "a", "b"),
            json!({ "io.modelcontextprotocol/enterprise-managed-authorization": {} }),
        ),
    ] {
        let fake = Fake::open().await;
        let connecting = tokio::spawn(Client::http(fake.url()).authorize(oauth).connect());
        let hit = fake.expect("server/discover").await;
        let declared = &hit.body["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"];
        assert_eq!(declared["extensions"], expected);
        hit.result(discovered()).await;
        connecting.await.unwrap().unwrap();
    }
}
