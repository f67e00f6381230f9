//! A server's entries while it runs: added, removed, hidden, and everybody told. Floor 4.

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use crate::entry::{Entry, Group, Registry};
use crate::error::Result;
use crate::server::Core;
use crate::subscribe::Change;
use crate::tables::Entering;
use crate::usage::Usage;

/// A server that runs, for whoever changes what it offers.
///
/// Take it as `State<Handle>` in a tool, or from [`Server::handle`](crate::Server::handle) before the server starts; either
/// makes the server declare that it tells of changes. Clients that want to hear of a change are told as soon as they read;
/// nothing here waits for them.
///
/// ```
/// use mcp_runtime::{group, tool, Handle, State};
///
/// /// Stops the machine.
/// #[tool(destructive)]
/// fn stop() {}
///
/// /// Unlocks what is dangerous.
/// #[tool]
/// fn unlock(server: State<Handle>) -> mcp_runtime::Result<()> {
///     server.add(group![stop])
/// }
/// # let _ = mcp_runtime::server![unlock];
/// ```
#[derive(Clone)]
pub struct Handle(Arc<Inner>);

#[derive(Default)]
struct Inner {
    core: OnceLock<Weak<Core>>,
    /// What was added before the server started.
    early: Mutex<Option<Entering>>,
}

impl Handle {
    pub(crate) fn new() -> Self {
        Self(Arc::default())
    }

    /// From now on this server is the one.
    pub(crate) fn attach(&self, core: &Arc<Core>) {
        // A handle is made by a server, which starts once.
        let _ = self.0.core.set(Arc::downgrade(core));
    }

    /// What was added before the server started.
    pub(crate) fn take_early(&self) -> Option<Entering> {
        self.0.early.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Adds tools, resources and prompts, and tells clients whose lists have changed.
    ///
    /// Before the server starts, they are added when it does. Once nobody serves any more, nothing happens.
    ///
    /// # Errors
    /// Everything that is wrong with them: names that are taken, states that nobody gave. Nothing is added then.
    pub fn add(&self, group: impl Group) -> Result<()> {
        let Some(core) = self.0.core.get() else {
            let mut early = self.0.early.lock().unwrap_or_else(PoisonError::into_inner);
            group.register(&mut Registry::of(early.get_or_insert_default()));
            return Ok(());
        };
        let mut added = Entering::default();
        group.register(&mut Registry::of(&mut added));
        core.upgrade().map_or(Ok(()), |core| core.add(added))
    }

    /// Removes an entry and tells clients; says whether it was there. Calls that are under way go on, and what the entry
    /// holds is dropped when they have ended and every connection that was open has sent something else. Before the server
    /// starts there is nothing to remove, hide or show.
    pub fn remove(&self, entry: Entry<'_>) -> bool {
        self.core().is_some_and(|core| core.remove(entry))
    }

    /// Hides an entry from everybody until [`Self::show`], and tells clients; says whether it was visible.
    ///
    /// It is then neither listed nor called, as if it were not there.
    pub fn hide(&self, entry: Entry<'_>) -> bool {
        self.core().is_some_and(|core| core.hide(entry, true))
    }

    /// Shows an entry that was hidden, and tells clients; says whether it was.
    pub fn show(&self, entry: Entry<'_>) -> bool {
        self.core().is_some_and(|core| core.hide(entry, false))
    }

    /// Tells clients that subscribed to it that the contents of a resource have changed.
    pub fn resource_updated(&self, uri: &str) {
        self.publish(Change::Resource(uri));
    }

    /// Tells clients that the list of tools has changed, where that depends on something this crate does not see, such as
    /// what [`Server::visible`](crate::Server::visible) decides by.
    pub fn tools_changed(&self) {
        self.publish(Change::Tools);
    }

    /// The same of the list of prompts.
    pub fn prompts_changed(&self) {
        self.publish(Change::Prompts);
    }

    /// The same of the lists of resources and templates.
    pub fn resources_changed(&self) {
        self.publish(Change::Resources);
    }

    /// What the server holds at the moment: for dashboards and tests. It takes a look into every session, so ask for it
    /// every few seconds at most. Before the server starts, and once nobody serves any more, it is nothing.
    pub fn usage(&self) -> Usage {
        self.core().map_or_else(Usage::default, |core| core.usage())
    }

    fn publish(&self, change: Change<'_>) {
        if let Some(core) = self.core() {
            core.hub.publish(change);
        }
    }

    fn core(&self) -> Option<Arc<Core>> {
        self.0.core.get().and_then(Weak::upgrade)
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handle")
    }
}
