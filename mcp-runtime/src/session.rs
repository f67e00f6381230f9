//! What a connection remembers of its client: up to 2025-11-25 what `initialize` agreed on, in 2026-07-28 nothing. Floor 2.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::budget::{Budget, Charge, Exhausted, FREE};
use crate::error::{ProtocolError, reason};
use crate::limits::Limits;
use crate::model::{ClientCapabilities, Implementation, InitializeRequestParams, LoggingLevel, SetLevelRequestParams};
use crate::params::Stated;
use crate::pending::Pending;
use crate::piece::Piece;
use crate::revision::Revision;
use crate::subscribe::Watcher;
use crate::weight::Weight;

/// What is known of the client: from `initialize`, or from the request itself in 2026-07-28.
#[derive(Debug, Default)]
pub(crate) struct Client {
    pub(crate) info: Option<Implementation>,
    pub(crate) capabilities: ClientCapabilities,
    /// How a request stated both, where it is short enough to be compared with what the next one states.
    stated: Option<Statement>,
}

#[derive(Debug)]
struct Statement {
    info: Option<Box<str>>,
    capabilities: Box<str>,
}

/// The longest statement that is remembered, in bytes.
const REMEMBERED: usize = 4096;

impl Client {
    pub(crate) fn new(info: Option<Implementation>, capabilities: ClientCapabilities) -> Self {
        Self { info, capabilities, stated: None }
    }

    /// Reads what a request states of its client.
    fn read(stated: Stated<'_>) -> Result<Self, ProtocolError> {
        let wrong =
            |error: serde_json::Error| ProtocolError::invalid_params(format!("wrong `_meta`: {}", reason(&error)));
        let Stated { info, capabilities } = stated;
        let is_short = capabilities.len() + info.map_or(0, str::len) <= REMEMBERED;
        Ok(Self {
            info: info.map(serde_json::from_str).transpose().map_err(wrong)?,
            capabilities: serde_json::from_str(capabilities).map_err(wrong)?,
            stated: is_short.then(|| Statement { info: info.map(Box::from), capabilities: Box::from(capabilities) }),
        })
    }

    /// Whether it is known again when a request states the same.
    pub(crate) fn is_remembered(&self) -> bool {
        self.stated.is_some()
    }

    /// Whether it is known to be what a request states.
    pub(crate) fn is(&self, stated: Stated<'_>) -> bool {
        self.stated
            .as_ref()
            .is_some_and(|known| *known.capabilities == *stated.capabilities && known.info.as_deref() == stated.info)
    }
}

/// A session, from `initialize` to the end of the connection.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) revision: Revision,
    pub(crate) client: Arc<Client>,
    /// The lowest level of log messages to send.
    pub(crate) log_level: AtomicU8,
    /// What the server asked the client and was not answered yet.
    pub(crate) pending: Pending,
    /// What the client is told of.
    pub(crate) watcher: Arc<Watcher>,
    /// What is known of the client is counted for as long as it is.
    _held: Option<Charge>,
}

impl Session {
    /// Opens a session from the parameters of `initialize`.
    pub(crate) fn open(
        params: Option<&Piece>,
        limits: &Limits,
        watcher: impl FnOnce() -> Arc<Watcher>,
        memory: &Budget,
    ) -> Result<Self, ProtocolError> {
        let params = params.map_or("{}", |params| params);
        let held = held(params.as_bytes(), memory)?;
        let params: InitializeRequestParams = serde_json::from_str(params).map_err(|error| {
            ProtocolError::invalid_params(format!("wrong parameters for `initialize`: {}", reason(&error)))
        })?;
        let revision = Revision::negotiate(&params.protocol_version);
        let client = Client::new(Some(params.client_info), params.capabilities);
        let (log_level, pending) = (AtomicU8::new(LoggingLevel::Info as u8), Pending::new(limits.questions));
        Ok(Self { revision, client: Arc::new(client), log_level, pending, watcher: watcher(), _held: held })
    }

    /// A session that was opened elsewhere.
    #[cfg(feature = "http")]
    pub(crate) fn restored(
        revision: Revision,
        (client, text): (Client, &[u8]),
        level: u8,
        pending: Pending,
        watcher: impl FnOnce() -> Arc<Watcher>,
        memory: &Budget,
    ) -> Result<Self, Exhausted> {
        let held = held(text, memory)?;
        let log_level = AtomicU8::new(level);
        Ok(Self { revision, client: Arc::new(client), log_level, pending, watcher: watcher(), _held: held })
    }

    /// Answers `logging/setLevel`.
    pub(crate) fn set_level(&self, params: Option<&Piece>) -> Result<(), ProtocolError> {
        let params: SetLevelRequestParams =
            params.and_then(|params| serde_json::from_str(params).ok()).ok_or_else(|| {
                ProtocolError::invalid_params(
                    "`level` must be one of debug, info, notice, warning, error, critical, alert and emergency",
                )
            })?;
        self.log_level.store(params.level as u8, Ordering::Relaxed);
        Ok(())
    }
}

/// Counts what a client says of itself, if it is long.
fn held(text: &[u8], memory: &Budget) -> Result<Option<Charge>, Exhausted> {
    (text.len() > FREE).then(|| memory.charge(Weight::ANY.weigh(text))).transpose()
}

/// The client that stated something last. A client states the same in every request, so it is rarely read anew.
#[derive(Debug, Default)]
pub(crate) struct Clients(Mutex<Option<Arc<Client>>>);

impl Clients {
    /// Reads what a request states of its client.
    ///
    /// # Errors
    /// Members of the wrong type.
    pub(crate) fn of(&self, stated: Stated<'_>) -> Result<Arc<Client>, ProtocolError> {
        if let Some(known) = self.lock().as_ref().filter(|known| known.is(stated)) {
            return Ok(Arc::clone(known));
        }
        let client = Arc::new(Client::read(stated)?);
        if client.is_remembered() {
            *self.lock() = Some(Arc::clone(&client));
        }
        Ok(client)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<Client>>> {
        // Nothing that can panic runs while it is locked but an allocation.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
