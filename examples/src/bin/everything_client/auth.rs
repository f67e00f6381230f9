//! How the client comes to its tokens in the scenarios of the conformance suite that are about authorization, and a browser
//! whose user consents at once.

use anyhow::{Context, Result, bail};
use mcp_runtime::Client;
use mcp_runtime::client::oauth::{Browser, Browsing, Error, IdentityProvider, OAuth, Page, Secret, SigningKey, Visit};
use reqwest::redirect::Policy;
use serde_json::Value;

use crate::Scenario;
use crate::core::connect;

/// The client id that the suite takes for a metadata document on the web.
const DOCUMENT: &str = "https://conformance-test.local/client-metadata.json";
/// Nothing listens there: the browser only reads where it is sent.
const REDIRECT: &str = "http://localhost:3000/callback";

/// Plays a scenario that is about authorization: lists and calls what there is, with tokens. Says whether it is one.
pub(crate) async fn play(scenario: &Scenario) -> Result<bool> {
    let Some(oauth) = authorization(&scenario.name, &scenario.context)? else { return Ok(false) };
    let client = connect(Client::http(&scenario.url)).authorize(oauth).connect().await?;
    for tool in client.list_tools().await? {
        client.call(tool.name, ()).await?;
    }
    client.close().await;
    Ok(true)
}

/// What a scenario needs; `None` if it is not about authorization. The context is what the suite says besides, or `null`.
fn authorization(scenario: &str, context: &Value) -> Result<Option<OAuth>> {
    let Some(name) = scenario.strip_prefix("auth/") else { return Ok(None) };
    let oauth = match name {
        "pre-registration" => pre_registered(context)?,
        "client-credentials-jwt" => service_with_key(context)?,
        "client-credentials-basic" => service_with_secret(context)?,
        "enterprise-managed-authorization" => enterprise(context)?,
        "wif-jwt-bearer" => workload(context)?,
        "dpop" | "dpop-nonce" => user().dpop(),
        _ => user(),
    };
    Ok(Some(oauth))
}

/// A user who consents, and a client that the authorization server has not seen before.
fn user() -> OAuth {
    OAuth::new().client_name("everything-client").client_metadata_url(DOCUMENT).browser(Consenting)
}

fn pre_registered(context: &Value) -> Result<OAuth> {
    let oauth = OAuth::pre_registered(text(context, "client_id")?, text(context, "client_secret")?).browser(Consenting);
    Ok(match text(context, "issuer") {
        Ok(issuer) => oauth.issuer(issuer),
        // Older versions of the suite do not say it.
        Err(_) => oauth,
    })
}

fn service_with_secret(context: &Value) -> Result<OAuth> {
    Ok(OAuth::client_credentials(text(context, "client_id")?, text(context, "client_secret")?))
}

fn service_with_key(context: &Value) -> Result<OAuth> {
    let key = SigningKey::from_pem(text(context, "signing_algorithm")?, text(context, "private_key_pem")?)?;
    Ok(OAuth::client_credentials_jwt(text(context, "client_id")?, key))
}

fn enterprise(context: &Value) -> Result<OAuth> {
    let id_token = Secret::from(text(context, "idp_id_token")?);
    let provider =
        IdentityProvider::new(text(context, "idp_token_endpoint")?, text(context, "idp_client_id")?, id_token);
    Ok(OAuth::enterprise_managed(provider, text(context, "client_id")?, text(context, "client_secret")?))
}

fn workload(context: &Value) -> Result<OAuth> {
    Ok(OAuth::workload_identity(Secret::from(text(context, "valid_jwt")?)))
}

fn text<'c>(context: &'c Value, name: &str) -> Result<&'c str> {
    match context.get(name) {
        Some(Value::String(text)) => Ok(text),
        Some(_) => bail!("the context's `{name}` is no text"),
        None => None.with_context(|| format!("the context has no `{name}`")),
    }
}

/// Asks for the page, and takes the address that it is sent to for the user's consent.
struct Consenting;

impl Browser for Consenting {
    fn begin(&self) -> Browsing<'_, Box<dyn Visit>> {
        Box::pin(async { Ok(Box::new(Self) as Box<dyn Visit>) })
    }
}

impl Visit for Consenting {
    fn redirect_uri(&self) -> &str {
        REDIRECT
    }

    fn show<'a>(&'a mut self, page: Page<'a>) -> Browsing<'a, String> {
        Box::pin(async move {
            let failed = |error| Error::browser("the page cannot be read").because(error);
            let client = reqwest::Client::builder().redirect(Policy::none()).no_proxy().build().map_err(failed)?;
            let answer = client.get(page.url).send().await.map_err(failed)?;
            let location = answer.headers().get(reqwest::header::LOCATION).and_then(|value| value.to_str().ok());
            location.map(str::to_owned).ok_or_else(|| Error::browser("the page leads nowhere"))
        })
    }
}
