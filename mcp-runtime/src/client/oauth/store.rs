//! Where credentials live between connections: the trait, and the one that keeps them in memory. Floor 6.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::error::Error;
use super::secret::{Secret, plain, plain_option};
use super::token::Proof;

/// What a [`CredentialStore`] returns: a future, boxed so that the trait can be a trait object.
pub type Storing<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// What credentials belong to. They are shown to no other authorization server and to no other resource.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Key {
    /// The issuer identifier of the authorization server.
    pub issuer: String,
    /// The resource indicator of the server.
    pub resource: String,
}

/// What a client holds for one server: its registration, its tokens, the key that they are bound to.
///
/// A store keeps it as what it serializes to, which contains the secrets in plain text. `Debug` shows none.
#[derive(Clone, Serialize, Deserialize)]
pub struct Credentials {
    pub(super) registration: Registration,
    #[serde(serialize_with = "plain")]
    pub(super) access_token: Secret,
    /// Whether a proof goes with the token (`DPoP`); else it is good for whoever has it.
    #[serde(default, serialize_with = "plain_option")]
    pub(super) binding_key: Option<Secret>,
    #[serde(default, serialize_with = "plain_option")]
    pub(super) refresh_token: Option<Secret>,
    /// In seconds since 1970.
    pub(super) expires_at: Option<u64>,
    /// From when on the token is better renewed, in seconds since 1970.
    pub(super) renew_at: Option<u64>,
    /// What was asked for.
    pub(super) scopes: Vec<String>,
    /// The same for all tokens that come from one authorization.
    pub(super) identity: String,
}

/// As whom an authorization server knows the client.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Registration {
    pub(super) client_id: String,
    pub(super) proof: Proof,
    /// What was registered; only then is it known.
    pub(super) redirect_uri: Option<String>,
    /// When the registration ends, in seconds since 1970.
    pub(super) expires_at: Option<u64>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("client_id", &self.registration.client_id)
            .field("scopes", &self.scopes)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// Keeps credentials between connections.
///
/// [`MemoryStore`] and [`FileStore`](super::FileStore) are there; a keychain of the system is an implementation away.
pub trait CredentialStore: Send + Sync + 'static {
    /// What was saved last under this key.
    ///
    /// # Errors
    /// [`Error::Store`], made with [`Error::store`]: the request that needs credentials fails with it.
    fn load<'a>(&'a self, key: &'a Key) -> Storing<'a, Option<Credentials>>;

    /// Keeps this under the key, in place of what is there.
    ///
    /// # Errors
    /// The same.
    fn save<'a>(&'a self, key: &'a Key, credentials: &'a Credentials) -> Storing<'a, ()>;

    /// Forgets what is there under the key.
    ///
    /// # Errors
    /// The same.
    fn remove<'a>(&'a self, key: &'a Key) -> Storing<'a, ()>;
}

/// Keeps credentials as long as the process runs; what [`OAuth`](super::OAuth) does unless told otherwise.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<HashMap<Key, Credentials>>);

impl MemoryStore {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<Key, Credentials>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CredentialStore for MemoryStore {
    fn load<'a>(&'a self, key: &'a Key) -> Storing<'a, Option<Credentials>> {
        Box::pin(async move { Ok(self.entries().get(key).cloned()) })
    }

    fn save<'a>(&'a self, key: &'a Key, credentials: &'a Credentials) -> Storing<'a, ()> {
        Box::pin(async move {
            self.entries().insert(key.clone(), credentials.clone());
            Ok(())
        })
    }

    fn remove<'a>(&'a self, key: &'a Key) -> Storing<'a, ()> {
        Box::pin(async move {
            self.entries().remove(key);
            Ok(())
        })
    }
}
