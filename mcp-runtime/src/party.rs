//! Whom a call comes from, and what it has in common with others that come from there. Floor 2.

use std::any::Any;
use std::ops::Deref;
use std::sync::Arc;

use crate::peer::Peer;
use crate::session::{Client, Session};
use crate::state::States;

/// Where a request comes from.
pub(crate) struct Origin<'a> {
    pub(crate) session: Option<&'a Arc<Session>>,
    /// Where what the call says goes.
    pub(crate) peer: &'a Arc<Peer>,
    pub(crate) principal: Option<&'a Arc<str>>,
    pub(crate) carrier: Option<Arc<dyn Any + Send + Sync>>,
}

/// What a call has in common with others of its connection: shared with them where they come on one way.
pub(crate) enum Common {
    Own(Surroundings),
    Shared(Arc<Surroundings>),
}

impl Deref for Common {
    type Target = Surroundings;

    fn deref(&self) -> &Surroundings {
        match self {
            Self::Own(own) => own,
            Self::Shared(shared) => shared,
        }
    }
}

/// Whom a call is made by, where what it says goes, and what the server holds for it.
pub(crate) struct Surroundings {
    pub(crate) party: Party,
    pub(crate) peer: Arc<Peer>,
    pub(crate) states: Arc<States>,
}

/// Whom a call is made by.
pub(crate) enum Party {
    /// The client of a session (up to 2025-11-25).
    Session(Arc<Session>),
    /// The client that the request itself names (2026-07-28).
    Request(Arc<Client>),
}
