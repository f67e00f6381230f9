//! Asking a user: the authorization request with PKCE, and the checks of what comes back (OAuth 2.1 section 4.1, RFC 9207).
//! Floor 6.

use oauth2::basic::BasicClient;
use oauth2::url::Url;
use oauth2::{AuthUrl, ClientId, CsrfToken, PkceCodeChallenge, RedirectUrl, Scope};

use super::browser::{Page, Visit};
use super::error::Error;
use super::fetch::Fetch;
use super::issuer::Issuer;
use super::secret::Secret;

/// One authorization request.
pub(super) struct Question<'q> {
    pub(super) issuer: &'q Issuer,
    pub(super) client: &'q str,
    /// The resource indicator (RFC 8707).
    pub(super) resource: &'q str,
    pub(super) scopes: &'q [String],
    /// The thumbprint of the key that the code shall be bound to.
    pub(super) binding: Option<String>,
}

/// What the user's consent is good for.
pub(super) struct Consent {
    pub(super) code: Secret,
    pub(super) verifier: Secret,
}

/// Asks the user and checks the answer.
pub(super) async fn ask(fetch: &Fetch, visit: &mut dyn Visit, question: Question<'_>) -> Result<Consent, Error> {
    let issuer = question.issuer;
    let endpoint = issuer.authorization_endpoint()?;
    // What a browser is told to open comes from the network.
    fetch.allowed(endpoint)?;
    let invalid = |what: &str| Error::unsupported(&issuer.name, format!("{what} is no URL"));
    let endpoint = AuthUrl::new(endpoint.to_owned()).map_err(|_| invalid("its authorization endpoint"))?;
    let redirect = RedirectUrl::new(visit.redirect_uri().to_owned()).map_err(|_| invalid("the redirect URI"))?;
    let client =
        BasicClient::new(ClientId::new(question.client.to_owned())).set_auth_uri(endpoint).set_redirect_uri(redirect);
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let mut request = client
        .authorize_url(CsrfToken::new_random)
        .set_pkce_challenge(challenge)
        .add_extra_param("resource", question.resource)
        .add_scopes(question.scopes.iter().cloned().map(Scope::new));
    if question.scopes.iter().any(|scope| scope == OFFLINE) {
        // Without a consent of its own it is ignored (OpenID Connect Core section 11).
        request = request.add_extra_param("prompt", "consent");
    }
    if let Some(thumbprint) = question.binding {
        request = request.add_extra_param("dpop_jkt", thumbprint);
    }
    let (url, state) = request.url();
    let answer = visit.show(Page { url: url.as_str(), state: state.secret() }).await?;
    let code = checked(&answer, state.secret(), issuer)?;
    Ok(Consent { code, verifier: Secret::from(verifier.secret().as_str()) })
}

/// The scope that asks for a refresh token.
pub(super) const OFFLINE: &str = "offline_access";

/// The code of an authorization response, if it is the answer to this request and comes from this issuer. Nothing of it is
/// used or shown before that is known.
fn checked(answer: &str, state: &str, issuer: &Issuer) -> Result<Secret, Error> {
    let nonsense = |what: &str| Error::browser(format!("the answer of the authorization server {what}"));
    let url = Url::parse(answer).map_err(|_| nonsense("is no URL"))?;
    let parameter = |name: &str| {
        let mut values = url.query_pairs().filter(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(nonsense("says the same twice")),
            (value, None) => Ok(value),
        }
    };
    if parameter("state")?.as_deref() != Some(state) {
        return Err(Error::State);
    }
    let found = parameter("iss")?;
    let must = issuer.authorization_response_iss_parameter_supported;
    // Plain strings: `https://as.example` and `https://as.example/` are two issuers.
    if found.as_deref().map_or(must, |found| found != issuer.name) {
        return Err(Error::Issuer { expected: issuer.name.clone(), found });
    }
    if let Some(code) = parameter("error")? {
        return Err(Error::Refused {
            request: "the authorization",
            by: issuer.name.clone(),
            code,
            description: parameter("error_description")?,
        });
    }
    match parameter("code")? {
        Some(code) if !code.is_empty() => Ok(Secret::from(code)),
        _ => Err(nonsense("has no code")),
    }
}
