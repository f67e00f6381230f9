//! OAuth 2.1 for a client over HTTP: what its author decides, and what an [`Authorize`] does with it. How each step is done
//! stands in the files below. Floor 6.

mod address;
mod browser;
mod challenge;
mod code;
mod error;
mod fetch;
mod file;
mod grant;
mod issuer;
mod key;
mod login;
mod loopback;
mod registration;
mod resource;
mod secret;
mod settings;
mod store;
mod token;
mod wallet;

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::HeaderMap;

pub use self::browser::{Browser, Browsing, Page, Visit};
pub use self::error::Error;
pub use self::file::FileStore;
pub use self::key::SigningKey;
pub use self::loopback::Loopback;
pub use self::secret::Secret;
pub use self::settings::{Asserting, Assertion, IdentityProvider};
use self::settings::{Grant, Identity, Settings};
pub use self::store::{CredentialStore, Credentials, Key, MemoryStore, Storing};
use self::wallet::Wallet;
use super::authorize::{Authorize, Authorizing, Challenge, Outgoing};

/// Gets access tokens for a client over HTTP, and renews them.
///
/// Nothing happens until the server refuses a request. Then the client finds out who gives tokens for the server, from the
/// server's protected resource metadata and the authorization server's own, and how to come to one: with the user's consent in
/// a browser unless told otherwise. When the server wants more scopes the user is asked again, for those it had and the new
/// ones. Tokens are renewed before they end, by one request for all that wait.
///
/// ```no_run
/// # async fn example() -> mcp_runtime::Result<()> {
/// use mcp_runtime::Client;
/// use mcp_runtime::client::oauth::{FileStore, OAuth};
///
/// let oauth = OAuth::new()
///     .client_name("my app")
///     .client_metadata_url("https://app.example.com/client.json")
///     .scopes(["notes:read"])
///     .store(FileStore::new("credentials.json"));
/// let client = Client::http("https://mcp.example.com/mcp").authorize(oauth).connect().await?;
/// # let _ = client;
/// # Ok(())
/// # }
/// ```
///
/// One value is for one server: the first that it sees a request to. Its tokens go to no other origin, its credentials to no
/// authorization server but the one that they come from, and nothing is asked that is not `https` and public, unless the server
/// is on this machine. A client in a container, where loopback is not the user's, needs a [`Browser`] of its own.
///
/// It needs a Tokio runtime. What is under way goes on when a request that waits for it is given up, and ends when the value is
/// dropped. Works with every revision since 2025-03-26, the first one with authorization.
pub struct OAuth {
    settings: Settings,
    wallet: OnceLock<Arc<Wallet>>,
}

impl OAuth {
    /// A client that its user consents to, and that the authorization server has not seen before.
    ///
    /// It comes by its metadata document if the authorization server takes that, see [`Self::client_metadata_url`], else it
    /// registers itself (RFC 7591).
    pub fn new() -> Self {
        Self::with(Grant::Code, Identity::Found)
    }

    /// A client that its user consents to, and that was registered by hand: its client id and its secret.
    ///
    /// ```
    /// use mcp_runtime::client::oauth::OAuth;
    ///
    /// let oauth = OAuth::pre_registered("my-app", "its secret").issuer("https://auth.example.com");
    /// # let _ = oauth;
    /// ```
    pub fn pre_registered(client_id: impl Into<String>, client_secret: impl Into<Secret>) -> Self {
        Self::with(Grant::Code, Identity::Secret(client_id.into(), client_secret.into()))
    }

    /// The same without a secret, as is usual for an application that is given to many.
    ///
    /// ```
    /// use mcp_runtime::client::oauth::{Loopback, OAuth};
    ///
    /// let oauth = OAuth::public_client("my-app").browser(Loopback::new().port(49152));
    /// # let _ = oauth;
    /// ```
    pub fn public_client(client_id: impl Into<String>) -> Self {
        Self::with(Grant::Code, Identity::Public(client_id.into()))
    }

    /// A service that speaks for itself, without a user (2025-11-25 and later: extension
    /// `io.modelcontextprotocol/oauth-client-credentials`).
    ///
    /// ```
    /// use mcp_runtime::client::oauth::OAuth;
    ///
    /// let oauth = OAuth::client_credentials("my-service", "its secret").scopes(["notes:read"]);
    /// # let _ = oauth;
    /// ```
    pub fn client_credentials(client_id: impl Into<String>, client_secret: impl Into<Secret>) -> Self {
        Self::with(Grant::ClientCredentials, Identity::Secret(client_id.into(), client_secret.into()))
    }

    /// The same with a key instead of a secret, `private_key_jwt`; see [`SigningKey`] for an example.
    pub fn client_credentials_jwt(client_id: impl Into<String>, key: SigningKey) -> Self {
        Self::with(Grant::ClientCredentials, Identity::Key(client_id.into(), key))
    }

    /// A user of an organisation whose identity provider decides who may use which server (extension
    /// `io.modelcontextprotocol/enterprise-managed-authorization`): nobody is asked. The client id and the secret are those at
    /// the server's authorization server.
    ///
    /// ```
    /// use mcp_runtime::client::oauth::{IdentityProvider, OAuth, Secret};
    ///
    /// # fn id_token_of_the_user() -> Secret { Secret::from("…") }
    /// let provider =
    ///     IdentityProvider::new("https://login.example.com/token", "my-app-there", || async { Ok(id_token_of_the_user()) });
    /// let oauth = OAuth::enterprise_managed(provider, "my-app", "its secret");
    /// # let _ = oauth;
    /// ```
    pub fn enterprise_managed(
        provider: IdentityProvider,
        client_id: impl Into<String>,
        client_secret: impl Into<Secret>,
    ) -> Self {
        Self::with(Grant::Enterprise(provider), Identity::Secret(client_id.into(), client_secret.into()))
    }

    /// A service that the platform which it runs on vouches for: its assertion is presented as it is (RFC 7523 section 2.1).
    /// See [`Assertion`] for an example.
    pub fn workload_identity(assertion: impl Assertion) -> Self {
        Self::with(Grant::Workload(Arc::new(assertion)), Identity::Presented)
    }

    fn with(grant: Grant, identity: Identity) -> Self {
        Self { settings: Settings::new(grant, identity), wallet: OnceLock::new() }
    }

    /// What the authorization server calls the client when it asks the user; unless set, the name of this crate.
    pub fn client_name(mut self, name: impl Into<String>) -> Self {
        self.settings.name = name.into();
        self
    }

    /// Where users find out about the client.
    pub fn client_uri(mut self, uri: impl Into<String>) -> Self {
        self.settings.site = Some(uri.into());
        self
    }

    /// Where the client's metadata document is: an `https` address with a path, which is its client id wherever that is taken.
    ///
    /// The document names the redirect URIs; for [`Loopback`] that is `http://127.0.0.1/callback`, with any port.
    pub fn client_metadata_url(mut self, url: impl Into<String>) -> Self {
        self.settings.metadata_url = Some(url.into());
        self
    }

    /// The scopes to ask for, besides those that the server asks for.
    ///
    /// Unless set, all that the server's metadata names when the server does not ask for any. `offline_access` is added where
    /// the authorization server offers it, and left out where not.
    pub fn scopes<T: Into<String>>(mut self, scopes: impl IntoIterator<Item = T>) -> Self {
        self.settings.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// The issuer identifier of the only authorization server that may see the client's id, secret, key or assertion.
    ///
    /// Unless set, it is the one that the server names first; clients that are not registered by hand register with each.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.settings.issuer = Some(issuer.into());
        self
    }

    /// Where credentials are kept; in memory unless set, which means that users are asked again in each process.
    pub fn store(mut self, store: impl CredentialStore) -> Self {
        self.settings.store = Arc::new(store);
        self
    }

    /// How users are asked; [`Loopback`] unless set.
    pub fn browser(mut self, browser: impl Browser) -> Self {
        self.settings.browser = Arc::new(browser);
        self
    }

    /// Has tokens bound to a key that never leaves the process and its store (`DPoP`, RFC 9449), and refuses others.
    ///
    /// Unless set, that is done where the server demands it.
    ///
    /// ```
    /// use mcp_runtime::client::oauth::OAuth;
    ///
    /// let oauth = OAuth::new().client_name("my app").dpop();
    /// # let _ = oauth;
    /// ```
    pub fn dpop(mut self) -> Self {
        self.settings.binds = true;
        self
    }

    /// How many times in a row, each within a minute of the one before, scopes are added because the server wants more; 3
    /// unless set. After that its refusal goes to the caller. What was asked for and not granted is not asked for again.
    pub fn max_step_ups(mut self, times: u32) -> Self {
        self.settings.step_ups = times;
        self
    }

    /// How long each request for metadata, a registration or a token may take, 30 s unless set.
    pub fn timeout(mut self, time: Duration) -> Self {
        self.settings.time = time;
        self
    }

    /// Lets authorization servers be in private networks, as inside of an organisation. The server can then have this client
    /// ask addresses there.
    pub fn allow_private_addresses(mut self) -> Self {
        self.settings.reaches_private = true;
        self
    }

    fn wallet(&self) -> &Arc<Wallet> {
        self.wallet.get_or_init(|| Arc::new(Wallet::new(self.settings.clone())))
    }
}

impl Default for OAuth {
    fn default() -> Self {
        Self::new()
    }
}

impl Authorize for OAuth {
    fn headers<'a>(&'a self, request: Outgoing<'a>) -> Authorizing<'a, HeaderMap> {
        Box::pin(async move { Ok(self.wallet().headers(request).await?) })
    }

    fn challenged<'a>(&'a self, challenge: Challenge<'a>) -> Authorizing<'a, bool> {
        Box::pin(async move { Ok(self.wallet().challenged(challenge).await?) })
    }

    fn extensions(&self) -> Vec<&'static str> {
        self.settings.grant.extension().into_iter().collect()
    }

    fn identity(&self) -> String {
        self.wallet().held().map(|held| held.credentials.identity.clone()).unwrap_or_default()
    }
}

impl Drop for OAuth {
    fn drop(&mut self) {
        if let Some(wallet) = self.wallet.get() {
            wallet.end();
        }
    }
}

impl fmt::Debug for OAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuth").field("client_name", &self.settings.name).finish_non_exhaustive()
    }
}
