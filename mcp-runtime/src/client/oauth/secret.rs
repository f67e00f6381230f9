//! A text that must not be shown: passwords, tokens, keys. Floor 6.

use std::fmt;

use serde::{Deserialize, Serializer};

/// A password, a token or a key.
///
/// `Debug` shows nothing of it, it has no `Display`, and no error or log of this crate repeats it.
///
/// ```
/// use mcp_runtime::client::oauth::Secret;
///
/// let secret = Secret::from("hunter2");
/// assert!(!format!("{secret:?}").contains("hunter2"));
/// assert_eq!(secret.reveal(), "hunter2");
/// ```
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The text itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Writes a secret in plain text: only for what a store keeps, which is why [`Secret`] itself does not serialize.
pub(super) fn plain<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&secret.0)
}

/// The same for one that may be missing.
#[expect(clippy::ref_option, reason = "serde calls it with a reference to the field")]
pub(super) fn plain_option<S: Serializer>(secret: &Option<Secret>, serializer: S) -> Result<S::Ok, S::Error> {
    match secret {
        Some(secret) => serializer.serialize_some(secret.reveal()),
        None => serializer.serialize_none(),
    }
}

/// What somebody else wrote, without the secrets that it may repeat.
pub(super) fn scrubbed<'s>(text: &str, secrets: impl IntoIterator<Item = &'s Secret>) -> String {
    let mut text = text.to_owned();
    for secret in secrets {
        if !secret.0.is_empty() {
            text = text.replace(&secret.0, "…");
        }
    }
    text
}
