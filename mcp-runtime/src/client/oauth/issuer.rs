//! What an authorization server says of itself: its metadata by RFC 8414 or `OpenID` Connect Discovery 1.0, in the order of
//! the specification, 2026-07-28, "Authorization Server Metadata Discovery"; and what is assumed of one that says nothing,
//! as in 2025-03-26. Floor 6.

use oauth2::url::Url;
use serde::Deserialize;

use super::error::Error;
use super::fetch::Fetch;

const OAUTH: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";

/// The metadata of an authorization server, as far as a client needs it. Its issuer is the one that was asked for.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Issuer {
    #[serde(rename = "issuer")]
    pub(super) name: String,
    pub(super) authorization_endpoint: Option<String>,
    pub(super) token_endpoint: Option<String>,
    pub(super) registration_endpoint: Option<String>,
    pub(super) scopes_supported: Option<Vec<String>>,
    pub(super) grant_types_supported: Option<Vec<String>>,
    pub(super) token_endpoint_auth_methods_supported: Option<Vec<String>>,
    code_challenge_methods_supported: Option<Vec<String>>,
    dpop_signing_alg_values_supported: Option<Vec<String>>,
    #[serde(default)]
    pub(super) authorization_response_iss_parameter_supported: bool,
    #[serde(default)]
    pub(super) client_id_metadata_document_supported: bool,
    /// Whether the server is older than the rule that PKCE has to be announced.
    #[serde(skip)]
    is_old: bool,
}

/// Reads the metadata of an issuer.
pub(super) async fn discover(fetch: &Fetch, issuer: &str) -> Result<Issuer, Error> {
    let url = fetch.allowed(issuer)?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(Error::address(issuer, "an issuer has neither query nor fragment"));
    }
    first(fetch, &places(&url), issuer).await?
}

/// Reads the metadata at the root of a server without protected resource metadata, or assumes the endpoints that such a
/// server has (2025-03-26, "Server Metadata Discovery").
pub(super) async fn discover_old(fetch: &Fetch, server: &Url) -> Result<Issuer, Error> {
    let origin = server.origin().ascii_serialization();
    let found = first(fetch, &[format!("{origin}{OAUTH}")], &origin).await?;
    Ok(Issuer { is_old: true, ..found.unwrap_or_else(|_| assumed(&origin)) })
}

/// The first of these places that has metadata. The inner error says why the last one has none.
async fn first(fetch: &Fetch, places: &[String], issuer: &str) -> Result<Result<Issuer, Error>, Error> {
    let mut last = Error::metadata(issuer, "there is no metadata");
    for place in places {
        let answer = fetch.get(place).await?;
        if !answer.status.is_success() {
            last = Error::fetch(place, format!("it answers {}", answer.status));
            continue;
        }
        match answer.json::<Issuer>(place) {
            Ok(found) if found.name == issuer => return Ok(Ok(found)),
            Ok(found) => return Err(Error::Issuer { expected: issuer.to_owned(), found: Some(found.name) }),
            Err(error) => last = error,
        }
    }
    Ok(Err(last))
}

/// The places of an issuer's metadata: the path is inserted, and appended last.
fn places(issuer: &Url) -> Vec<String> {
    let origin = issuer.origin().ascii_serialization();
    match issuer.path().trim_end_matches('/') {
        "" => vec![format!("{origin}{OAUTH}"), format!("{origin}{OPENID}")],
        path => {
            vec![format!("{origin}{OAUTH}{path}"), format!("{origin}{OPENID}{path}"), format!("{origin}{path}{OPENID}")]
        }
    }
}

fn assumed(origin: &str) -> Issuer {
    Issuer {
        name: origin.to_owned(),
        authorization_endpoint: Some(format!("{origin}/authorize")),
        token_endpoint: Some(format!("{origin}/token")),
        registration_endpoint: Some(format!("{origin}/register")),
        scopes_supported: None,
        grant_types_supported: None,
        token_endpoint_auth_methods_supported: None,
        code_challenge_methods_supported: None,
        dpop_signing_alg_values_supported: None,
        authorization_response_iss_parameter_supported: false,
        client_id_metadata_document_supported: false,
        is_old: true,
    }
}

impl Issuer {
    /// Where to send users, if that is safe: PKCE is part of every authorization, and only S256 is used.
    pub(super) fn authorization_endpoint(&self) -> Result<&str, Error> {
        let missing = |what: &str| Error::unsupported(&self.name, what);
        match &self.code_challenge_methods_supported {
            Some(methods) if methods.iter().any(|method| method == "S256") => {}
            None if self.is_old => {}
            _ => return Err(missing("its metadata does not offer PKCE with `S256`")),
        }
        self.authorization_endpoint.as_deref().ok_or_else(|| missing("its metadata names no authorization endpoint"))
    }

    pub(super) fn token_endpoint(&self) -> Result<&str, Error> {
        let endpoint = self.token_endpoint.as_deref();
        endpoint.ok_or_else(|| Error::unsupported(&self.name, "its metadata names no token endpoint"))
    }

    /// Whether tokens can be bound to a key with ES256. A server that does not say may well be able to.
    pub(super) fn binds_tokens(&self) -> Result<(), Error> {
        match &self.dpop_signing_alg_values_supported {
            Some(algorithms) if !algorithms.iter().any(|algorithm| algorithm == "ES256") => {
                Err(Error::unsupported(&self.name, "it binds tokens to keys, but not with ES256"))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn offers_scope(&self, scope: &str) -> bool {
        self.scopes_supported.iter().flatten().any(|offered| offered == scope)
    }

    /// Whether a grant can be asked for. A server that does not say is taken at the client's word.
    pub(super) fn knows_grant(&self, grant: &str) -> bool {
        self.grant_types_supported.as_ref().is_none_or(|grants| grants.iter().any(|known| known == grant))
    }

    /// Whether a way to authenticate is offered; `client_secret_basic` is the default (RFC 8414 section 2).
    pub(super) fn takes(&self, method: &str) -> bool {
        match &self.token_endpoint_auth_methods_supported {
            Some(methods) => methods.iter().any(|known| known == method),
            None => method == "client_secret_basic",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_insert_the_path_and_append_it_last() {
        let of = |issuer: &str| places(&Url::parse(issuer).unwrap());
        assert_eq!(
            of("https://as.example/tenant1"),
            [
                "https://as.example/.well-known/oauth-authorization-server/tenant1",
                "https://as.example/.well-known/openid-configuration/tenant1",
                "https://as.example/tenant1/.well-known/openid-configuration",
            ]
        );
        assert_eq!(
            of("https://as.example"),
            [
                "https://as.example/.well-known/oauth-authorization-server",
                "https://as.example/.well-known/openid-configuration",
            ]
        );
    }
}
