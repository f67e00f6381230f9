//! Clients without a user to ask: services, workloads, and users whom an identity provider vouches for.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use mcp_runtime::client::oauth::{Error, IdentityProvider, OAuth, Secret, SigningKey};
use serde_json::{Value, json};

use super::mock::{Bound, Reply};
use super::world::{Plan, SHORT, World, error_of, until_due};

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// A new key in PEM, and what checks its signatures.
fn key() -> (String, DecodingKey) {
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref()).unwrap();
    let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
    let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
    let body = STANDARD.encode(document.as_ref());
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
    (pem, DecodingKey::from_ec_components(&x, &y).unwrap())
}

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

fn nobody_was_asked(world: &World) {
    assert_eq!(world.browser.visits(), 0);
    assert!(world.asked().is_empty() && world.authority.at("/register").is_empty());
}

#[tokio::test]
async fn a_service_with_a_secret_gets_a_token_and_the_next_one_by_itself() {
    let plan = Plan {
        issuer: json!({ "token_endpoint_auth_methods_supported": ["client_secret_basic"] }),
        token: json!({ "expires_in": SHORT }),
        challenge: "scope=\"a\"",
        ..Plan::default()
    };
    let world = World::new(plan).await;
    let client = world.client(OAuth::client_credentials("conformance-test-client", "conformance-test-secret"));
    assert_eq!(client.post().await.unwrap(), 200);
    until_due().await;
    assert_eq!(client.post().await.unwrap(), 200);
    for seen in world.authority.at("/token") {
        assert_eq!(seen.header("authorization").unwrap(), basic("conformance-test-client", "conformance-test-secret"));
        let form = seen.form();
        assert_eq!((form["grant_type"].as_str(), form["scope"].as_str()), ("client_credentials", "a"));
        assert_eq!(form["resource"], world.url());
    }
    assert_eq!(world.tokens().len(), 2);
    nobody_was_asked(&world);
}

#[tokio::test]
async fn a_service_with_a_key_signs_for_its_authorization_server() {
    let plan =
        Plan { issuer: json!({ "token_endpoint_auth_methods_supported": ["private_key_jwt"] }), ..Plan::default() };
    let world = World::new(plan).await;
    let (pem, public) = key();
    let key = SigningKey::from_pem("ES256", &pem).unwrap().key_id("one");
    assert!(!format!("{key:?}").contains(&pem[30..60]));
    let client = world.client(OAuth::client_credentials_jwt("conformance-test-client", key));
    assert_eq!(client.post().await.unwrap(), 200);
    let form = &world.tokens()[0];
    assert_eq!(form["grant_type"], "client_credentials");
    assert_eq!(form["client_assertion_type"], "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_audience(&[&world.authority.origin]);
    let decoded = decode::<Value>(&form["client_assertion"], &public, &validation).unwrap();
    assert_eq!(decoded.header.kid.as_deref(), Some("one"));
    let claims = decoded.claims;
    assert_eq!(
        (claims["iss"].as_str(), claims["sub"].as_str()),
        (Some("conformance-test-client"), claims["iss"].as_str())
    );
    let lifetime = claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap();
    assert!(lifetime <= 300 && !claims["jti"].as_str().unwrap().is_empty());
    nobody_was_asked(&world);
}

#[tokio::test]
async fn a_workload_presents_its_assertion_as_it_is() {
    let world = World::new(Plan::default()).await;
    let client = world.client(OAuth::workload_identity(|| async { Ok(Secret::from("a.b.c")) }));
    assert_eq!(client.post().await.unwrap(), 200);
    let seen = &world.authority.at("/token")[0];
    let form = seen.form();
    assert_eq!((form["grant_type"].as_str(), form["assertion"].as_str()), (JWT_BEARER, "a.b.c"));
    assert!(seen.header("authorization").is_none() && !form.contains_key("client_id"));
    nobody_was_asked(&world);
}

#[tokio::test]
async fn a_workload_that_is_refused_does_not_try_again_or_otherwise() {
    let plan = Plan {
        authority: Box::new(|seen, _, _| {
            let refusal = json!({ "error": "invalid_grant", "error_description": "hunter2 is for somebody else" });
            (seen.path == "/token").then(|| Reply::json(400, &refusal))
        }),
        ..Plan::default()
    };
    let world = World::new(plan).await;
    let client = world.client(OAuth::workload_identity(Secret::from("hunter2")));
    for _ in 0..3 {
        let error = error_of(client.post().await);
        assert!(matches!(&error, Error::Refused { code, .. } if code == "invalid_grant"), "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
    assert_eq!(world.tokens().len(), 1);
    nobody_was_asked(&world);
}

#[tokio::test]
async fn an_assertion_that_cannot_be_had_is_the_error() {
    let world = World::new(Plan::default()).await;
    let oauth = OAuth::workload_identity(|| async { Err(Error::assertion("no token is mounted here")) });
    let error = error_of(world.client(oauth).post().await);
    assert_eq!(error.to_string(), "no token is mounted here");
}

#[tokio::test]
async fn an_identity_provider_vouches_for_a_user() {
    let plan = Plan { issuer: json!({ "token_endpoint_auth_methods_supported": null }), ..Plan::default() };
    let world = World::new(plan).await;
    let bound = Bound::new().await;
    let provider = bound.serve(|_| {
        let answer = json!({
            "access_token": "the-id-jag",
            "issued_token_type": "urn:ietf:params:oauth:token-type:id-jag",
            "token_type": "N_A",
        });
        Reply::json(200, &answer)
    });
    let endpoint = format!("{}/token", provider.origin);
    let identity = IdentityProvider::new(endpoint, "idp-client", Secret::from("the-id-token"));
    assert!(!format!("{identity:?}").contains("the-id-token"));
    let client = world.client(OAuth::enterprise_managed(identity, "my-app", "my-secret"));
    assert_eq!(client.post().await.unwrap(), 200);

    let form = provider.at("/token")[0].form();
    assert_eq!(form["grant_type"], "urn:ietf:params:oauth:grant-type:token-exchange");
    assert_eq!(form["requested_token_type"], "urn:ietf:params:oauth:token-type:id-jag");
    assert_eq!(form["subject_token"], "the-id-token");
    assert_eq!(form["subject_token_type"], "urn:ietf:params:oauth:token-type:id_token");
    assert_eq!(form["audience"], world.authority.origin);
    assert_eq!(form["resource"], world.url());
    assert_eq!(form["client_id"], "idp-client");

    let seen = &world.authority.at("/token")[0];
    assert_eq!(seen.header("authorization").unwrap(), basic("my-app", "my-secret"));
    assert_eq!((seen.form()["grant_type"].as_str(), seen.form()["assertion"].as_str()), (JWT_BEARER, "the-id-jag"));
    nobody_was_asked(&world);
}

#[tokio::test]
async fn what_is_no_grant_of_the_identity_provider_is_not_passed_on() {
    let world = World::new(Plan::default()).await;
    let bound = Bound::new().await;
    let provider = bound.serve(|_| Reply::json(200, &json!({ "access_token": "something", "token_type": "Bearer" })));
    let identity = IdentityProvider::new(format!("{}/token", provider.origin), "idp-client", Secret::from("t"));
    let error = error_of(world.client(OAuth::enterprise_managed(identity, "my-app", "my-secret")).post().await);
    assert!(error.to_string().contains("id-jag"), "{error}");
    assert!(world.tokens().is_empty());
}

#[tokio::test]
async fn what_proves_the_client_is_not_part_of_an_error() {
    let plan = Plan {
        issuer: json!({ "token_endpoint_auth_methods_supported": ["private_key_jwt"] }),
        authority: Box::new(|seen, _, _| {
            let assertion = seen.form().remove("client_assertion")?;
            let refusal = json!({ "error": "invalid_client", "error_description": format!("you are not {assertion}") });
            Some(Reply::json(401, &refusal))
        }),
        ..Plan::default()
    };
    let world = World::new(plan).await;
    let key = SigningKey::from_pem("ES256", &key().0).unwrap();
    let error = error_of(world.client(OAuth::client_credentials_jwt("id", key)).post().await);
    let assertion = &world.tokens()[0]["client_assertion"];
    assert!(error.to_string().contains("you are not …"), "{error}");
    assert!(!format!("{error:?}").contains(&assertion[..20]), "{error:?}");
}
