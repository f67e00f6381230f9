//! Tokens that are bound to a key (`DPoP`, RFC 9449).

use std::collections::BTreeSet;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::ThumbprintHash;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use mcp_runtime::client::oauth::{Error, OAuth};
use serde_json::{Value, json};

use super::mock::{Reply, Seen};
use super::world::{Plan, World, error_of};

/// What a proof says, and the thumbprint of its key, once its signature is checked.
fn proof(seen: &Seen) -> (Value, String) {
    let proof = seen.header("dpop").unwrap_or_else(|| panic!("no proof: {seen:?}"));
    let header = decode_header(proof).unwrap();
    assert_eq!((header.typ.as_deref(), header.alg), (Some("dpop+jwt"), Algorithm::ES256));
    let jwk = header.jwk.unwrap();
    assert!(serde_json::to_value(&jwk).unwrap().get("d").is_none());
    let mut validation = Validation::new(Algorithm::ES256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    let claims = decode::<Value>(proof, &DecodingKey::from_jwk(&jwk).unwrap(), &validation).unwrap().claims;
    let age = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs().abs_diff(claims["iat"].as_u64().unwrap());
    assert!(age < 60);
    (claims, jwk.thumbprint(ThumbprintHash::SHA256).unwrap())
}

/// A server that takes bound tokens alone.
fn plan() -> Plan {
    Plan {
        issuer: json!({ "dpop_signing_alg_values_supported": ["ES256"] }),
        server: Box::new(|seen, here, _| {
            let is_bound = seen.header("authorization").is_some_and(|token| token.starts_with("DPoP "));
            let place =
                format!("DPoP resource_metadata=\"{here}/.well-known/oauth-protected-resource/mcp\", algs=\"ES256\"");
            (seen.path == "/mcp" && !is_bound).then(|| Reply::status(401).with("www-authenticate", place))
        }),
        ..Plan::default()
    }
}

#[tokio::test]
async fn every_request_proves_that_it_has_the_key() {
    for oauth in [OAuth::new(), OAuth::new().dpop()] {
        let world = World::new(plan()).await;
        let client = world.client(oauth);
        for _ in 0..3 {
            assert_eq!(client.post().await.unwrap(), 200);
        }
        let (claims, key) = proof(&world.authority.at("/token")[0]);
        assert_eq!(claims["htm"], "POST");
        assert_eq!(claims["htu"], format!("{}/token", world.authority.origin));
        assert!(claims.get("ath").is_none() && claims.get("nonce").is_none());
        assert_eq!(world.asked()[0]["dpop_jkt"], key);
        let mut seen_before = BTreeSet::from([claims["jti"].to_string()]);
        let requests = world.authenticated();
        assert_eq!(requests.len(), 3);
        for seen in requests {
            let (claims, same) = proof(&seen);
            assert_eq!(same, key);
            assert_eq!((claims["htm"].as_str(), claims["htu"].as_str()), (Some("POST"), Some(world.url().as_str())));
            let token = seen.header("authorization").unwrap().strip_prefix("DPoP ").unwrap();
            assert_eq!(claims["ath"], URL_SAFE_NO_PAD.encode(digest(&SHA256, token.as_bytes())));
            assert!(seen_before.insert(claims["jti"].to_string()), "a proof is used once");
        }
    }
}

#[tokio::test]
async fn a_server_that_does_not_ask_for_proofs_gets_none() {
    let world = World::new(Plan::default()).await;
    assert_eq!(world.client(OAuth::new()).post().await.unwrap(), 200);
    assert!(world.authority.at("/token")[0].header("dpop").is_none());
    assert!(world.authenticated()[0].header("dpop").is_none());
}

#[tokio::test]
async fn nonces_are_put_into_new_proofs() {
    let nonce = |seen: &Seen| seen.header("dpop").map(|_| proof(seen).0["nonce"].clone());
    let first = plan();
    let first = first.server;
    let plan = Plan {
        server: Box::new(move |seen, here, there| {
            if let Some(reply) = first(seen, here, there) {
                return Some(reply);
            }
            let is_missing = seen.path == "/mcp" && nonce(seen) != Some(json!("of-the-server"));
            is_missing.then(|| {
                let refusal = Reply::status(401).with("www-authenticate", "DPoP error=\"use_dpop_nonce\"");
                refusal.with("DPoP-Nonce", "of-the-server")
            })
        }),
        authority: Box::new(move |seen, _, _| {
            let is_missing = seen.path == "/token" && nonce(seen) != Some(json!("of-the-authority"));
            is_missing
                .then(|| Reply::json(400, &json!({ "error": "use_dpop_nonce" })).with("DPoP-Nonce", "of-the-authority"))
        }),
        ..plan()
    };
    let world = World::new(plan).await;
    let client = world.client(OAuth::new());
    assert_eq!(client.post().await.unwrap(), 200);
    assert_eq!(client.post().await.unwrap(), 200);
    let proofs: Vec<_> = world.authority.at("/token").iter().map(|seen| proof(seen).0).collect();
    assert_eq!(proofs.len(), 2);
    assert!(proofs[0].get("nonce").is_none() && proofs[0]["jti"] != proofs[1]["jti"]);
    let nonces: Vec<_> = world.authenticated().iter().map(|seen| proof(seen).0["nonce"].clone()).collect();
    assert_eq!(nonces, [json!(null), json!("of-the-server"), json!("of-the-server")]);
    assert_eq!(world.asked().len(), 1);
}

#[tokio::test]
async fn a_server_that_always_wants_another_nonce_is_given_up() {
    let first = plan().server;
    let world = World::new(Plan {
        server: Box::new(move |seen, here, there| {
            first(seen, here, there).or_else(|| {
                let nonce = format!("n{}", seen.header("dpop")?.len() + std::process::id() as usize);
                let refusal = Reply::status(401).with("www-authenticate", "DPoP error=\"use_dpop_nonce\"");
                Some(refusal.with("DPoP-Nonce", nonce))
            })
        }),
        ..plan()
    })
    .await;
    assert_eq!(world.client(OAuth::new()).post().await.unwrap(), 401);
    assert!(world.authenticated().len() <= 5);
    assert_eq!(world.asked().len(), 1);
}

#[tokio::test]
async fn a_token_that_is_not_bound_is_refused_where_it_should_be() {
    let world = World::new(Plan { token: json!({ "token_type": "Bearer" }), ..plan() }).await;
    let error = error_of(world.client(OAuth::new().dpop()).post().await);
    assert!(matches!(&error, Error::Metadata { reason, .. } if reason.contains("DPoP")), "{error}");
    assert!(world.authenticated().is_empty());

    let world = World::new(Plan { token: json!({ "token_type": "mac" }), ..Plan::default() }).await;
    let error = error_of(world.client(OAuth::new()).post().await);
    assert!(error.to_string().contains("`mac`"), "{error}");
}

#[tokio::test]
async fn an_authorization_server_that_cannot_bind_is_not_asked() {
    let issuer = json!({ "dpop_signing_alg_values_supported": ["RS256"] });
    let world = World::new(Plan { issuer, ..plan() }).await;
    let error = error_of(world.client(OAuth::new()).post().await);
    assert!(error.to_string().contains("ES256"), "{error}");
    assert!(world.asked().is_empty());
}
