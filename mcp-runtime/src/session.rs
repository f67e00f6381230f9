//! What a connection remembers of its client: up to 2025-11-25 what `initialize` agreed on, in 2026-07-28 nothing. Also
//! reads from a request which of the two it belongs to. Floor 3.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::context::{Client, RequestMeta};
use crate::error::{ProtocolError, reason};
use crate::message::{Text, slice};
use crate::method::Method;
use crate::model::{
    CLIENT_CAPABILITIES_KEY, InitializeRequestParams, LoggingLevel, PROTOCOL_VERSION_KEY, SetLevelRequestParams,
};
use crate::pending::Pending;
use crate::revision::Revision;
use crate::subscribe::{Hub, Watcher};

/// A session, from `initialize` to the end of the connection.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) revision: Revision,
    pub(crate) client: Arc<Client>,
    /// The lowest level of log messages to send.
    pub(crate) log_level: Arc<AtomicU8>,
    /// What the server asked the client and was not answered yet.
    pub(crate) pending: Arc<Pending>,
    /// What the client is told of.
    pub(crate) watcher: Arc<Watcher>,
}

impl Session {
    /// Opens a session from the parameters of `initialize`.
    pub(crate) fn open(params: Option<&Bytes>, hub: &Hub) -> Result<Self, ProtocolError> {
        let params = params.map_or(&b"{}"[..], |params| params);
        let params: InitializeRequestParams = serde_json::from_slice(params).map_err(|error| {
            ProtocolError::invalid_params(format!("wrong parameters for `initialize`: {}", reason(&error)))
        })?;
        let watcher = hub.watch();
        watcher.want_lists();
        Ok(Self {
            revision: Revision::negotiate(&params.protocol_version),
            client: Arc::new(Client { info: Some(params.client_info), capabilities: params.capabilities }),
            log_level: Arc::new(AtomicU8::new(LoggingLevel::Info as u8)),
            pending: Arc::default(),
            watcher,
        })
    }

    /// A session that was opened elsewhere.
    #[cfg(feature = "http")]
    pub(crate) fn restored(revision: Revision, client: Client, level: u8, hub: &Hub) -> Self {
        let watcher = hub.watch();
        watcher.want_lists();
        let log_level = Arc::new(AtomicU8::new(level));
        Self { revision, client: Arc::new(client), log_level, pending: Arc::default(), watcher }
    }

    /// Answers `logging/setLevel`.
    pub(crate) fn set_level(&self, params: Option<&Bytes>) -> Result<(), ProtocolError> {
        let params: SetLevelRequestParams =
            params.and_then(|params| serde_json::from_slice(params).ok()).ok_or_else(|| {
                ProtocolError::invalid_params(
                    "`level` must be one of debug, info, notice, warning, error, critical, alert and emergency",
                )
            })?;
        self.log_level.store(params.level as u8, Ordering::Relaxed);
        Ok(())
    }
}

/// The members of a request's parameters that the server looks at before the method does.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Outline<'a> {
    #[serde(rename = "_meta", borrow)]
    meta: Option<&'a RawValue>,
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    #[serde(borrow)]
    uri: Option<&'a RawValue>,
    #[serde(rename = "taskId", borrow)]
    task_id: Option<&'a RawValue>,
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
    #[serde(rename = "inputResponses", borrow)]
    input_responses: Option<&'a RawValue>,
    #[serde(rename = "requestState", borrow)]
    request_state: Option<&'a RawValue>,
}

/// A request's parameters, taken apart as far as every method needs it.
#[derive(Default)]
pub(crate) struct Params {
    pub(crate) name: Box<str>,
    pub(crate) arguments: Option<Bytes>,
    pub(crate) meta: Option<Bytes>,
    /// Whether it carries answers or state of an earlier round.
    pub(crate) carries: bool,
    pub(crate) facts: Facts,
}

/// What a request says of itself in `_meta`.
#[derive(Default)]
pub(crate) struct Facts {
    pub(crate) progress_token: Option<crate::model::ProgressToken>,
    /// The revision by name, present in 2026-07-28 only.
    pub(crate) revision: Option<String>,
    pub(crate) client: Option<Stated>,
    pub(crate) log_level: Option<LoggingLevel>,
}

/// What a request states of its client, as it came.
pub(crate) struct Stated {
    info: Option<Bytes>,
    capabilities: Bytes,
}

/// The client that stated something last. A client states the same in every request, so it is rarely read anew.
#[derive(Debug, Default)]
pub(crate) struct Clients(Mutex<Option<Known>>);

#[derive(Debug)]
struct Known {
    info: Option<Box<[u8]>>,
    capabilities: Box<[u8]>,
    client: Arc<Client>,
}

/// The longest statement that is remembered, in bytes.
const REMEMBERED: usize = 4096;

impl Clients {
    /// Reads what a request states of its client.
    ///
    /// # Errors
    /// Members of the wrong type.
    pub(crate) fn of(&self, stated: &Stated) -> Result<Arc<Client>, ProtocolError> {
        let is_same = |known: &&Known| {
            *known.capabilities == *stated.capabilities && known.info.as_deref() == stated.info.as_deref()
        };
        if let Some(known) = self.lock().as_ref().filter(is_same) {
            return Ok(Arc::clone(&known.client));
        }
        let wrong =
            |error: serde_json::Error| ProtocolError::invalid_params(format!("wrong `_meta`: {}", reason(&error)));
        let info = stated.info.as_deref().map(serde_json::from_slice).transpose().map_err(wrong)?;
        let capabilities = serde_json::from_slice(&stated.capabilities).map_err(wrong)?;
        let client = Arc::new(Client { info, capabilities });
        if stated.capabilities.len() + stated.info.as_ref().map_or(0, Bytes::len) <= REMEMBERED {
            *self.lock() = Some(Known {
                info: stated.info.as_deref().map(Box::from),
                capabilities: Box::from(&*stated.capabilities),
                client: Arc::clone(&client),
            });
        }
        Ok(client)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Known>> {
        // Nothing that can panic runs while it is locked but an allocation.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Params {
    /// Takes the parameters apart.
    ///
    /// # Errors
    /// Members of the wrong type, or that stand twice; for a method that needs a name, the lack of it.
    pub(crate) fn read(method: Method, params: Option<&Bytes>) -> Result<Self, ProtocolError> {
        let Some(params) = params else {
            return match wanted(method) {
                Some(name) => Err(missing(method, name)),
                None => Ok(Self::default()),
            };
        };
        let outline: Outline<'_> = serde_json::from_slice(params).map_err(|error| {
            ProtocolError::invalid_params(format!("wrong parameters for `{}`: {}", method.as_str(), reason(&error)))
        })?;
        let name = match wanted(method) {
            None => Box::default(),
            Some(member) => {
                let raw = match member {
                    "uri" => outline.uri,
                    "taskId" => outline.task_id,
                    _ => outline.name,
                };
                let raw = raw.ok_or_else(|| missing(method, member))?;
                let text: Text<'_> = serde_json::from_str(raw.get())
                    .map_err(|_| ProtocolError::invalid_params(format!("`{member}` must be a string")))?;
                text.0.into_owned().into_boxed_str()
            }
        };
        if let Some(raw) = outline.arguments.filter(|raw| !raw.get().starts_with('{')) {
            let kind = crate::message::kind_of(raw.get());
            return Err(ProtocolError::invalid_params(format!("`arguments` must be an object, not {kind}")));
        }
        let facts = outline.meta.map(|meta| Facts::read(params, meta)).transpose()?.unwrap_or_default();
        Ok(Self {
            name,
            arguments: outline.arguments.map(|raw| slice(params, raw)),
            meta: outline.meta.map(|raw| slice(params, raw)),
            carries: outline.input_responses.is_some() || outline.request_state.is_some(),
            facts,
        })
    }
}

/// The member that names what a method is about.
fn wanted(method: Method) -> Option<&'static str> {
    match method {
        Method::CallTool | Method::GetPrompt => Some("name"),
        Method::ReadResource | Method::Subscribe | Method::Unsubscribe => Some("uri"),
        Method::GetTask | Method::UpdateTask | Method::CancelTask => Some("taskId"),
        _ => None,
    }
}

fn missing(method: Method, member: &str) -> ProtocolError {
    ProtocolError::invalid_params(format!("`{}` needs the parameter `{member}`", method.as_str()))
}

impl Facts {
    fn read(params: &Bytes, raw: &RawValue) -> Result<Self, ProtocolError> {
        let meta: RequestMeta<'_> = serde_json::from_str(raw.get())
            .map_err(|error| ProtocolError::invalid_params(format!("wrong `_meta`: {}", reason(&error))))?;
        Ok(Self {
            progress_token: meta.progress_token,
            revision: meta.revision.map(|revision| revision.0.into_owned()),
            client: meta.capabilities.map(|capabilities| Stated {
                info: meta.client.map(|info| slice(params, info)),
                capabilities: slice(params, capabilities),
            }),
            log_level: meta.log_level,
        })
    }

    /// Whether the request says that it belongs to a revision without a handshake.
    pub(crate) fn is_modern(&self) -> bool {
        self.revision.is_some() || self.client.is_some()
    }

    /// The revision that a request without a handshake is made in.
    ///
    /// # Errors
    /// What it must say and does not (2026-07-28, "Overview", "Per-request protocol fields").
    pub(crate) fn modern_revision(&self) -> Result<Revision, ProtocolError> {
        let absent = |key: &str| ProtocolError::invalid_params(format!("the request's `_meta` lacks `{key}`"));
        let requested = self.revision.as_deref().ok_or_else(|| absent(PROTOCOL_VERSION_KEY))?;
        let revision = Revision::parse(requested).filter(|revision| !revision.has_handshake());
        // A revision with a handshake is served, but not to a request that comes without one.
        let revision = revision.ok_or_else(|| ProtocolError::unsupported_revision(requested))?;
        if self.client.is_none() {
            return Err(absent(CLIENT_CAPABILITIES_KEY));
        }
        Ok(revision)
    }
}
