//! Which revision a client and its server speak: asks a server of 2026-07-28 what it is, and shakes hands with an older
//! one. Follows 2026-07-28, "stdio", "Backward Compatibility", and 2025-11-25, "Lifecycle". Floor 6.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use super::connect::Options;
use super::error::Error;
use super::flight::Flight;
use super::stamp::{Meta, Modern, Stamped, decode};
use super::wire::{Answer, Wire};
use crate::error::{MISSING_CLIENT_CAPABILITY, ProtocolError, UNSUPPORTED_PROTOCOL_VERSION};
use crate::message::encode_call;
use crate::method::Method;
use crate::model::lower::Lower;
use crate::model::{
    DiscoverResult, Implementation, InitializeRequestParams, InitializeResult, JsonObject, RequestParams,
    SERVER_INFO_KEY, ServerCapabilities,
};
use crate::revision::Revision;

/// What both sides know of each other once they agree.
#[derive(Clone, Debug)]
pub(super) struct Agreed {
    pub(super) revision: Revision,
    pub(super) server: Option<Implementation>,
    pub(super) capabilities: ServerCapabilities,
    pub(super) instructions: Option<String>,
}

/// Agrees with the server on a revision: the one that is demanded, or the newest that both know.
pub(super) async fn agree(wire: &Arc<Wire>, options: &Options, revision: Option<Revision>) -> Result<Agreed, Error> {
    let shake = Handshake { wire, options, wanted: revision };
    match revision {
        Some(revision) if revision.has_handshake() => shake.initialize(revision).await,
        Some(revision) => shake.discover_only(revision).await,
        None => shake.detect().await,
    }
}

struct Handshake<'a> {
    wire: &'a Arc<Wire>,
    options: &'a Options,
    wanted: Option<Revision>,
}

/// What the answer to `server/discover` says about a server.
enum Verdict {
    /// It speaks these revisions, and this is what it is.
    Discovered(Box<DiscoverResult>),
    /// It speaks these revisions, and not the one that was asked in.
    Other(Vec<String>),
    /// It is of a revision with a handshake.
    Legacy,
}

impl Handshake<'_> {
    /// Finds out which kind of server it is.
    async fn detect(&self) -> Result<Agreed, Error> {
        let mut probe = self.ask().await?;
        let time = self.options.probe.min(self.options.timeout);
        let Some(answer) = self.wire.within(time, probe.answer()).await else {
            return self.initialize_silent(probe).await;
        };
        let verdict = match judge(answer?)? {
            // It refuses the very revision that it offers: once more, and no more than that (2026-07-28, "Versioning",
            // "Protocol Version Negotiation").
            Verdict::Other(offered) if newest(&offered, |revision| revision == Revision::LATEST).is_some() => {
                let mut probe = self.ask().await?;
                judge(self.wait(Method::Discover, self.options.timeout, probe.answer()).await?)?
            }
            verdict => verdict,
        };
        match verdict {
            Verdict::Discovered(result) => match newest(&result.supported_versions, |_| true) {
                Some(revision) if revision.has_handshake() => self.initialize(revision).await,
                Some(revision) => Ok(self.discovered(revision, *result)),
                None => Err(Error::Version { server: String::new(), wanted: None, offered: result.supported_versions }),
            },
            // The refused revision is the only one without a handshake that this client knows.
            Verdict::Other(offered) => match newest(&offered, Revision::has_handshake) {
                Some(revision) => self.initialize(revision).await,
                None => Err(Error::Version { server: String::new(), wanted: None, offered }),
            },
            Verdict::Legacy => self.initialize(Revision::LATEST_WITH_HANDSHAKE).await,
        }
    }

    /// Shakes hands with a server that did not answer the probe: an old one, or one that is slow to start.
    async fn initialize_silent(&self, mut probe: Flight) -> Result<Agreed, Error> {
        let refused = match self.initialize(Revision::LATEST_WITH_HANDSHAKE).await {
            Err(error @ (Error::Protocol { .. } | Error::Status { .. })) => error,
            agreed => return agreed,
        };
        // A slow server of 2026-07-28 refuses `initialize`; the answer to the probe came before, or is about to.
        let late = self.wire.within(self.options.probe.min(self.options.timeout), probe.answer()).await;
        let Some(Ok(answer)) = late else { return Err(refused) };
        let offered = match judge(answer)? {
            Verdict::Discovered(result) if newest(&result.supported_versions, |_| true) == Some(Revision::LATEST) => {
                return Ok(self.discovered(Revision::LATEST, *result));
            }
            Verdict::Discovered(result) => result.supported_versions,
            Verdict::Other(offered) => offered,
            Verdict::Legacy => return Err(refused),
        };
        Err(Error::Version { server: String::new(), wanted: None, offered })
    }

    /// Asks for this revision and takes no other.
    async fn discover_only(&self, wanted: Revision) -> Result<Agreed, Error> {
        let mut probe = self.ask().await?;
        let mut answer = self.wait(Method::Discover, self.options.timeout, probe.answer()).await?;
        if let Answer::Error(error) = &answer
            && offered(&ProtocolError::read(std::str::from_utf8(error).unwrap_or_default()))
                .is_some_and(|names| newest(&names, |name| name == wanted).is_some())
        {
            probe = self.ask().await?;
            answer = self.wait(Method::Discover, self.options.timeout, probe.answer()).await?;
        }
        let bytes = answer.result(Method::Discover).map_err(|refused| match refused.protocol().and_then(offered) {
            Some(offered) => Error::Version { server: String::new(), wanted: Some(wanted), offered },
            None => refused,
        })?;
        let result: DiscoverResult = decode(Method::Discover, &bytes)?;
        if result.supported_versions.iter().any(|name| name == wanted.as_str()) {
            return Ok(self.discovered(wanted, result));
        }
        Err(Error::Version { server: String::new(), wanted: Some(wanted), offered: result.supported_versions })
    }

    /// Sends the probe.
    async fn ask(&self) -> Result<Flight, Error> {
        let mut capabilities = self.options.identity.capabilities.clone();
        capabilities.lower(Revision::LATEST);
        let (own, info) = (JsonObject::new(), &self.options.identity.info);
        let modern = Modern { revision: Revision::LATEST, info, capabilities: &capabilities, log_level: None };
        let params = RequestParams::default();
        let stamped = Stamped { params: &params, meta: Meta { own: &own, progress_token: None, modern: Some(modern) } };
        let encode = |out: &mut Vec<u8>, id: &_| encode_call(out, Some(id), Method::Discover.as_str(), Some(&stamped));
        self.wire.send(None, encode).await.map(Flight::without_notice)
    }

    fn discovered(&self, revision: Revision, result: DiscoverResult) -> Agreed {
        self.wire.agree(revision);
        let server = result.meta.and_then(|mut meta| serde_json::from_value(meta.remove(SERVER_INFO_KEY)?).ok());
        Agreed { revision, server, capabilities: result.capabilities, instructions: result.instructions }
    }

    /// Shakes hands, and once more if the server refuses the revision and names another, or knows only the transport of
    /// 2024-11-05.
    async fn initialize(&self, revision: Revision) -> Result<Agreed, Error> {
        let refused = match self.initialize_with(revision).await {
            Err(error @ Error::Protocol { .. }) => error,
            Err(error) if error.may_be_older_transport() => {
                return if self.wire.fall_back().await? { self.initialize_with(revision).await } else { Err(error) };
            }
            agreed => return agreed,
        };
        // A server that offers what it refuses means something else.
        let offered = refused.protocol().and_then(supported);
        let Some(offered) = offered.filter(|names| newest(names, |name| name == revision).is_none()) else {
            return Err(refused);
        };
        match newest(&offered, Revision::has_handshake) {
            Some(other) if self.wanted.is_none() => self.initialize_with(other).await,
            _ => Err(Error::Version { server: String::new(), wanted: self.wanted, offered }),
        }
    }

    async fn initialize_with(&self, revision: Revision) -> Result<Agreed, Error> {
        let identity = &self.options.identity;
        let mut params = InitializeRequestParams {
            protocol_version: revision.as_str().to_owned(),
            capabilities: identity.capabilities.clone(),
            client_info: identity.info.clone(),
            meta: None,
        };
        params.lower(revision);
        let encode = |out: &mut Vec<u8>, id: &_| encode_call(out, Some(id), Method::Initialize.as_str(), Some(&params));
        let mut flight = self.wire.send(None, encode).await?.without_notice();
        let answer = self.wait(Method::Initialize, self.options.timeout, flight.answer()).await?;
        let bytes = answer.result(Method::Initialize)?;
        let result: InitializeResult = decode(Method::Initialize, &bytes)?;
        let wanted = self.wanted;
        let answered = Revision::parse(&result.protocol_version)
            .filter(|answered| answered.has_handshake() && wanted.is_none_or(|wanted| wanted == *answered))
            .ok_or_else(|| Error::Version { server: String::new(), wanted, offered: vec![result.protocol_version] })?;
        self.wire.agree(answered);
        if let Some(told) = self.wire.notify(Method::Initialized) {
            // The server must know before anything else reaches it. Whether it likes it shows with the next request.
            let _ = self.wire.within(self.options.timeout, told).await;
        }
        Ok(Agreed {
            revision: answered,
            server: Some(result.server_info),
            capabilities: result.capabilities,
            instructions: result.instructions,
        })
    }

    async fn wait(
        &self,
        method: Method,
        time: Duration,
        answer: impl Future<Output = Result<Answer, Error>>,
    ) -> Result<Answer, Error> {
        self.wire.within(time, answer).await.unwrap_or(Err(Error::Timeout {
            server: String::new(),
            method,
            after: time,
        }))
    }
}

/// Reads what the server is from its answer to the probe. What is no recognized answer of a server of 2026-07-28 is one of
/// an older server, which may answer anything.
fn judge(answer: Answer) -> Result<Verdict, Error> {
    let error = match answer.result(Method::Discover) {
        Ok(bytes) => return Ok(crate::text::from_bytes(&bytes).map_or(Verdict::Legacy, Verdict::Discovered)),
        Err(error) => error,
    };
    match &error {
        Error::Protocol { error: refusal, .. } => match offered(refusal) {
            Some(offered) => Ok(Verdict::Other(offered)),
            None if refusal.code() == MISSING_CLIENT_CAPABILITY => Err(error),
            None => Ok(Verdict::Legacy),
        },
        _ if error.says_nothing_of_the_server() => Err(error),
        _ => Ok(Verdict::Legacy),
    }
}

/// What a server of 2026-07-28 offers instead of the revision that it refuses.
fn offered(error: &ProtocolError) -> Option<Vec<String>> {
    if error.code() == UNSUPPORTED_PROTOCOL_VERSION { supported(error) } else { None }
}

/// The revisions that a refusal names, in every revision in the same place.
fn supported(error: &ProtocolError) -> Option<Vec<String>> {
    Vec::deserialize(error.data()?.get("supported")?).ok()
}

/// The newest of these revisions that is known and fits.
fn newest(names: &[String], fits: impl Fn(Revision) -> bool) -> Option<Revision> {
    names.iter().filter_map(|name| Revision::parse(name)).filter(|revision| fits(*revision)).max()
}
