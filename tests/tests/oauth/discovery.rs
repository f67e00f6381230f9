//! Where the metadata is looked for, in which order, and what is refused of it.

use mcp_runtime::client::oauth::{Error, OAuth};
use serde_json::json;

use super::mock::Reply;
use super::world::{Plan, World, error_of};

const OAUTH_AS: &str = "/.well-known/oauth-authorization-server";

/// Logs in once and gives the world to look at.
async fn logged_in(plan: Plan) -> World {
    let world = World::new(plan).await;
    let client = world.client(OAuth::new().client_name("a test"));
    assert_eq!(client.post().await.unwrap(), 200);
    assert_eq!(client.post().await.unwrap(), 200);
    assert_eq!((world.asked().len(), world.tokens().len()), (1, 1));
    world
}

#[tokio::test]
async fn metadata_that_the_challenge_names_is_used_and_no_other() {
    let world = logged_in(Plan::default()).await;
    assert_eq!(world.server.paths()[..3], ["/mcp", "/.well-known/oauth-protected-resource/mcp", "/mcp"]);
    assert!(world.server.at("/.well-known/oauth-protected-resource").is_empty());
    assert_eq!(world.authority.paths(), [OAUTH_AS, "/register", "/authorize", "/token"]);
    let asked = &world.asked()[0];
    assert_eq!(asked["resource"], world.url());
    assert_eq!(asked["response_type"], "code");
    assert_eq!(asked["client_id"], "test-client-id");
    let tokens = world.authenticated();
    assert!(tokens.iter().all(|seen| seen.header("authorization").unwrap().starts_with("Bearer test-token")));
}

#[tokio::test]
async fn without_a_word_the_place_below_the_path_comes_first_and_openid_after_oauth() {
    let plan = Plan { told: false, issuer_at: "/.well-known/openid-configuration", ..Plan::default() };
    let world = logged_in(plan).await;
    assert_eq!(world.server.paths()[1], "/.well-known/oauth-protected-resource/mcp");
    assert_eq!(world.authority.paths()[..2], [OAUTH_AS, "/.well-known/openid-configuration"]);
}

#[tokio::test]
async fn metadata_at_the_root_and_an_issuer_with_a_path_are_found() {
    let plan = Plan {
        resource_at: Some("/.well-known/oauth-protected-resource"),
        told: false,
        // Without a slash at the end, and so it must be sent.
        resource: json!({ "resource": "MCP" }),
        tenant: "/tenant1",
        issuer_at: "/.well-known/oauth-authorization-server/tenant1",
        ..Plan::default()
    };
    let world = logged_in(plan).await;
    assert!(world.authority.at(OAUTH_AS).is_empty());
    assert_eq!(world.asked()[0]["resource"], world.server.origin);
    assert_eq!(world.tokens()[0]["resource"], world.server.origin);
}

#[tokio::test]
async fn the_appended_place_of_openid_comes_last() {
    let plan = Plan {
        resource_at: Some("/custom/metadata/location.json"),
        tenant: "/tenant1",
        issuer_at: "/tenant1/.well-known/openid-configuration",
        ..Plan::default()
    };
    let world = logged_in(plan).await;
    let expected = [
        "/.well-known/oauth-authorization-server/tenant1",
        "/.well-known/openid-configuration/tenant1",
        "/tenant1/.well-known/openid-configuration",
    ];
    assert_eq!(world.authority.paths()[..3], expected);
}

#[tokio::test]
async fn a_page_for_people_is_no_metadata() {
    let plan = Plan {
        told: false,
        resource_at: Some("/.well-known/oauth-protected-resource"),
        server: Box::new(|seen, _, _| {
            (seen.path == "/.well-known/oauth-protected-resource/mcp").then(|| Reply::json(200, &json!("<html>")))
        }),
        ..Plan::default()
    };
    logged_in(plan).await;
}

#[tokio::test]
async fn an_old_server_has_its_metadata_at_its_own_root() {
    // 2025-03-26: the server and the authorization server are one.
    let plan = Plan {
        resource_at: None,
        server: Box::new(|seen, here, there| {
            let metadata = json!({
                "issuer": here,
                "authorization_endpoint": format!("{there}/authorize"),
                "token_endpoint": format!("{there}/token"),
                "registration_endpoint": format!("{there}/register"),
            });
            (seen.path == OAUTH_AS).then(|| Reply::json(200, &metadata))
        }),
        redirect: "",
        ..Plan::default()
    };
    let world = logged_in(plan).await;
    let expected = [
        "/mcp",
        "/.well-known/oauth-protected-resource/mcp",
        "/.well-known/oauth-protected-resource",
        OAUTH_AS,
        "/mcp",
    ];
    assert_eq!(world.server.paths()[..5], expected);
}

#[tokio::test]
async fn an_old_server_without_metadata_has_its_endpoints_at_its_root() {
    let plan = Plan {
        resource_at: None,
        server: Box::new(|seen, _, there| match seen.path.as_str() {
            "/authorize" => {
                let query = &seen.query;
                Some(Reply::redirect(format!("{}?code=c&state={}", query["redirect_uri"], query["state"])))
            }
            "/register" => Some(Reply::json(201, &json!({ "client_id": "old" }))),
            "/token" => {
                assert_eq!(seen.form()["client_id"], "old");
                assert!(!there.is_empty());
                Some(Reply::json(200, &json!({ "access_token": "test-token-old", "token_type": "bearer" })))
            }
            _ => None,
        }),
        ..Plan::default()
    };
    let world = World::new(plan).await;
    assert_eq!(world.client(OAuth::new()).post().await.unwrap(), 200);
    let asked = ["/register", "/authorize", "/token"].map(|path| world.server.at(path).len());
    assert_eq!(asked, [1, 1, 1]);
    assert!(world.authority.log().is_empty());
}

#[tokio::test]
async fn metadata_for_another_resource_is_refused_before_anybody_is_asked() {
    let world =
        World::new(Plan { resource: json!({ "resource": "https://evil.example.com/mcp" }), ..Plan::default() }).await;
    let error = error_of(world.client(OAuth::new()).post().await);
    assert!(matches!(&error, Error::Resource { found, .. } if found == "https://evil.example.com/mcp"), "{error}");
    assert_eq!(world.server.at("/.well-known/oauth-protected-resource/mcp").len(), 1);
    assert!(world.authority.log().is_empty());
}

#[tokio::test]
async fn metadata_of_another_issuer_is_not_used() {
    let issuer = json!({
        "issuer": "https://attacker.example.com",
        "authorization_endpoint": "AS/mismatched-as/authorize",
        "token_endpoint": "AS/mismatched-as/token",
        "registration_endpoint": "AS/mismatched-as/register",
    });
    let world = World::new(Plan { issuer, ..Plan::default() }).await;
    let error = error_of(world.client(OAuth::new()).post().await);
    assert!(
        matches!(&error, Error::Issuer { found: Some(found), .. } if found == "https://attacker.example.com"),
        "{error}"
    );
    assert_eq!(world.authority.paths(), [OAUTH_AS]);
}

#[tokio::test]
async fn an_issuer_with_one_more_slash_is_another_one() {
    let world = World::new(Plan { issuer: json!({ "issuer": "AS/" }), ..Plan::default() }).await;
    let error = error_of(world.client(OAuth::new()).post().await);
    assert!(matches!(error, Error::Issuer { .. }), "{error}");
}

#[tokio::test]
async fn an_authorization_server_without_pkce_is_not_used() {
    for methods in [json!(null), json!(["plain"]), json!([])] {
        let issuer = json!({ "code_challenge_methods_supported": methods });
        let world = World::new(Plan { issuer, ..Plan::default() }).await;
        let error = error_of(world.client(OAuth::new()).post().await);
        assert!(error.to_string().contains("PKCE"), "{error}");
        assert!(world.asked().is_empty() && world.tokens().is_empty());
    }
}

#[tokio::test]
async fn metadata_that_names_nobody_is_refused() {
    let world = World::new(Plan { resource: json!({ "authorization_servers": [] }), ..Plan::default() }).await;
    let error = error_of(world.client(OAuth::new()).post().await);
    assert!(error.to_string().contains("no authorization server"), "{error}");
}

#[tokio::test]
async fn a_server_that_moves_to_another_authorization_server_is_followed_without_the_old_credentials() {
    let second = World::new(Plan {
        registration: json!({ "client_id": "second-client" }),
        token: json!({ "access_token": "test-token-of-two" }),
        ..Plan::default()
    })
    .await;
    let other = second.authority.origin.clone();
    let world = World::new(Plan {
        server: Box::new(move |seen, here, there| {
            let token = seen.header("authorization").unwrap_or_default();
            match seen.path.as_str() {
                "/mcp" if seen.body == "moved" && !token.ends_with("-of-two") => {
                    let place = format!("{here}/.well-known/oauth-protected-resource/mcp?moved");
                    Some(Reply::status(401).with("www-authenticate", format!("Bearer resource_metadata=\"{place}\"")))
                }
                "/.well-known/oauth-protected-resource/mcp" => {
                    let issuer = if seen.query.contains_key("moved") { &other } else { there };
                    let resource = format!("{here}/mcp");
                    Some(Reply::json(200, &json!({ "resource": resource, "authorization_servers": [issuer] })))
                }
                _ => None,
            }
        }),
        token: json!({ "refresh_token": "of-one" }),
        ..Plan::default()
    })
    .await;
    let client = world.client(OAuth::new());
    assert_eq!(client.post().await.unwrap(), 200);
    assert_eq!(client.post_with("moved").await.unwrap(), 200);
    let shown = second.authority.log();
    assert!(second.authority.at("/register").len() == 1, "it registers anew");
    assert_eq!(second.asked()[0]["client_id"], "second-client");
    for seen in shown {
        let text = format!("{seen:?}");
        assert!(
            !text.contains("test-client-id") && !text.contains("test-client-secret") && !text.contains("of-one"),
            "{text}"
        );
    }
}
