//! A server that wants a token, the authorization server that gives it, a browser that consents at once, and a driver that
//! does what a transport does.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, Method, StatusCode};
use mcp_runtime::client::oauth::{Browser, Browsing, Error, OAuth, Page, Visit};
use mcp_runtime::client::{Authorize, Challenge, Outgoing};
use serde_json::{Value, json};

use super::mock::{Bound, Mock, Reply, Seen};

pub(crate) const REDIRECT: &str = "http://localhost:3000/callback";

/// Decides about a request to one of the servers before anything else does. The texts are the origins of the server and of
/// the authorization server.
pub(crate) type Gate = Box<dyn Fn(&Seen, &str, &str) -> Option<Reply> + Send + Sync>;

/// How the servers behave, where they differ from the usual.
pub(crate) struct Plan {
    /// Where the protected resource metadata is; nowhere if `None`.
    pub(crate) resource_at: Option<&'static str>,
    /// Whether the challenge says so.
    pub(crate) told: bool,
    /// What the challenge says besides, such as `scope="a"`.
    pub(crate) challenge: &'static str,
    /// Replaces members of the protected resource metadata; `null` removes them. `MCP` and `AS` stand for the origins.
    pub(crate) resource: Value,
    /// The path of the issuer.
    pub(crate) tenant: &'static str,
    /// Where the metadata of the issuer is.
    pub(crate) issuer_at: &'static str,
    /// Replaces members of it in the same way.
    pub(crate) issuer: Value,
    /// Replaces members of what a registration answers.
    pub(crate) registration: Value,
    /// Replaces members of what the token endpoint answers.
    pub(crate) token: Value,
    /// What is appended to the redirect besides code and state; `AS` is replaced.
    pub(crate) redirect: &'static str,
    pub(crate) server: Gate,
    pub(crate) authority: Gate,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            resource_at: Some("/.well-known/oauth-protected-resource/mcp"),
            told: true,
            challenge: "",
            resource: json!({}),
            tenant: "",
            issuer_at: "/.well-known/oauth-authorization-server",
            issuer: json!({}),
            registration: json!({}),
            token: json!({}),
            redirect: "&iss=AS",
            server: Box::new(|_, _, _| None),
            authority: Box::new(|_, _, _| None),
        }
    }
}

pub(crate) struct World {
    pub(crate) server: Mock,
    pub(crate) authority: Mock,
    pub(crate) browser: Consenting,
}

/// Puts the members of `changes` into `document`.
fn changed(mut document: Value, changes: &Value, server: &str, authority: &str) -> Value {
    let changes = changes.to_string().replace("MCP", server).replace("AS", authority);
    for (name, value) in serde_json::from_str::<Value>(&changes).unwrap().as_object().unwrap() {
        if value.is_null() {
            document.as_object_mut().unwrap().remove(name);
        } else {
            document[name] = value.clone();
        }
    }
    document
}

impl World {
    pub(crate) async fn new(plan: Plan) -> Self {
        let (server, authority) = (Bound::new().await, Bound::new().await);
        let (here, there) = (server.origin.clone(), authority.origin.clone());
        let plan = Arc::new(plan);
        let server = {
            let plan = Arc::clone(&plan);
            server.serve(move |seen| serve(&plan, seen, &here, &there))
        };
        let (here, there) = (server.origin.clone(), authority.origin.clone());
        let asked = Mutex::default();
        let authority = authority.serve(move |seen| authorize(&plan, &asked, seen, &here, &there));
        Self { server, authority, browser: Consenting::default() }
    }

    pub(crate) fn url(&self) -> String {
        format!("{}/mcp", self.server.origin)
    }

    /// A client of this world; the settings come from the caller.
    pub(crate) fn client(&self, oauth: OAuth) -> Driver {
        Driver::new(oauth.browser(self.browser.clone()), &self.url())
    }

    /// What was sent to the token endpoint.
    pub(crate) fn tokens(&self) -> Vec<BTreeMap<String, String>> {
        self.authority.at("/token").iter().map(Seen::form).collect()
    }

    /// What was asked of the user.
    pub(crate) fn asked(&self) -> Vec<BTreeMap<String, String>> {
        self.authority
            .log()
            .into_iter()
            .filter(|seen| seen.path.ends_with("/authorize"))
            .map(|seen| seen.query)
            .collect()
    }

    /// The requests to the server that carried a token.
    pub(crate) fn authenticated(&self) -> Vec<Seen> {
        self.server.at("/mcp").into_iter().filter(|seen| seen.header("authorization").is_some()).collect()
    }
}

fn serve(plan: &Plan, seen: &Seen, here: &str, there: &str) -> Reply {
    if let Some(reply) = (plan.server)(seen, here, there) {
        return reply;
    }
    if plan.resource_at == Some(seen.path.as_str()) {
        let document = json!({
            "resource": format!("{here}/mcp"),
            "authorization_servers": [format!("{there}{}", plan.tenant)],
        });
        return Reply::json(200, &changed(document, &plan.resource, here, there));
    }
    if seen.path != "/mcp" {
        return Reply::status(404);
    }
    match seen.header("authorization") {
        Some(token) if token.starts_with("Bearer test-token") || token.starts_with("DPoP test-token") => {
            Reply::json(200, &json!({}))
        }
        _ => challenge(plan, here),
    }
}

fn challenge(plan: &Plan, here: &str) -> Reply {
    let place = match (plan.told, plan.resource_at) {
        (true, Some(place)) => format!("resource_metadata=\"{here}{place}\""),
        _ => "realm=\"mcp\"".to_owned(),
    };
    let more = if plan.challenge.is_empty() { String::new() } else { format!(", {}", plan.challenge) };
    Reply::status(401).with("www-authenticate", format!("Bearer {place}{more}"))
}

fn authorize(plan: &Plan, asked: &Mutex<BTreeMap<String, String>>, seen: &Seen, here: &str, there: &str) -> Reply {
    static TOKENS: AtomicU32 = AtomicU32::new(0);
    if let Some(reply) = (plan.authority)(seen, here, there) {
        return reply;
    }
    if seen.path == plan.issuer_at {
        let document = json!({
            "issuer": format!("{there}{}", plan.tenant),
            "authorization_endpoint": format!("{there}/authorize"),
            "token_endpoint": format!("{there}/token"),
            "registration_endpoint": format!("{there}/register"),
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["none"],
            "authorization_response_iss_parameter_supported": true,
        });
        return Reply::json(200, &changed(document, &plan.issuer, here, there));
    }
    let is_posted = ["/register", "/token"].contains(&seen.path.as_str());
    assert_eq!(seen.method, if is_posted { "POST" } else { "GET" });
    match seen.path.as_str() {
        "/register" => {
            let answer = json!({ "client_id": "test-client-id", "client_secret": "test-client-secret" });
            Reply::json(201, &changed(answer, &plan.registration, here, there))
        }
        "/authorize" => {
            let query = &seen.query;
            asked.lock().unwrap().clone_from(query);
            let more = plan.redirect.replace("AS", &format!("{there}{}", plan.tenant));
            Reply::redirect(format!("{}?code=test-auth-code&state={}{more}", query["redirect_uri"], query["state"]))
        }
        "/token" => {
            let form = seen.form();
            if form.get("grant_type").is_some_and(|grant| grant == "authorization_code") {
                let asked = asked.lock().unwrap();
                let hash = URL_SAFE_NO_PAD.encode(digest(&SHA256, form["code_verifier"].as_bytes()));
                assert_eq!(asked["code_challenge"], hash, "the verifier belongs to the challenge");
                assert_eq!(asked["code_challenge_method"], "S256");
                assert_eq!(asked["redirect_uri"], form["redirect_uri"]);
                assert_eq!(asked.get("resource"), form.get("resource"), "both requests name the same resource");
                assert_eq!(form["code"], "test-auth-code");
            }
            let kind = if seen.header("dpop").is_some() { "DPoP" } else { "Bearer" };
            let number = TOKENS.fetch_add(1, Ordering::Relaxed);
            let token =
                json!({ "access_token": format!("test-token-{number}"), "token_type": kind, "expires_in": 3600 });
            Reply::json(200, &changed(token, &plan.token, here, there))
        }
        _ => Reply::status(404),
    }
}

/// A browser whose user consents at once: it reads where the authorization server sends it, and nothing listens there.
#[derive(Clone, Default)]
pub(crate) struct Consenting {
    pub(crate) visits: Arc<AtomicU32>,
    /// What to make of the address that it is sent to.
    pub(crate) twist: Option<fn(String) -> String>,
}

impl Consenting {
    pub(crate) fn visits(&self) -> u32 {
        self.visits.load(Ordering::Relaxed)
    }
}

impl Browser for Consenting {
    fn begin(&self) -> Browsing<'_, Box<dyn Visit>> {
        Box::pin(async { Ok(Box::new(self.clone()) as Box<dyn Visit>) })
    }
}

impl Visit for Consenting {
    fn redirect_uri(&self) -> &str {
        REDIRECT
    }

    fn show<'a>(&'a mut self, page: Page<'a>) -> Browsing<'a, String> {
        Box::pin(async move {
            self.visits.fetch_add(1, Ordering::Relaxed);
            let client =
                reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
            let answer = client.get(page.url).send().await.map_err(|error| Error::browser("no page").because(error))?;
            let location = answer.headers().get("location").and_then(|value| value.to_str().ok()).unwrap_or_default();
            let location = location.to_owned();
            Ok(self.twist.map_or(location.clone(), |twist| twist(location)))
        })
    }
}

/// What a transport does with an `Authorize`.
#[derive(Clone)]
pub(crate) struct Driver {
    pub(crate) oauth: Arc<dyn Authorize>,
    url: String,
    http: reqwest::Client,
}

/// Why a request failed, with all its causes and everything that `Debug` shows.
pub(crate) type Failed = Box<dyn std::error::Error + Send + Sync>;

impl Driver {
    pub(crate) fn new(oauth: OAuth, url: &str) -> Self {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
        Self { oauth: Arc::new(oauth), url: url.to_owned(), http }
    }

    /// Sends one request, and again as long as the authorizer says so.
    pub(crate) async fn post(&self) -> Result<StatusCode, Failed> {
        self.post_with("{}").await
    }

    pub(crate) async fn post_with(&self, body: &'static str) -> Result<StatusCode, Failed> {
        let request = Outgoing::new(&Method::POST, &self.url);
        for attempt in 1..100 {
            let sent = self.oauth.headers(request).await?;
            let answer = self.http.post(&self.url).headers(sent.clone()).body(body).send().await?;
            let (status, headers) = (answer.status(), answer.headers().clone());
            let is_refused = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&status);
            let challenge = Challenge::new(request, &sent, status, &headers).attempt(attempt);
            if !is_refused || !self.oauth.challenged(challenge).await? {
                return Ok(status);
            }
        }
        panic!("it goes on and on");
    }

    /// Pretends that the server answered like this.
    pub(crate) async fn refused(&self, url: &str, challenge: &str) -> Result<bool, Failed> {
        let (sent, mut headers) = (HeaderMap::new(), HeaderMap::new());
        headers.insert("www-authenticate", challenge.parse()?);
        let request = Outgoing::new(&Method::POST, url);
        self.oauth.challenged(Challenge::new(request, &sent, StatusCode::UNAUTHORIZED, &headers)).await
    }
}

/// A lifetime in seconds that is over soon, and that a busy machine does not use up by making two requests.
pub(crate) const SHORT: u64 = 3;

/// Waits until a token of that lifetime is due. It counts in whole seconds of the real clock.
pub(crate) async fn until_due() {
    tokio::time::sleep(Duration::from_millis(SHORT * 1000 + 50)).await;
}

/// The error of a request, which must be one of ours.
pub(crate) fn error_of(result: Result<StatusCode, Failed>) -> Error {
    let failed = result.expect_err("it should fail");
    failed.downcast_ref::<Error>().unwrap_or_else(|| panic!("{failed:?}")).clone()
}
