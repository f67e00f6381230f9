//! What comes back from the browser: who may have sent it, and what is made of it.

use mcp_runtime::client::oauth::{Error, OAuth};
use serde_json::json;

use super::world::{Consenting, Driver, Plan, World, error_of};

/// Logs in where the authorization server advertises `iss` or not, and appends this to its redirects.
async fn answered(advertised: Option<bool>, redirect: &'static str) -> (World, Result<(), Error>) {
    let issuer = json!({ "authorization_response_iss_parameter_supported": advertised });
    let world = World::new(Plan { issuer, redirect, ..Plan::default() }).await;
    let result = match world.client(OAuth::new()).post().await {
        Ok(status) => {
            assert_eq!(status, 200);
            Ok(())
        }
        failed => Err(error_of(failed)),
    };
    assert_eq!(world.asked().len(), 1, "it asks the user");
    (world, result)
}

#[tokio::test]
async fn the_right_issuer_or_none_where_none_is_promised_is_accepted() {
    for (advertised, redirect) in [(Some(true), "&iss=AS"), (Some(false), ""), (None, ""), (None, "&iss=AS")] {
        let (world, result) = answered(advertised, redirect).await;
        assert!(result.is_ok(), "{advertised:?} {redirect}: {result:?}");
        assert_eq!(world.tokens().len(), 1);
    }
}

#[tokio::test]
async fn any_other_issuer_is_refused_before_the_code_is_used() {
    for (advertised, redirect) in [
        (Some(true), ""),
        (Some(true), "&iss=https%3A%2F%2Fevil.example.com"),
        (None, "&iss=https%3A%2F%2Fevil.example.com"),
        (Some(false), "&iss=https%3A%2F%2Fevil.example.com"),
        (Some(true), "&iss=AS/"),
        (Some(true), "&iss="),
        (Some(true), "&ISS=AS"),
    ] {
        let (world, result) = answered(advertised, redirect).await;
        let error = result.expect_err(redirect);
        assert!(matches!(error, Error::Issuer { .. }), "{redirect}: {error}");
        assert!(world.tokens().is_empty());
    }
    let (world, result) = answered(Some(true), "&iss=AS&iss=https%3A%2F%2Fevil.example.com").await;
    assert!(result.unwrap_err().to_string().contains("twice"));
    assert!(world.tokens().is_empty());
}

/// Logs in with a browser that changes the address which it is sent to.
async fn twisted(twist: fn(String) -> String) -> (World, Error) {
    let world = World::new(Plan::default()).await;
    let browser = Consenting { twist: Some(twist), ..Consenting::default() };
    let error = error_of(Driver::new(OAuth::new().browser(browser), &world.url()).post().await);
    assert!(world.tokens().is_empty());
    (world, error)
}

#[tokio::test]
async fn an_answer_with_another_state_is_no_answer() {
    let (_, error) = twisted(|url| url.replace("state=", "state=x")).await;
    assert!(matches!(error, Error::State), "{error}");
    let (_, error) = twisted(|url| url.replace("state=", "other=")).await;
    assert!(matches!(error, Error::State), "{error}");
}

#[tokio::test]
async fn an_answer_without_a_code_is_an_error() {
    let (_, error) = twisted(|url| url.replace("code=", "cod=")).await;
    assert!(error.to_string().contains("no code"), "{error}");
    let (_, error) = twisted(|_| "not a url".to_owned()).await;
    assert!(error.to_string().contains("no URL"), "{error}");
}

#[tokio::test]
async fn a_user_who_says_no_is_heard_and_not_asked_again_at_once() {
    let world = World::new(Plan::default()).await;
    let twist: fn(String) -> String =
        |url| url.replace("code=test-auth-code", "error=access_denied&error_description=no%1b%5b2J%0athanks");
    let browser = Consenting { twist: Some(twist), ..Consenting::default() };
    let client = Driver::new(OAuth::new().browser(browser.clone()), &world.url());
    let error = error_of(client.post().await);
    let text = error.to_string();
    assert!(text.contains("`access_denied`") && text.contains("thanks"), "{text}");
    assert!(!text.contains('\u{1b}') && !text.contains('\n'), "{text:?}");
    let again = error_of(client.post().await);
    assert_eq!(again.to_string(), text);
    assert_eq!(browser.visits(), 1);
}

#[tokio::test]
async fn an_error_from_somebody_else_is_not_shown() {
    let (_, error) = twisted(|url| {
        let url = url.replace("code=test-auth-code", "error=access_denied&error_description=call+0900");
        let (start, _) = url.split_once("&iss=").unwrap();
        format!("{start}&iss=https://evil.example.com")
    })
    .await;
    assert!(matches!(error, Error::Issuer { .. }), "{error}");
    assert!(!format!("{error} {error:?}").contains("0900"));
}
