//! Requests to token endpoints: how a client authenticates there, how the answer is read, and the nonce of `DPoP`. All grants
//! come through here. Floor 6.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use oauth2::url::{Url, form_urlencoded};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::challenge::scopes;
use super::error::Error;
use super::fetch::{Answer, Fetch};
use super::key::{BindingKey, Nonces, SigningKey};
use super::secret::{Secret, plain, scrubbed};

pub(super) const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
pub(super) const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// The longest token, client id or client secret. What has to fit into a header is a few kilobytes long.
pub(super) const LONGEST: usize = 64 * 1024;
/// The fields of a form that nobody else may see.
const SECRET: [&str; 7] =
    ["assertion", "client_assertion", "client_secret", "code", "code_verifier", "refresh_token", "subject_token"];

/// How a client proves at a token endpoint who it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Proof {
    /// Its id alone: a public client.
    #[serde(rename = "none")]
    None,
    #[serde(rename = "client_secret_basic", serialize_with = "plain")]
    Basic(Secret),
    #[serde(rename = "client_secret_post", serialize_with = "plain")]
    Post(Secret),
    /// With a key that is never stored.
    #[serde(skip)]
    Key(SigningKey),
    /// Not even its id: what it presents says it all.
    #[serde(skip)]
    Nothing,
}

/// One request for a token.
pub(super) struct TokenRequest<'r> {
    /// What is asked for, for errors.
    pub(super) what: &'static str,
    pub(super) endpoint: &'r str,
    /// Who is asked: the audience of assertions, and the name in errors.
    pub(super) issuer: &'r str,
    pub(super) client: &'r str,
    pub(super) proof: &'r Proof,
    pub(super) form: Vec<(&'static str, String)>,
    pub(super) binding: Option<&'r BindingKey>,
}

/// What a token endpoint gave.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) access: Secret,
    pub(super) kind: String,
    pub(super) refresh: Option<Secret>,
    /// In seconds.
    pub(super) lifetime: Option<u64>,
    /// What was granted, if the server says.
    pub(super) scopes: Vec<String>,
    /// What it is, in a token exchange.
    pub(super) issued: Option<String>,
}

#[derive(Deserialize)]
struct Body {
    access_token: Secret,
    token_type: Option<String>,
    refresh_token: Option<Secret>,
    /// A number of seconds; some servers write it as a text, or with a fraction.
    expires_in: Option<Value>,
    scope: Option<String>,
    issued_token_type: Option<String>,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
    error_description: Option<String>,
}

impl TokenRequest<'_> {
    pub(super) async fn send(&self, fetch: &Fetch, nonces: &Nonces) -> Result<Token, Error> {
        let url = fetch.allowed(self.endpoint)?;
        let (mut answer, mut sent) = self.once(fetch, &url, nonces).await?;
        if self.binding.is_some() {
            let is_new = nonces.keep(&url, &answer.headers);
            // One more try with the nonce that the server wants (RFC 9449 section 8).
            if is_new && refusal(&answer).is_some_and(|refusal| refusal.error == "use_dpop_nonce") {
                (answer, sent) = self.once(fetch, &url, nonces).await?;
                nonces.keep(&url, &answer.headers);
            }
        }
        self.understood(&answer, &sent)
    }

    /// Sends the request. Gives the answer, and the form that was sent.
    async fn once(&self, fetch: &Fetch, url: &Url, nonces: &Nonces) -> Result<(Answer, String), Error> {
        let (headers, form) = self.composed(url, nonces)?;
        let answer = fetch.send(Method::POST, self.endpoint, headers, Some(form.clone())).await?;
        Ok((answer, form))
    }

    fn composed(&self, url: &Url, nonces: &Nonces) -> Result<(HeaderMap, String), Error> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(&self.form);
        match self.proof {
            Proof::Nothing => {}
            Proof::None => {
                form.append_pair("client_id", self.client);
            }
            Proof::Basic(secret) => {
                headers.insert(AUTHORIZATION, basic(self.client, secret)?);
            }
            Proof::Post(secret) => {
                form.append_pair("client_id", self.client).append_pair("client_secret", secret.reveal());
            }
            Proof::Key(key) => {
                let assertion = key.assertion(self.client, self.issuer)?;
                form.append_pair("client_id", self.client)
                    .append_pair("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
                    .append_pair("client_assertion", assertion.reveal());
            }
        }
        if let Some(key) = self.binding {
            headers.insert("DPoP", header(&key.proof("POST", url, None, nonces.of(url))?)?);
        }
        Ok((headers, form.finish()))
    }

    fn understood(&self, answer: &Answer, sent: &str) -> Result<Token, Error> {
        // Whoever is in trouble has decided nothing.
        if answer.status.is_server_error() || answer.status == StatusCode::TOO_MANY_REQUESTS {
            return Err(Error::fetch(self.endpoint, format!("it answers {}", answer.status)));
        }
        // Some servers answer errors with 200.
        if let Some(refusal) = refusal(answer) {
            return Err(self.refused(refusal, sent));
        }
        if !answer.status.is_success() {
            return Err(Error::fetch(self.endpoint, format!("it answers {}", answer.status)));
        }
        let body: Body = serde_json::from_slice(&answer.body)
            .map_err(|_| Error::metadata(self.endpoint, "it gives no `access_token`"))?;
        let longest =
            body.access_token.reveal().len().max(body.refresh_token.as_ref().map_or(0, |token| token.reveal().len()));
        if longest > LONGEST {
            return Err(Error::metadata(self.endpoint, format!("its token is longer than {LONGEST} bytes")));
        }
        if header(body.access_token.reveal()).is_err() || body.access_token.reveal().is_empty() {
            return Err(Error::metadata(self.endpoint, "its access token cannot be sent in a header"));
        }
        let lifetime = match &body.expires_in {
            Some(Value::String(text)) => text.trim().parse().ok(),
            Some(Value::Number(number)) => {
                number.as_f64().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).map(|time| time.as_secs())
            }
            _ => None,
        };
        Ok(Token {
            access: body.access_token,
            kind: body.token_type.unwrap_or_else(|| "Bearer".to_owned()),
            refresh: body.refresh_token.filter(|token| !token.reveal().is_empty()),
            lifetime,
            scopes: body.scope.as_deref().map(scopes).unwrap_or_default(),
            issued: body.issued_token_type,
        })
    }

    /// The server's error, without what it may repeat of the request.
    fn refused(&self, refusal: Refusal, sent: &str) -> Error {
        let mut secrets: Vec<Secret> = form_urlencoded::parse(sent.as_bytes())
            .filter(|(name, _)| SECRET.contains(&name.as_ref()))
            .map(|(_, value)| Secret::from(value.into_owned()))
            .collect();
        if let Proof::Basic(secret) = self.proof {
            secrets.push(secret.clone());
        }
        Error::Refused {
            request: self.what,
            by: self.issuer.to_owned(),
            code: scrubbed(&refusal.error, &secrets),
            description: refusal.error_description.map(|text| scrubbed(&text, &secrets)),
        }
    }
}

fn refusal(answer: &Answer) -> Option<Refusal> {
    serde_json::from_slice(&answer.body).ok()
}

/// RFC 6749 section 2.3.1: both halves are form-encoded first.
fn basic(client: &str, secret: &Secret) -> Result<HeaderValue, Error> {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encoded(client), encoded(secret.reveal()));
    header(&format!("Basic {}", STANDARD.encode(pair)))
}

/// A header's value that logs leave out.
pub(super) fn header(text: &str) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(text).map_err(|_| Error::key("a credential cannot be sent in a header"))?;
    value.set_sensitive(true);
    Ok(value)
}
