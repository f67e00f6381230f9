//! The listener that a browser comes back to.

use std::time::Duration;

use mcp_runtime::client::oauth::{Error, Loopback, OAuth};
use reqwest::{Client, Response, Url};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::world::{Driver, Plan, World, error_of};

fn browser() -> Client {
    Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap()
}

/// A client whose pages come out of a channel instead of a browser.
fn client(world: &World, loopback: Loopback) -> (Driver, mpsc::UnboundedReceiver<String>) {
    let (pages, shown) = mpsc::unbounded_channel();
    let loopback = loopback.without_opening().show_url(move |url| pages.send(url.to_owned()).unwrap());
    (Driver::new(OAuth::new().browser(loopback), &world.url()), shown)
}

/// Where the authorization server sends the browser.
async fn location(page: &str) -> String {
    let answer = browser().get(page).send().await.unwrap();
    answer.headers()["location"].to_str().unwrap().to_owned()
}

async fn get(url: &str) -> Response {
    browser().get(url).send().await.unwrap()
}

#[tokio::test]
async fn a_user_comes_back_and_everybody_else_is_turned_away() {
    let world = World::new(Plan::default()).await;
    let (client, mut pages) = client(&world, Loopback::new());
    let request = tokio::spawn(async move { client.post().await });
    let location = location(&pages.recv().await.unwrap()).await;
    assert!(location.starts_with("http://127.0.0.1:"), "{location}");

    for wrong in [
        location.replace("state=", "state=x"),
        location.replace("state=", "s="),
        location.replace("/callback", "/other"),
        format!("{location}&state=x"),
        location.split('?').next().unwrap().to_owned(),
    ] {
        let answer = get(&wrong).await;
        assert_eq!(answer.status(), 400, "{wrong}");
        assert!(!answer.text().await.unwrap().contains("state"));
    }
    assert_eq!(browser().post(&location).send().await.unwrap().status(), 400);
    assert!(world.tokens().is_empty());

    let page = get(&location).await;
    assert_eq!(page.status(), 200);
    assert_eq!(page.headers()["content-security-policy"], "default-src 'none'; frame-ancestors 'none'");
    assert_eq!(page.headers()["cache-control"], "no-store");
    let text = page.text().await.unwrap();
    assert!(text.contains("close this window") && !text.contains("test-auth-code"), "{text}");
    assert_eq!(request.await.unwrap().unwrap(), 200);

    // Nobody listens any more.
    let port = Url::parse(&location).unwrap().port().unwrap();
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
}

#[tokio::test]
async fn guests_who_say_nothing_do_not_keep_the_user_out() {
    let world = World::new(Plan::default()).await;
    let (client, mut pages) = client(&world, Loopback::new());
    let request = tokio::spawn(async move { client.post().await });
    let location = location(&pages.recv().await.unwrap()).await;
    let port = Url::parse(&location).unwrap().port().unwrap();
    let mut guests = Vec::new();
    for _ in 0..10 {
        guests.push(TcpStream::connect(("127.0.0.1", port)).await.unwrap());
    }
    assert_eq!(get(&location).await.status(), 200);
    assert_eq!(request.await.unwrap().unwrap(), 200);
}

#[tokio::test]
async fn a_user_who_does_not_come_back_is_not_waited_for_for_ever() {
    let world = World::new(Plan::default()).await;
    let (client, _pages) = client(&world, Loopback::new().wait(Duration::from_millis(100)));
    let error = error_of(client.post().await);
    assert!(matches!(&error, Error::Browser { reason, .. } if reason.contains("100ms")), "{error}");
}

#[tokio::test]
async fn dropping_the_client_ends_the_listener() {
    let world = World::new(Plan::default()).await;
    let (client, mut pages) = client(&world, Loopback::new());
    let waiting = client.clone();
    let request = tokio::spawn(async move { waiting.post().await });
    let page = Url::parse(&pages.recv().await.unwrap()).unwrap();
    let redirect = page.query_pairs().find(|(name, _)| name == "redirect_uri").unwrap().1.into_owned();
    let port = Url::parse(&redirect).unwrap().port().unwrap();
    request.abort();
    assert!(request.await.unwrap_err().is_cancelled());
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_ok(), "the user may still come");
    drop(client);
    for _ in 0..3000 {
        if TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it listens on");
}

#[tokio::test]
async fn a_port_that_is_taken_is_an_error() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let world = World::new(Plan::default()).await;
    let (client, _pages) = client(&world, Loopback::new().port(taken.local_addr().unwrap().port()));
    let error = error_of(client.post().await);
    assert!(error.to_string().contains("no port"), "{error}");
    assert!(world.authority.at("/register").is_empty());
}
