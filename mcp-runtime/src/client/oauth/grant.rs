//! The ways to a token: a user's consent, the client's own credentials, an identity provider, what the client runs on, and a
//! refresh token. Floor 6.

use super::address::Reach;
use super::challenge::sound;
use super::code::{Consent, OFFLINE, Question, ask};
use super::error::Error;
use super::fetch::Fetch;
use super::issuer::Issuer;
use super::key::{BindingKey, Nonces, now, random};
use super::registration::register;
use super::resource::Resource;
use super::secret::Secret;
use super::settings::{Grant, Identity, IdentityProvider, Settings};
use super::store::{Credentials, Key, Registration};
use super::token::{JWT_BEARER, Proof, TOKEN_EXCHANGE, Token, TokenRequest};

const ID_JAG: &str = "urn:ietf:params:oauth:token-type:id-jag";
/// A token is renewed this many seconds before it ends, or after three quarters of its time.
const EARLY: u64 = 30;

/// Who is asked, and for what.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) resource: Resource,
    pub(super) issuer: Issuer,
}

impl Site {
    pub(super) fn key(&self) -> Key {
        Key { issuer: self.issuer.name.clone(), resource: self.resource.name.clone() }
    }
}

/// One attempt to come to a token.
pub(super) struct Attempt<'a> {
    pub(super) settings: &'a Settings,
    pub(super) fetch: &'a Fetch,
    pub(super) nonces: &'a Nonces,
    pub(super) site: &'a Site,
    /// What the token shall be bound to.
    pub(super) binding: Option<BindingKey>,
}

impl Attempt<'_> {
    /// A token with these scopes, from the beginning. `known` is what the client had there before.
    pub(super) async fn grant(&self, scopes: Vec<String>, known: Option<&Credentials>) -> Result<Credentials, Error> {
        let settings = self.settings;
        let known_as = known.map(|known| known.registration.clone());
        let (registration, form) = match &settings.grant {
            Grant::Code => return self.code(scopes, known_as).await,
            Grant::ClientCredentials => {
                (self.register(None, known_as).await?, vec![("grant_type", "client_credentials".to_owned())])
            }
            Grant::Workload(assertion) => {
                let assertion = assertion.assertion().await?;
                (self.register(None, known_as).await?, bearer(&assertion))
            }
            Grant::Enterprise(provider) => {
                let registration = self.register(None, known_as).await?;
                let assertion = self.exchange(provider, &scopes).await?;
                (registration, bearer(&assertion))
            }
        };
        let token = self.token("a token", &registration, with_scopes(form, &scopes)).await?;
        // The client is the same whenever it asks again.
        let identity = known.map(|known| known.identity.clone()).map_or_else(random, Ok)?;
        self.credentials(registration, token, scopes, identity)
    }

    /// A new token for a refresh token, with the scopes that it had.
    pub(super) async fn refresh(&self, known: &Credentials, refresh: &Secret) -> Result<Credentials, Error> {
        let form = vec![("grant_type", "refresh_token".to_owned()), ("refresh_token", refresh.reveal().to_owned())];
        // What was agreed before is not kept in a store.
        let registration = match &self.settings.identity {
            Identity::Found => known.registration.clone(),
            _ => self.register(None, None).await?,
        };
        let mut token = self.token("to refresh the token", &registration, form).await?;
        token.refresh = token.refresh.or_else(|| Some(refresh.clone()));
        self.credentials(registration, token, known.scopes.clone(), known.identity.clone())
    }

    async fn register(&self, redirect_uri: Option<&str>, known: Option<Registration>) -> Result<Registration, Error> {
        register(self.fetch, self.settings, &self.site.issuer, redirect_uri, known).await
    }

    async fn code(&self, scopes: Vec<String>, known: Option<Registration>) -> Result<Credentials, Error> {
        let mut visit = self.settings.browser.begin().await?;
        let redirect_uri = visit.redirect_uri().to_owned();
        let registration = self.register(Some(&redirect_uri), known).await?;
        let question = Question {
            issuer: &self.site.issuer,
            client: &registration.client_id,
            resource: &self.site.resource.name,
            scopes: &scopes,
            binding: self.binding.as_ref().map(BindingKey::thumbprint).transpose()?,
        };
        let Consent { code, verifier } = ask(self.fetch, visit.as_mut(), question).await?;
        let form = vec![
            ("grant_type", "authorization_code".to_owned()),
            ("code", code.reveal().to_owned()),
            ("redirect_uri", redirect_uri),
            ("code_verifier", verifier.reveal().to_owned()),
        ];
        let token = self.token("a token for the user's consent", &registration, form).await?;
        self.credentials(registration, token, scopes, random()?)
    }

    /// What the identity provider vouches with for this server (RFC 8693).
    async fn exchange(&self, provider: &IdentityProvider, scopes: &[String]) -> Result<Secret, Error> {
        let subject = provider.subject.assertion().await?;
        let form = vec![
            ("grant_type", TOKEN_EXCHANGE.to_owned()),
            ("requested_token_type", ID_JAG.to_owned()),
            ("audience", self.site.issuer.name.clone()),
            ("resource", self.site.resource.name.clone()),
            ("subject_token", subject.reveal().to_owned()),
            ("subject_token_type", provider.kind.to_owned()),
        ];
        let proof = provider.secret.clone().map_or(Proof::None, Proof::Basic);
        let request = TokenRequest {
            what: "to vouch for the user",
            endpoint: &provider.token_endpoint,
            issuer: &provider.token_endpoint,
            client: &provider.client_id,
            proof: &proof,
            form: with_scopes(form, scopes),
            binding: None,
        };
        let fetch = Fetch::new(Reach::Local, self.settings.time)?;
        let token = request.send(&fetch, self.nonces).await?;
        match token.issued.as_deref() {
            Some(ID_JAG) => Ok(token.access),
            _ => Err(Error::metadata(&provider.token_endpoint, format!("what it issues is no `{ID_JAG}`"))),
        }
    }

    async fn token(
        &self,
        what: &'static str,
        registration: &Registration,
        mut form: Vec<(&'static str, String)>,
    ) -> Result<Token, Error> {
        form.push(("resource", self.site.resource.name.clone()));
        let request = TokenRequest {
            what,
            endpoint: self.site.issuer.token_endpoint()?,
            issuer: &self.site.issuer.name,
            client: &registration.client_id,
            proof: &registration.proof,
            form,
            binding: self.binding.as_ref(),
        };
        request.send(self.fetch, self.nonces).await
    }

    fn credentials(
        &self,
        registration: Registration,
        token: Token,
        scopes: Vec<String>,
        identity: String,
    ) -> Result<Credentials, Error> {
        let wanted = if self.binding.is_some() { "DPoP" } else { "Bearer" };
        if !token.kind.eq_ignore_ascii_case(wanted) {
            let kind = crate::error::quoted(&token.kind);
            let reason = format!("it gives a token of the type {kind}, not `{wanted}`");
            return Err(Error::metadata(self.site.issuer.token_endpoint()?, reason));
        }
        let ends = |seconds: u64| now().saturating_add(seconds);
        Ok(Credentials {
            registration,
            access_token: token.access,
            binding_key: self.binding.as_ref().map(|key| key.kept().clone()),
            refresh_token: token.refresh,
            expires_at: token.lifetime.map(ends),
            renew_at: token.lifetime.map(|lifetime| ends(lifetime - EARLY.min(lifetime / 4))),
            scopes: if scopes.is_empty() { token.scopes } else { scopes },
            identity,
        })
    }
}

fn bearer(assertion: &Secret) -> Vec<(&'static str, String)> {
    vec![("grant_type", JWT_BEARER.to_owned()), ("assertion", assertion.reveal().to_owned())]
}

fn with_scopes(mut form: Vec<(&'static str, String)>, scopes: &[String]) -> Vec<(&'static str, String)> {
    if !scopes.is_empty() {
        form.push(("scope", scopes.join(" ")));
    }
    form
}

/// Which scopes to ask for (2026-07-28, "Scope Selection Strategy"): those that the server asks for and those that the
/// client's author chose, else all that the server knows, else none; and those that were asked for before.
pub(super) fn select(
    settings: &Settings,
    site: &Site,
    demanded: Option<&[String]>,
    known: Option<&Credentials>,
) -> Vec<String> {
    let demanded = demanded.unwrap_or_default().iter().chain(&settings.scopes);
    let mut wanted: Vec<&str> =
        known.iter().flat_map(|known| &known.scopes).chain(demanded).map(String::as_str).collect();
    if wanted.is_empty() {
        wanted = site.resource.scopes.iter().flatten().map(String::as_str).collect();
    }
    let mut scopes = sound(wanted);
    let is_offered = site.issuer.offers_scope(OFFLINE) && site.issuer.knows_grant("refresh_token");
    scopes.retain(|scope| scope != OFFLINE);
    if is_offered && !scopes.is_empty() && matches!(settings.grant, Grant::Code) {
        scopes.push(OFFLINE.to_owned());
    }
    scopes
}
