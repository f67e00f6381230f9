//! Keys of a client: one that proves who the client is (RFC 7523), one that its tokens are bound to (`DPoP`, RFC 9449).
//! Floor 6.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::HeaderMap;
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use oauth2::url::Url;
use serde::Serialize;

use super::error::Error;
use super::secret::Secret;

/// How long an assertion is good for: long enough for clocks that differ, and no longer.
const ASSERTION: Duration = Duration::from_mins(5);
/// Nonces are kept for the server and its authorization servers. More origins than these make no sense.
const MOST_NONCES: usize = 16;

/// A private key with which a client proves who it is, `private_key_jwt` (RFC 7523 section 2.2).
///
/// `Debug` shows nothing of it.
///
/// ```no_run
/// use mcp_runtime::client::oauth::{OAuth, SigningKey};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let key = SigningKey::from_pem("ES256", &std::fs::read_to_string("key.pem")?)?.key_id("2026-07");
/// let oauth = OAuth::client_credentials_jwt("my-service", key);
/// # let _ = oauth;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SigningKey {
    key: EncodingKey,
    algorithm: Algorithm,
    id: Option<String>,
}

impl SigningKey {
    /// A key in PEM, and the algorithm to sign with, by its name in JOSE: `ES256`, `ES384`, `RS256` to `RS512`, `PS256` to
    /// `PS512`, or `EdDSA`.
    ///
    /// # Errors
    /// [`Error::Key`] if the algorithm is unknown, or if the text is no private key for it. Keys on elliptic curves must be in
    /// PKCS#8.
    pub fn from_pem(algorithm: &str, pem: &str) -> Result<Self, Error> {
        let parsed = Algorithm::from_str(algorithm).map_err(|_| unknown(algorithm))?;
        let key = match parsed {
            Algorithm::ES256 | Algorithm::ES384 => EncodingKey::from_ec_pem(pem.as_bytes()),
            Algorithm::EdDSA => EncodingKey::from_ed_pem(pem.as_bytes()),
            Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => return Err(unknown(algorithm)),
            _ => EncodingKey::from_rsa_pem(pem.as_bytes()),
        };
        let key = key.map_err(|_| Error::key(format!("the text is no private key in PEM for {algorithm}")))?;
        Ok(Self { key, algorithm: parsed, id: None })
    }

    /// The name by which the authorization server knows the key, `kid`.
    pub fn key_id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Proves to an authorization server that this is the client.
    pub(super) fn assertion(&self, client: &str, audience: &str) -> Result<Secret, Error> {
        #[derive(Serialize)]
        struct Claims<'a> {
            iss: &'a str,
            sub: &'a str,
            aud: &'a str,
            iat: u64,
            exp: u64,
            jti: String,
        }
        let now = now();
        let exp = now + ASSERTION.as_secs();
        let claims = Claims { iss: client, sub: client, aud: audience, iat: now, exp, jti: random()? };
        let header = Header { kid: self.id.clone(), ..Header::new(self.algorithm) };
        signed(&header, &claims, &self.key).map(Secret::from)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("algorithm", &self.algorithm).field("id", &self.id).finish_non_exhaustive()
    }
}

fn unknown(algorithm: &str) -> Error {
    let algorithm = crate::error::quoted(algorithm);
    Error::key(format!("{algorithm} is no algorithm for a private key: use ES256, RS256, PS256 or EdDSA"))
}

/// A key that tokens are bound to, made here and known to nobody else.
#[derive(Clone)]
pub(super) struct BindingKey {
    key: EncodingKey,
    public: Arc<Jwk>,
    /// As a store keeps it.
    kept: Secret,
}

impl BindingKey {
    pub(super) fn generate() -> Result<Self, Error> {
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
            .map_err(|_| Error::key("no key can be made for DPoP"))?;
        Self::restore(&Secret::from(STANDARD.encode(document.as_ref())))
    }

    pub(super) fn restore(kept: &Secret) -> Result<Self, Error> {
        let unusable = || Error::key("the stored key for DPoP cannot be used");
        let key = EncodingKey::from_ec_der(&STANDARD.decode(kept.reveal()).map_err(|_| unusable())?);
        let public = Jwk::from_encoding_key(&key, Algorithm::ES256).map_err(|_| unusable())?;
        Ok(Self { key, public: Arc::new(public), kept: kept.clone() })
    }

    pub(super) fn kept(&self) -> &Secret {
        &self.kept
    }

    /// Names the key in an authorization request (RFC 9449 section 10).
    pub(super) fn thumbprint(&self) -> Result<String, Error> {
        self.public.thumbprint(ThumbprintHash::SHA256).map_err(|_| Error::key("the key for DPoP has no thumbprint"))
    }

    /// A proof for one request (RFC 9449 section 4.2); with a token, for that one alone.
    pub(super) fn proof(
        &self,
        method: &str,
        url: &Url,
        token: Option<&Secret>,
        nonce: Option<String>,
    ) -> Result<String, Error> {
        #[derive(Serialize)]
        struct Claims<'a> {
            jti: String,
            htm: &'a str,
            htu: &'a str,
            iat: u64,
            #[serde(skip_serializing_if = "Option::is_none")]
            ath: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            nonce: Option<String>,
        }
        let mut target = url.clone();
        target.set_query(None);
        target.set_fragment(None);
        let ath = token.map(|token| URL_SAFE_NO_PAD.encode(digest(&SHA256, token.reveal().as_bytes())));
        let claims = Claims { jti: random()?, htm: method, htu: target.as_str(), iat: now(), ath, nonce };
        let jwk = Some(Jwk::clone(&self.public));
        let header = Header { typ: Some("dpop+jwt".to_owned()), jwk, ..Header::new(Algorithm::ES256) };
        signed(&header, &claims, &self.key)
    }
}

/// The nonces that servers want to see in proofs, by origin (RFC 9449 sections 8 and 9).
#[derive(Debug, Default)]
pub(super) struct Nonces(Mutex<BTreeMap<String, String>>);

impl Nonces {
    /// Keeps the nonce of an answer. Says whether there is a new one.
    pub(super) fn keep(&self, url: &Url, headers: &HeaderMap) -> bool {
        let Some(nonce) = headers.get("DPoP-Nonce").and_then(|value| value.to_str().ok()) else { return false };
        let mut known = self.known();
        if known.len() >= MOST_NONCES {
            known.clear();
        }
        known.insert(url.origin().ascii_serialization(), nonce.to_owned()).as_deref() != Some(nonce)
    }

    pub(super) fn of(&self, url: &Url) -> Option<String> {
        self.known().get(&url.origin().ascii_serialization()).cloned()
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn signed(header: &Header, claims: &impl Serialize, key: &EncodingKey) -> Result<String, Error> {
    encode(header, claims, key).map_err(|_| Error::key("the key cannot sign with the algorithm that was chosen"))
}

/// 128 random bits as text.
pub(super) fn random() -> Result<String, Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| Error::key("the system has no random numbers"))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binding_key_survives_a_store_and_shows_only_its_public_half() {
        let key = BindingKey::generate().unwrap();
        let restored = BindingKey::restore(key.kept()).unwrap();
        assert_eq!(key.thumbprint().unwrap(), restored.thumbprint().unwrap());
        assert_ne!(key.thumbprint().unwrap(), BindingKey::generate().unwrap().thumbprint().unwrap());
        let public = serde_json::to_value(&*key.public).unwrap();
        assert!(public.get("d").is_none() && public["crv"] == "P-256", "{public}");
        assert!(BindingKey::restore(&Secret::from("AAAA")).is_err());
    }

    #[test]
    fn a_key_that_is_none_is_refused_without_being_shown() {
        for (algorithm, pem) in [("ES256", "hunter2"), ("RS256", "hunter2"), ("HS256", "hunter2"), ("none", "hunter2")]
        {
            let error = SigningKey::from_pem(algorithm, pem).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"));
        }
    }

    #[test]
    fn nonces_belong_to_their_origin() {
        let nonces = Nonces::default();
        let url = |text: &str| Url::parse(text).unwrap();
        let mut headers = HeaderMap::new();
        assert!(!nonces.keep(&url("https://a.example/x"), &headers));
        headers.insert("DPoP-Nonce", "n1".parse().unwrap());
        assert!(nonces.keep(&url("https://a.example/x"), &headers));
        assert!(!nonces.keep(&url("https://a.example/y"), &headers), "it is not new");
        assert_eq!(nonces.of(&url("https://a.example/z")).as_deref(), Some("n1"));
        assert_eq!(nonces.of(&url("https://b.example/x")), None);
        for n in 0..1000 {
            nonces.keep(&url(&format!("https://h{n}.example")), &headers);
        }
        assert!(nonces.known().len() <= MOST_NONCES);
    }
}
