//! What the calls of one connection stand on: what the server offers, and who calls. Looked at anew only where it has changed, so
//! that a call does not take a lock and counts owners once. Floor 4.

use std::sync::Arc;

use tokio::runtime::Handle;

use crate::catalog::Catalog;
use crate::error::ProtocolError;
use crate::params::Stated;
use crate::party::{Common, Origin, Party, Surroundings};
use crate::server::Core;
use crate::session::{Client, Session};

/// What was known when the last call came. It belongs to whoever reads the calls.
pub(crate) struct Ground {
    version: u64,
    catalog: Arc<Catalog>,
    /// What calls have in common that come one after another.
    common: Option<Arc<Surroundings>>,
    lasts: bool,
}

impl Ground {
    /// For many calls that come on one way.
    pub(crate) fn lasting(core: &Core) -> Self {
        Self { lasts: true, ..Self::once(core) }
    }

    /// For a single call.
    pub(crate) fn once(core: &Core) -> Self {
        let (version, catalog) = core.versioned();
        Self { version, catalog, common: None, lasts: false }
    }

    /// What the server offers.
    pub(crate) fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// Takes notice of changes.
    pub(crate) fn renew(&mut self, core: &Core) {
        if core.version() == self.version {
            return;
        }
        let new = if self.lasts { Self::lasting(core) } else { Self::once(core) };
        let old = std::mem::replace(self, new);
        // With it may go what removed functions hold, and whatever that does then must not hold up who reads.
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(move || drop(old))),
            Err(_) => drop(old),
        }
    }

    /// What a call has in common with others. What it states is read here.
    ///
    /// # Errors
    /// It states its client in a form that cannot be read.
    pub(crate) fn common(
        &mut self,
        core: &Core,
        origin: &Origin<'_>,
        session: Option<&Arc<Session>>,
        stated: Option<Stated<'_>>,
    ) -> Result<Common, ProtocolError> {
        if let Some(known) = self.common.as_ref().filter(|known| is_of(known, origin, session, stated)) {
            return Ok(Common::Shared(Arc::clone(known)));
        }
        let party = match (session, stated) {
            (Some(session), _) => Party::Session(Arc::clone(session)),
            (None, Some(stated)) => Party::Request(core.clients.of(stated)?),
            (None, None) => Party::Request(Arc::<Client>::default()),
        };
        let own = Surroundings { party, peer: Arc::clone(origin.peer), states: Arc::clone(&self.catalog.states) };
        // A client that is not known again is not kept either: what it says of itself may be long.
        let is_kept = match &own.party {
            Party::Session(_) => true,
            Party::Request(client) => client.is_remembered(),
        };
        if !self.lasts || !is_kept {
            return Ok(Common::Own(own));
        }
        let shared = Arc::new(own);
        self.common = Some(Arc::clone(&shared));
        Ok(Common::Shared(shared))
    }
}

/// Whether a call has these surroundings.
fn is_of(
    known: &Surroundings,
    origin: &Origin<'_>,
    session: Option<&Arc<Session>>,
    stated: Option<Stated<'_>>,
) -> bool {
    let is_same_party = match (&known.party, session, stated) {
        (Party::Session(known), Some(session), _) => Arc::ptr_eq(known, session),
        (Party::Request(known), None, Some(stated)) => known.is(stated),
        _ => false,
    };
    is_same_party && Arc::ptr_eq(&known.peer, origin.peer)
}
