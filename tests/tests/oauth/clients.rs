//! As whom the client comes, and how it proves that at the token endpoint.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mcp_runtime::client::oauth::{Error, OAuth};
use serde_json::{Value, json};

use super::mock::Reply;
use super::world::{Plan, REDIRECT, World, error_of};

const DOCUMENT: &str = "https://conformance-test.local/client-metadata.json";

async fn logged_in(plan: Plan, oauth: OAuth) -> World {
    let world = World::new(plan).await;
    assert_eq!(world.client(oauth).post().await.unwrap(), 200);
    world
}

fn methods(methods: &Value) -> Plan {
    let method = methods[0].clone();
    Plan {
        issuer: json!({ "token_endpoint_auth_methods_supported": methods }),
        registration: json!({ "token_endpoint_auth_method": method }),
        ..Plan::default()
    }
}

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

#[tokio::test]
async fn a_document_on_the_web_is_the_client_id_where_that_is_taken() {
    let plan = Plan { issuer: json!({ "client_id_metadata_document_supported": true }), ..Plan::default() };
    let world = logged_in(plan, OAuth::new().client_metadata_url(DOCUMENT)).await;
    assert_eq!(world.asked()[0]["client_id"], DOCUMENT);
    assert_eq!(world.tokens()[0]["client_id"], DOCUMENT);
    assert!(world.authority.at("/register").is_empty());
}

#[tokio::test]
async fn where_documents_are_not_taken_the_client_registers() {
    let world = logged_in(Plan::default(), OAuth::new().client_name("my app").client_metadata_url(DOCUMENT)).await;
    let registered = world.authority.at("/register")[0].json();
    assert_eq!(
        registered,
        json!({
            "client_name": "my app",
            "redirect_uris": [REDIRECT],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
            "application_type": "native",
        })
    );
    assert_eq!(world.asked()[0]["client_id"], "test-client-id");
}

#[tokio::test]
async fn a_secret_goes_where_the_authorization_server_wants_it() {
    let world = logged_in(methods(&json!(["client_secret_basic"])), OAuth::new()).await;
    let seen = &world.authority.at("/token")[0];
    assert_eq!(seen.header("authorization").unwrap(), basic("test-client-id", "test-client-secret"));
    assert!(!seen.body.contains("client_secret"));

    let world = logged_in(methods(&json!(["client_secret_post"])), OAuth::new()).await;
    let seen = &world.authority.at("/token")[0];
    assert_eq!(seen.header("authorization"), None);
    assert_eq!(seen.form()["client_secret"], "test-client-secret");
    assert_eq!(seen.form()["client_id"], "test-client-id");

    let world = logged_in(methods(&json!(["none"])), OAuth::new()).await;
    let seen = &world.authority.at("/token")[0];
    assert_eq!(seen.header("authorization"), None);
    assert!(!seen.body.contains("client_secret") && seen.form()["client_id"] == "test-client-id");
}

#[tokio::test]
async fn a_registration_that_does_not_say_how_follows_the_metadata() {
    for (methods, expected) in [
        (json!(["client_secret_basic", "client_secret_post"]), Some(basic("test-client-id", "test-client-secret"))),
        (json!(null), Some(basic("test-client-id", "test-client-secret"))),
        (json!(["client_secret_post"]), None),
        (json!(["none"]), None),
    ] {
        let issuer = json!({ "token_endpoint_auth_methods_supported": methods });
        let world = logged_in(Plan { issuer, ..Plan::default() }, OAuth::new()).await;
        let seen = &world.authority.at("/token")[0];
        assert_eq!(seen.header("authorization"), expected.as_deref(), "{methods}");
        assert_eq!(seen.body.contains("client_secret=test-client-secret"), methods == json!(["client_secret_post"]));
    }
}

#[tokio::test]
async fn a_client_that_was_registered_by_hand_does_not_register() {
    let plan = || Plan {
        issuer: json!({ "registration_endpoint": null, "token_endpoint_auth_methods_supported": ["client_secret_basic"] }),
        ..Plan::default()
    };
    let oauth = OAuth::pre_registered("pre-registered-client", "pre-registered-secret");
    let world = logged_in(plan(), oauth).await;
    let seen = &world.authority.at("/token")[0];
    assert_eq!(seen.header("authorization").unwrap(), basic("pre-registered-client", "pre-registered-secret"));
    assert_eq!(world.asked()[0]["client_id"], "pre-registered-client");

    let world = logged_in(plan(), OAuth::public_client("public")).await;
    assert_eq!(world.tokens()[0]["client_id"], "public");
    assert_eq!(world.authority.at("/token")[0].header("authorization"), None);
}

#[tokio::test]
async fn ids_and_secrets_are_form_encoded_in_the_header() {
    let plan = Plan { issuer: json!({ "token_endpoint_auth_methods_supported": null }), ..Plan::default() };
    let world = logged_in(plan, OAuth::pre_registered("my app:1", "p&ss/wörd")).await;
    let seen = &world.authority.at("/token")[0];
    assert_eq!(seen.header("authorization").unwrap(), basic("my+app%3A1", "p%26ss%2Fw%C3%B6rd"));
}

#[tokio::test]
async fn credentials_of_one_issuer_are_not_shown_to_another() {
    let world = World::new(Plan::default()).await;
    let oauth = OAuth::pre_registered("id", "hunter2").issuer("https://honest.example.com");
    let error = error_of(world.client(oauth).post().await);
    assert!(matches!(&error, Error::Bound { issuer, .. } if issuer == "https://honest.example.com"), "{error}");
    assert!(world.authority.log().is_empty(), "it is not even asked for its metadata");
    // The same where the server names its authorization server.
    let oauth = OAuth::pre_registered("id", "hunter2").issuer(world.authority.origin.clone());
    assert_eq!(world.client(oauth).post().await.unwrap(), 200);
}

#[tokio::test]
async fn the_first_issuer_that_saw_the_credentials_is_the_only_one() {
    let second = World::new(Plan::default()).await;
    let other = second.authority.origin.clone();
    let world = World::new(Plan {
        server: Box::new(move |seen, here, there| match seen.path.as_str() {
            "/mcp" if seen.body == "moved" => {
                let place = format!("{here}/moved");
                Some(Reply::status(401).with("www-authenticate", format!("Bearer resource_metadata=\"{place}\"")))
            }
            "/moved" => {
                let resource = format!("{here}/mcp");
                assert_ne!(there, other);
                Some(Reply::json(200, &json!({ "resource": resource, "authorization_servers": [other] })))
            }
            _ => None,
        }),
        ..Plan::default()
    })
    .await;
    let client = world.client(OAuth::pre_registered("id", "hunter2"));
    assert_eq!(client.post().await.unwrap(), 200);
    let error = error_of(client.post_with("moved").await);
    assert!(matches!(error, Error::Bound { .. }), "{error}");
    assert!(second.authority.log().is_empty());
}

#[tokio::test]
async fn a_registration_that_is_refused_says_why() {
    let plan = Plan {
        authority: Box::new(|seen, _, _| {
            let refusal = json!({ "error": "invalid_redirect_uri", "error_description": "no loopback \u{1b}[31mhere" });
            (seen.path == "/register").then(|| Reply::json(400, &refusal))
        }),
        ..Plan::default()
    };
    let world = World::new(plan).await;
    let error = error_of(world.client(OAuth::new()).post().await);
    let text = error.to_string();
    assert!(text.contains("`invalid_redirect_uri`") && text.contains("no loopback"), "{text}");
    assert!(!text.contains('\u{1b}'), "{text:?}");
}

#[tokio::test]
async fn where_strangers_cannot_register_the_error_says_what_to_do() {
    let world = World::new(Plan { issuer: json!({ "registration_endpoint": null }), ..Plan::default() }).await;
    let error = error_of(world.client(OAuth::new()).post().await);
    assert!(error.to_string().contains("OAuth::pre_registered"), "{error}");
}
