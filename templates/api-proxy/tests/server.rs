//! Calls the tools as a client does, with an API that is made up.

use std::time::Duration;

use mcp_runtime::client::Error;
use mcp_runtime::{Client, Result, testing};
use serde_json::{Value, json};
use wiremock::matchers::{header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use {{crate}}::api::Settings;
use {{crate}}::server_with;

/// A client of the server, which asks this API.
async fn client(api: &MockServer) -> Result<Client> {
    let settings = Settings {
        url: api.uri(),
        token: Some("secret".to_owned()),
        timeout: Duration::from_millis(500),
        longest: 4096,
    };
    Ok(testing::client(server_with(&settings)?).await)
}

fn serde() -> Value {
    json!({ "name": "serde", "max_version": "1.0.0", "downloads": 7, "description": "Data" })
}

#[test]
fn what_clients_see_changes_only_on_purpose() -> Result<()> {
    let server = server_with(&Settings::default())?;
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_json_snapshot!("surface", testing::surface(server));
    });
    Ok(())
}

#[tokio::test]
async fn a_search_is_passed_on() -> Result<()> {
    let api = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/crates"))
        .and(query_param("q", "a & b"))
        .and(query_param("per_page", "3"))
        .and(header("authorization", "Bearer secret"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "crates": [serde()] })))
        .expect(1)
        .mount(&api)
        .await;
    let asked = json!({ "query": "a & b", "limit": 3 });
    let found: Vec<Value> = client(&api).await?.call_as("search", asked).await?;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["version"], "1.0.0");
    Ok(())
}

#[tokio::test]
async fn what_goes_wrong_is_told_to_the_model() -> Result<()> {
    let long = "x".repeat(5000);
    let answer = ResponseTemplate::new;
    for (response, told) in [
        (answer(404), "there is no such thing"),
        (answer(401), "refuses the credentials"),
        (
            answer(429).insert_header("retry-after", "7"),
            "try again in 7 s",
        ),
        (answer(503), "answers 503"),
        (
            answer(200).set_delay(Duration::from_secs(5)),
            "did not answer in time",
        ),
        (answer(200).set_body_string(long), "longer than 4096 bytes"),
        (
            answer(200).set_body_string("<html>"),
            "not what was expected",
        ),
    ] {
        let api = MockServer::start().await;
        Mock::given(path("/crates/serde"))
            .respond_with(response)
            .mount(&api)
            .await;
        let named = json!({ "name": "serde" });
        let result = client(&api).await?.call_as("describe", named).await;
        let result: std::result::Result<Value, Error> = result;
        match result {
            Err(Error::Tool { text, .. }) => assert!(text.contains(told), "{told}: {text}"),
            other => panic!("{told}: {other:?}"),
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_name_that_is_a_path_is_refused() -> Result<()> {
    let api = MockServer::start().await;
    let named = json!({ "name": "../users" });
    let result = client(&api).await?.call("describe", named).await?;
    assert_eq!(result.is_error, Some(true));
    let received = api.received_requests().await.unwrap_or_default();
    assert!(received.is_empty());
    Ok(())
}
