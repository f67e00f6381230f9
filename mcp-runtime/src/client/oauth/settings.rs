//! What the author of a client decided. Floor 6.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::browser::Browser;
use super::error::Error;
use super::key::SigningKey;
use super::loopback::Loopback;
use super::secret::Secret;
use super::store::{CredentialStore, MemoryStore};

#[derive(Clone)]
pub(super) struct Settings {
    pub(super) grant: Grant,
    pub(super) identity: Identity,
    /// The issuer that the identity belongs to.
    pub(super) issuer: Option<String>,
    pub(super) name: String,
    pub(super) site: Option<String>,
    pub(super) metadata_url: Option<String>,
    pub(super) scopes: Vec<String>,
    pub(super) store: Arc<dyn CredentialStore>,
    pub(super) browser: Arc<dyn Browser>,
    pub(super) binds: bool,
    pub(super) step_ups: u32,
    pub(super) time: Duration,
    pub(super) reaches_private: bool,
}

/// How the client comes to a token.
#[derive(Clone)]
pub(super) enum Grant {
    /// A user is asked.
    Code,
    /// The client speaks for itself.
    ClientCredentials,
    /// The organisation's identity provider vouches for the user.
    Enterprise(IdentityProvider),
    /// What the client runs on vouches for it.
    Workload(Arc<dyn Assertion>),
}

impl Grant {
    /// The extension that a client declares which comes to its tokens like this ("Implementation guide", "For MCP clients" of
    /// each).
    pub(super) fn extension(&self) -> Option<&'static str> {
        match self {
            Self::ClientCredentials => Some("io.modelcontextprotocol/oauth-client-credentials"),
            Self::Enterprise(_) => Some("io.modelcontextprotocol/enterprise-managed-authorization"),
            Self::Code | Self::Workload(_) => None,
        }
    }
}

/// As whom the client comes.
#[derive(Clone)]
pub(super) enum Identity {
    /// Whatever the authorization server offers to strangers.
    Found,
    Public(String),
    Secret(String, Secret),
    Key(String, SigningKey),
    /// What it presents says it all.
    Presented,
}

impl Settings {
    pub(super) fn new(grant: Grant, identity: Identity) -> Self {
        Self {
            grant,
            identity,
            issuer: None,
            name: env!("CARGO_PKG_NAME").to_owned(),
            site: None,
            metadata_url: None,
            scopes: Vec::new(),
            store: Arc::new(MemoryStore::new()),
            browser: Arc::new(Loopback::new()),
            binds: false,
            step_ups: 3,
            time: Duration::from_secs(30),
            reaches_private: false,
        }
    }
}

/// What an [`Assertion`] returns: a future, boxed so that the trait can be a trait object.
pub type Asserting<'a> = Pin<Box<dyn Future<Output = Result<Secret, Error>> + Send + 'a>>;

/// Gives an assertion that somebody else made: a [`Secret`] that stays the same, or a function that is called for each one.
///
/// ```
/// use mcp_runtime::client::oauth::{Error, OAuth, Secret};
///
/// // A platform replaces the file before the token in it expires.
/// let oauth = OAuth::workload_identity(|| async {
///     let token = std::fs::read_to_string("/var/run/secrets/tokens/mcp");
///     token.map(|token| Secret::from(token.trim())).map_err(|error| Error::assertion("no token here").because(error))
/// });
/// # let _ = oauth;
/// ```
pub trait Assertion: Send + Sync + 'static {
    /// An assertion that is good now.
    ///
    /// # Errors
    /// [`Error::Key`], made with [`Error::assertion`]: the request that needs credentials fails with it.
    fn assertion(&self) -> Asserting<'_>;
}

impl Assertion for Secret {
    fn assertion(&self) -> Asserting<'_> {
        Box::pin(async { Ok(self.clone()) })
    }
}

impl<F, A> Assertion for F
where
    F: Fn() -> A + Send + Sync + 'static,
    A: Future<Output = Result<Secret, Error>> + Send + 'static,
{
    fn assertion(&self) -> Asserting<'_> {
        Box::pin(self())
    }
}

/// The identity provider of an organisation, which decides for its members who may use which server.
///
/// The user has signed in to it before, which is the application's business; what it vouches with, an ID token or a SAML
/// assertion, is exchanged for a grant that the server's authorization server takes (2026-07-28 extension
/// `io.modelcontextprotocol/enterprise-managed-authorization`).
#[derive(Clone)]
pub struct IdentityProvider {
    pub(super) token_endpoint: String,
    pub(super) client_id: String,
    pub(super) secret: Option<Secret>,
    pub(super) subject: Arc<dyn Assertion>,
    pub(super) kind: &'static str,
}

impl IdentityProvider {
    /// A provider with this token endpoint, which knows the application by this client id, and the ID token that it gave.
    ///
    /// The address is taken as the author's: it may be private, but it must be `https` unless it is on this machine.
    pub fn new(token_endpoint: impl Into<String>, client_id: impl Into<String>, id_token: impl Assertion) -> Self {
        Self {
            token_endpoint: token_endpoint.into(),
            client_id: client_id.into(),
            secret: None,
            subject: Arc::new(id_token),
            kind: "urn:ietf:params:oauth:token-type:id_token",
        }
    }

    /// The assertion is one of SAML 2.0, not an ID token.
    pub fn saml(mut self) -> Self {
        self.kind = "urn:ietf:params:oauth:token-type:saml2";
        self
    }

    /// What the application proves itself with at the provider; unless set, it only says its client id.
    pub fn client_secret(mut self, secret: impl Into<Secret>) -> Self {
        self.secret = Some(secret.into());
        self
    }
}

impl fmt::Debug for IdentityProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentityProvider")
            .field("token_endpoint", &self.token_endpoint)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}
