//! As whom an authorization server knows the client: by what was agreed before, by a document on the web, or by dynamic
//! registration (2026-07-28, "Client Registration"). Floor 6.

use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use oauth2::url::Url;
use serde::{Deserialize, Serialize};

use super::address::is_loopback;
use super::error::Error;
use super::fetch::Fetch;
use super::issuer::Issuer;
use super::key::now;
use super::secret::Secret;
use super::settings::{Grant, Identity, Settings};
use super::store::Registration;
use super::token::{LONGEST, Proof};

#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the names are those of RFC 7591")]
struct Application<'a> {
    client_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_uri: Option<&'a str>,
    redirect_uris: [&'a str; 1],
    grant_types: Vec<&'static str>,
    response_types: [&'static str; 1],
    token_endpoint_auth_method: &'static str,
    application_type: &'static str,
}

#[derive(Deserialize)]
struct Registered {
    client_id: String,
    client_secret: Option<Secret>,
    token_endpoint_auth_method: Option<String>,
    #[serde(default)]
    client_secret_expires_at: u64,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
    error_description: Option<String>,
}

/// Finds out as whom to come. `known` is how the client came before, to the same authorization server.
pub(super) async fn register(
    fetch: &Fetch,
    settings: &Settings,
    issuer: &Issuer,
    redirect_uri: Option<&str>,
    known: Option<Registration>,
) -> Result<Registration, Error> {
    if let Some(own) = own(settings, issuer) {
        return Ok(own);
    }
    if let (Some(url), true) = (&settings.metadata_url, issuer.client_id_metadata_document_supported) {
        return Ok(fixed(url, Proof::None));
    }
    let Some(redirect_uri) = redirect_uri else {
        return Err(Error::unsupported(&issuer.name, "nobody can register there without a redirect URI"));
    };
    if let Some(known) = known.filter(|known| known.is_good_for(redirect_uri)) {
        return Ok(known);
    }
    let Some(endpoint) = &issuer.registration_endpoint else {
        let way = "strangers cannot register there: register the client by hand, and use `OAuth::pre_registered`";
        return Err(Error::unsupported(&issuer.name, way));
    };
    dynamic(fetch, settings, issuer, endpoint, redirect_uri).await
}

/// What was agreed before.
fn own(settings: &Settings, issuer: &Issuer) -> Option<Registration> {
    match &settings.identity {
        Identity::Found => None,
        Identity::Public(id) => Some(fixed(id, Proof::None)),
        Identity::Secret(id, secret) => Some(fixed(id, with_secret(secret, issuer))),
        Identity::Key(id, key) => Some(fixed(id, Proof::Key(key.clone()))),
        Identity::Presented => Some(fixed("", Proof::Nothing)),
    }
}

fn fixed(id: &str, proof: Proof) -> Registration {
    Registration { client_id: id.to_owned(), proof, redirect_uri: None, expires_at: None }
}

/// How a secret is shown: in the header, unless the server wants it in the form alone.
fn with_secret(secret: &Secret, issuer: &Issuer) -> Proof {
    if !issuer.takes("client_secret_basic") && issuer.takes("client_secret_post") {
        Proof::Post(secret.clone())
    } else {
        Proof::Basic(secret.clone())
    }
}

/// RFC 7591.
async fn dynamic(
    fetch: &Fetch,
    settings: &Settings,
    issuer: &Issuer,
    endpoint: &str,
    redirect_uri: &str,
) -> Result<Registration, Error> {
    let mut grant_types =
        vec![if matches!(settings.grant, Grant::Code) { "authorization_code" } else { "client_credentials" }];
    if issuer.knows_grant("refresh_token") {
        grant_types.push("refresh_token");
    }
    let method = ["none", "client_secret_basic", "client_secret_post"].into_iter().find(|method| issuer.takes(method));
    let application = Application {
        client_name: &settings.name,
        client_uri: settings.site.as_deref(),
        redirect_uris: [redirect_uri],
        grant_types,
        response_types: ["code"],
        token_endpoint_auth_method: method.unwrap_or("none"),
        application_type: application_type(redirect_uri),
    };
    let body =
        serde_json::to_string(&application).map_err(|_| Error::metadata(endpoint, "nothing can be sent there"))?;
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let answer = fetch.send(Method::POST, endpoint, headers, Some(body)).await?;
    if let Ok(refusal) = answer.json::<Refusal>(endpoint) {
        return Err(Error::Refused {
            request: "the registration of the client",
            by: issuer.name.clone(),
            code: refusal.error,
            description: refusal.error_description,
        });
    }
    if !answer.status.is_success() {
        return Err(Error::fetch(endpoint, format!("it answers {}", answer.status)));
    }
    let registered: Registered = answer.json(endpoint)?;
    let secret = registered.client_secret.as_ref().map_or(0, |secret| secret.reveal().len());
    if registered.client_id.len().max(secret) > LONGEST {
        return Err(Error::metadata(endpoint, format!("its client id or secret is longer than {LONGEST} bytes")));
    }
    let expires_at = (registered.client_secret_expires_at > 0).then_some(registered.client_secret_expires_at);
    Ok(Registration {
        proof: agreed(issuer, registered.token_endpoint_auth_method.as_deref(), registered.client_secret)?,
        client_id: registered.client_id,
        redirect_uri: Some(redirect_uri.to_owned()),
        expires_at,
    })
}

/// How the client proves itself: as the registration says, else as the metadata says.
fn agreed(issuer: &Issuer, method: Option<&str>, secret: Option<Secret>) -> Result<Proof, Error> {
    match (method, secret) {
        (Some("none"), _) | (None, None) => Ok(Proof::None),
        (Some("client_secret_basic"), Some(secret)) => Ok(Proof::Basic(secret)),
        (Some("client_secret_post"), Some(secret)) => Ok(Proof::Post(secret)),
        (None, Some(secret)) => {
            let takes_secrets = issuer.takes("client_secret_basic") || issuer.takes("client_secret_post");
            Ok(if takes_secrets { with_secret(&secret, issuer) } else { Proof::None })
        }
        (Some(other), _) => {
            let other = crate::error::quoted(other);
            Err(Error::unsupported(&issuer.name, format!("it registers the client with {other}, which it cannot do")))
        }
    }
}

/// What kind of application a redirect URI belongs to (2026-07-28, "Application Type and Redirect URI Constraints").
fn application_type(redirect_uri: &str) -> &'static str {
    match Url::parse(redirect_uri) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && !is_loopback(&url) => "web",
        _ => "native",
    }
}

impl Registration {
    fn is_good_for(&self, redirect_uri: &str) -> bool {
        let is_over = self.expires_at.is_some_and(|end| end <= now());
        !is_over && self.redirect_uri.as_deref() == Some(redirect_uri)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_application_is_native_unless_it_is_on_the_web() {
        for (redirect_uri, expected) in [
            ("http://127.0.0.1:1234/callback", "native"),
            ("http://localhost/callback", "native"),
            ("com.example.app:/callback", "native"),
            ("https://app.example.com/callback", "web"),
        ] {
            assert_eq!(application_type(redirect_uri), expected, "{redirect_uri}");
        }
    }
}
