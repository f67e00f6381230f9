//! What can go wrong on the way to an access token. What others wrote is shortened and made harmless for a terminal; secrets
//! are never part of it. Floor 6.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use crate::error::quoted;

/// Why a client could not get an access token.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Error {
    /// An address that the client was told to ask is not one it asks: not `https`, or not public.
    #[non_exhaustive]
    Address {
        /// The address.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An address did not answer, not in time, or with too much.
    #[non_exhaustive]
    Fetch {
        /// The address.
        url: String,
        /// What happened.
        reason: String,
        /// What the network said.
        source: Option<Arc<dyn StdError + Send + Sync>>,
    },
    /// What an address answered makes no sense, or must not be used.
    #[non_exhaustive]
    Metadata {
        /// The address.
        url: String,
        /// What is wrong with the answer.
        reason: String,
    },
    /// The protected resource metadata is for another server (RFC 9728 section 3.3).
    #[non_exhaustive]
    Resource {
        /// The server's address.
        server: String,
        /// The resource that the metadata is for.
        found: String,
    },
    /// An authorization server says that it is another one: its metadata (RFC 8414 section 3.3), or its authorization
    /// response (RFC 9207 section 2.4).
    #[non_exhaustive]
    Issuer {
        /// The issuer that was asked.
        expected: String,
        /// Who answered; `None` if the answer does not say, though it should.
        found: Option<String>,
    },
    /// The client's credentials belong to another authorization server than the one that the server names now.
    #[non_exhaustive]
    Bound {
        /// The issuer that the credentials belong to.
        issuer: String,
        /// The issuers that the server names.
        named: Vec<String>,
    },
    /// The authorization server lacks what this needs.
    #[non_exhaustive]
    Unsupported {
        /// The issuer.
        issuer: String,
        /// What is missing, and what to do.
        reason: String,
    },
    /// The authorization server answered with an error.
    #[non_exhaustive]
    Refused {
        /// What it was asked for.
        request: &'static str,
        /// The issuer or the address.
        by: String,
        /// Its code, such as `invalid_grant`.
        code: String,
        /// What it says of it.
        description: Option<String>,
    },
    /// The user could not be asked, or did not answer.
    #[non_exhaustive]
    Browser {
        /// What happened.
        reason: String,
        /// Why.
        source: Option<Arc<dyn StdError + Send + Sync>>,
    },
    /// The answer to the authorization request does not belong to it: its `state` is another one.
    State,
    /// A request goes to another origin than the first one of this client; credentials are for one server alone.
    #[non_exhaustive]
    Origin {
        /// The server that the credentials are for.
        server: String,
        /// Where the request goes.
        request: String,
    },
    /// The credentials cannot be kept or read.
    #[non_exhaustive]
    Store {
        /// What happened.
        reason: String,
        /// Why.
        source: Option<Arc<dyn StdError + Send + Sync>>,
    },
    /// A key cannot be used, or an assertion cannot be had.
    #[non_exhaustive]
    Key {
        /// What is wrong.
        reason: String,
        /// Why.
        source: Option<Arc<dyn StdError + Send + Sync>>,
    },
}

impl Error {
    pub(super) fn address(url: &str, reason: impl Into<String>) -> Self {
        Self::Address { url: url.to_owned(), reason: reason.into() }
    }

    pub(super) fn fetch(url: &str, reason: impl Into<String>) -> Self {
        Self::Fetch { url: url.to_owned(), reason: reason.into(), source: None }
    }

    pub(super) fn metadata(url: &str, reason: impl Into<String>) -> Self {
        Self::Metadata { url: url.to_owned(), reason: reason.into() }
    }

    pub(super) fn unsupported(issuer: &str, reason: impl Into<String>) -> Self {
        Self::Unsupported { issuer: issuer.to_owned(), reason: reason.into() }
    }

    pub(super) fn key(reason: impl Into<String>) -> Self {
        Self::Key { reason: reason.into(), source: None }
    }

    /// The user could not be asked, or did not answer: for implementations of [`Browser`](super::Browser).
    pub fn browser(reason: impl Into<String>) -> Self {
        Self::Browser { reason: reason.into(), source: None }
    }

    /// The credentials cannot be kept or read: for implementations of [`CredentialStore`](super::CredentialStore).
    pub fn store(reason: impl Into<String>) -> Self {
        Self::Store { reason: reason.into(), source: None }
    }

    /// An assertion cannot be had: for implementations of [`Assertion`](super::Assertion).
    pub fn assertion(reason: impl Into<String>) -> Self {
        Self::key(reason)
    }

    /// The same, because of this.
    pub fn because(mut self, cause: impl StdError + Send + Sync + 'static) -> Self {
        if let Self::Fetch { source, .. }
        | Self::Browser { source, .. }
        | Self::Store { source, .. }
        | Self::Key { source, .. } = &mut self
        {
            *source = Some(Arc::new(cause));
        }
        self
    }

    /// Whether asking the same again would be answered the same.
    pub(super) fn is_final(&self) -> bool {
        self.is_refusal() || matches!(self, Self::State | Self::Issuer { .. })
    }

    /// Whether the authorization server says that a grant, such as a refresh token, is worth nothing any more.
    pub(super) fn is_refusal(&self) -> bool {
        const LATER: [&str; 3] = ["server_error", "slow_down", "temporarily_unavailable"];
        matches!(self, Self::Refused { code, .. } if !LATER.contains(&code.as_str()))
    }

    /// Whether the authorization server does not know the client any more.
    pub(super) fn is_unknown_client(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if code == "invalid_client" || code == "unauthorized_client")
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address { url, reason } => write!(f, "{} is not asked: {reason}", quoted(url)),
            Self::Fetch { url, reason, .. } => write!(f, "{} cannot be read: {reason}", quoted(url)),
            Self::Metadata { url, reason } => write!(f, "what {} answers cannot be used: {reason}", quoted(url)),
            Self::Resource { server, found } => write!(
                f,
                "the metadata of {} is for {}: a token for one must not be asked for the other",
                quoted(server),
                quoted(found)
            ),
            Self::Issuer { expected, found: Some(found) } => {
                write!(f, "the authorization server {} answers as {}", quoted(expected), quoted(found))
            }
            Self::Issuer { expected, found: None } => {
                write!(f, "the answer does not say that it comes from the authorization server {}", quoted(expected))
            }
            Self::Bound { issuer, named } => bound(f, issuer, named),
            Self::Unsupported { issuer, reason } => {
                write!(f, "the authorization server {} cannot be used: {reason}", quoted(issuer))
            }
            Self::Refused { request, by, code, description } => {
                write!(f, "{} refused {request}: {}", quoted(by), quoted(code))?;
                description.as_ref().map_or(Ok(()), |text| write!(f, ", {}", quoted(text)))
            }
            Self::Browser { reason, .. } => write!(f, "the user could not be asked: {reason}"),
            Self::State => {
                f.write_str("an authorization response has the wrong `state`: somebody else may have made it")
            }
            Self::Origin { server, request } => {
                write!(f, "the credentials are for {}, the request goes to {}", quoted(server), quoted(request))
            }
            Self::Store { reason, .. } => write!(f, "the stored credentials cannot be used: {reason}"),
            Self::Key { reason, .. } => f.write_str(reason),
        }
    }
}

fn bound(f: &mut fmt::Formatter<'_>, issuer: &str, named: &[String]) -> fmt::Result {
    /// A server that names more than these does not mean to help.
    const SHOWN: usize = 5;
    let named: Vec<_> = named.iter().take(SHOWN).map(|name| quoted(name)).collect();
    let issuer = quoted(issuer);
    write!(f, "the credentials are for the authorization server {issuer}, the server names {}", named.join(", "))
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Fetch { source, .. }
            | Self::Browser { source, .. }
            | Self::Store { source, .. }
            | Self::Key { source, .. } => source.as_ref().map(|source| source.as_ref() as _),
            _ => None,
        }
    }
}
