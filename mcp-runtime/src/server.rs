//! The builder that a user holds, and the server it becomes: immutable tables, made once before anything is served.
//! How a call finds its entry is `dispatch`; how frames come in is `transport`. Floor 4.

use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tower_layer::Layer;
use tower_service::Service;

use crate::budget::Memory;
use crate::call::{Call, Reply};
use crate::catalog::{About, Catalog};
use crate::context::Context;
use crate::entry::{Entry, Group, Registry};
use crate::error::{Error, Result};
use crate::handle::Handle;
use crate::layer::{BoxError, Layered, Layers, Stack};
use crate::limits::Limits;
use crate::model::{CacheScope, Implementation};
#[cfg(feature = "http")]
use crate::peer::Peer;
use crate::pulse::Pulse;
use crate::replay::Keeping;
use crate::seal::Seal;
use crate::session::Clients;
use crate::state::States;
use crate::store::{MemoryStore, Store};
use crate::subscribe::{Change, Hub, Watcher};
use crate::tables::{Entering, Tables, Visible};
use crate::task::Tasks;
use crate::usage::{Holders, Usage};

/// A server in the making.
///
/// [`server!`](crate::server!) makes one from annotated functions; give it what they need, then run it:
///
/// ```no_run
/// use mcp_runtime::{server, tool};
///
/// /// Adds two numbers.
/// #[tool(read_only)]
/// fn add(a: i64, b: i64) -> i64 {
///     a + b
/// }
///
/// #[tokio::main]
/// async fn main() -> mcp_runtime::Result<()> {
///     server![add].instructions("Adds whatever you like.").run().await
/// }
/// ```
#[must_use = "a server does nothing until it runs"]
pub struct Server {
    entering: Entering,
    pub(crate) info: Implementation,
    pub(crate) instructions: Option<String>,
    pub(crate) limits: Limits,
    layers: Layers,
    page_size: usize,
    ttl: Duration,
    cache_scope: CacheScope,
    handle: Handle,
    changes: bool,
    visible: Vec<Visible>,
    key: Option<[u8; 32]>,
    store: Option<Arc<dyn Store>>,
    pub(crate) options: States,
}

impl Server {
    /// A server of this group. [`server!`](crate::server!) calls it with the name and version of the user's own package.
    pub fn new<G: Group>(group: G, info: Implementation) -> Self {
        const { G::NAMES.assert_distinct() }
        let mut entering = Entering::default();
        group.register(&mut Registry::of(&mut entering));
        Self {
            entering,
            info,
            instructions: None,
            limits: Limits::default(),
            layers: Layers::default(),
            page_size: 1000,
            ttl: Duration::ZERO,
            cache_scope: CacheScope::Private,
            handle: Handle::new(),
            changes: false,
            visible: Vec::new(),
            key: None,
            store: None,
            options: States::default(),
        }
    }

    /// Gives a value that functions take as [`State<T>`](crate::State). One of each type.
    pub fn state<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        Registry::of(&mut self.entering).state(Arc::new(value));
        self
    }

    /// Adds further tools, resources and prompts.
    pub fn with(mut self, group: impl Group) -> Self {
        group.register(&mut Registry::of(&mut self.entering));
        self
    }

    /// What a model should know to use this server well.
    pub fn instructions(mut self, text: impl Into<String>) -> Self {
        self.instructions = Some(text.into());
        self
    }

    /// Another name or version than those of the user's package, or a title, icons and a web site.
    pub fn info(mut self, info: Implementation) -> Self {
        self.info = info;
        self
    }

    /// Other bounds than the defaults.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How many items one page of a list holds, 1,000 unless set.
    pub fn page_size(mut self, items: usize) -> Self {
        self.page_size = items.max(1);
        self
    }

    /// For how long clients may keep lists and resources, and whether they may share them (2026-07-28). Unless set, not
    /// at all and with nobody.
    pub fn cache(mut self, ttl: Duration, scope: CacheScope) -> Self {
        (self.ttl, self.cache_scope) = (ttl, scope);
        self
    }

    /// Wraps every call in a tower layer; the one added last runs first.
    ///
    /// A layer sees [`Call`] and [`Reply`]. `ping`, `initialize` and `server/discover` are answered without it. A layer's
    /// error is told to the client: as a tool error for `tools/call`, else as a JSON-RPC error.
    ///
    /// ```
    /// use std::time::Duration;
    /// use mcp_runtime::{server, tool};
    /// use tower::timeout::TimeoutLayer;
    ///
    /// /// Waits for nobody.
    /// #[tool]
    /// async fn wait() {
    ///     std::future::pending().await
    /// }
    ///
    /// let server = server![wait].layer(TimeoutLayer::new(Duration::from_secs(30)));
    /// # let _ = server;
    /// ```
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<Stack> + Send + 'static,
        L::Service: Service<Call, Response = Reply> + Clone + Send + 'static,
        <L::Service as Service<Call>>::Error: Into<BoxError>,
        <L::Service as Service<Call>>::Future: Send + 'static,
    {
        self.layers.push(layer);
        self
    }

    /// A handle to change what the server offers while it runs. Taking it makes the server declare that it tells of changes.
    pub fn handle(&mut self) -> Handle {
        self.changes = true;
        self.handle.clone()
    }

    /// Decides for every entry whether a caller sees it: what is not visible is neither listed nor called. May be set
    /// several times; all have to agree. See [`Group::visible_if`] for a group of its own.
    ///
    /// ```
    /// use mcp_runtime::{server, tool, Entry};
    ///
    /// /// Removes everything.
    /// #[tool(destructive)]
    /// fn wipe() {}
    ///
    /// let server = server![wipe].visible(|entry, cx| entry != Entry::Tool("wipe") || cx.principal() == Some("admin"));
    /// # let _ = server;
    /// ```
    pub fn visible(mut self, visible: impl Fn(Entry<'_>, &Context) -> bool + Send + Sync + 'static) -> Self {
        self.visible.push(Arc::new(visible));
        self
    }

    /// The key that state is sealed with which clients of 2026-07-28 hold between the rounds of a call that asks them
    /// something. Unless set, one that this process makes up: set it where several processes serve the same clients.
    pub fn state_key(mut self, key: [u8; 32]) -> Self {
        self.key = Some(key);
        self
    }

    /// Where sessions over HTTP, and whatever else outlives a call, are kept: in the memory of this process unless set.
    pub fn store(mut self, store: impl Store) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// Makes it ready to serve, or says everything that is wrong with it.
    pub(crate) fn build(self) -> Result<Arc<App>> {
        let Self { mut entering, info, instructions, limits, layers, handle, visible, options, .. } = self;
        if let Some(early) = handle.take_early() {
            entering.append(early);
        }
        Registry::of(&mut entering).state(Arc::new(handle.clone()));
        let needs = entering.check();
        let Entering { tables, states, problems, .. } = entering;
        if !problems.is_empty() {
            return Err(Error::from(Misbuilt(problems)));
        }
        let seal = self.key.map_or_else(Seal::of_process, Seal::with_key);
        let about = About {
            stamp: About::stamp_of(&info),
            info,
            instructions,
            page_size: self.page_size,
            ttl: self.ttl,
            cache_scope: self.cache_scope,
            logs: needs.context,
            changes: self.changes || needs.takes::<Handle>(),
            visible,
        };
        let about = Arc::new(about);
        let core = Arc::new(Core {
            catalog: RwLock::new(Arc::new(Catalog::new(tables, Arc::new(states), Arc::clone(&about)))),
            version: AtomicU64::new(0),
            about,
            limits,
            memory: Arc::new(Memory::new(limits.memory)),
            hub: Hub::default(),
            keeping: Arc::new(Keeping { seal, ttl: limits.answer, most: limits.state }),
            store: self.store.unwrap_or_else(|| Arc::new(MemoryStore::default())),
            tasks: Tasks::default(),
            clients: Clients::default(),
            running: AtomicUsize::new(0),
            pulse: Pulse::default(),
            holders: Holders::default(),
            options,
        });
        handle.attach(&core);
        let layered = layers.around(|| Stack::new(crate::dispatch::Bare(Arc::clone(&core))));
        Ok(Arc::new(App { core, layered }))
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("info", &self.info).finish_non_exhaustive()
    }
}

/// The server as calls see it.
pub(crate) struct Core {
    /// Replaced as a whole by an edit.
    catalog: RwLock<Arc<Catalog>>,
    /// How often it was replaced, for those who remember what they saw.
    version: AtomicU64,
    pub(crate) about: Arc<About>,
    pub(crate) limits: Limits,
    pub(crate) memory: Arc<Memory>,
    pub(crate) hub: Hub,
    pub(crate) keeping: Arc<Keeping>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) tasks: Tasks,
    pub(crate) clients: Clients,
    /// How many calls wait that are in no table.
    pub(crate) running: AtomicUsize,
    pub(crate) pulse: Pulse,
    pub(crate) holders: Holders,
    /// What transports were told, by type.
    #[cfg_attr(not(feature = "http"), expect(dead_code, reason = "only HTTP has anything to be told"))]
    pub(crate) options: States,
}

impl Core {
    /// What the server offers now.
    pub(crate) fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.catalog.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// How often that has changed. Whoever has seen a change here sees it in [`Self::catalog`].
    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// What the server offers, and its version or an older one.
    pub(crate) fn versioned(&self) -> (u64, Arc<Catalog>) {
        let version = self.version();
        (version, self.catalog())
    }

    /// What a session is told of without asking: that lists changed. Where nothing can, nobody else knows of it.
    pub(crate) fn session_watcher(&self) -> Arc<Watcher> {
        let watcher = if self.about.changes { self.hub.watch() } else { Arc::default() };
        watcher.want_lists();
        watcher
    }

    /// A way out of its own for the answers to one request or stream, counted while they wait.
    #[cfg(feature = "http")]
    pub(crate) fn way_out(&self) -> Peer {
        Peer::new(self.limits.outgoing).within(&self.memory)
    }

    /// What is held at the moment.
    pub(crate) fn usage(&self) -> Usage {
        let mut usage = Usage {
            calls: self.running.load(Ordering::Relaxed),
            listeners: self.hub.listeners(),
            tasks: self.tasks.running(),
            memory: self.memory.held(),
            ..Usage::default()
        };
        self.holders.add_to(&mut usage);
        usage
    }

    /// Adds entries while the server runs, all or none.
    pub(crate) fn add(&self, added: Entering) -> Result<()> {
        let Tables { tools, resources, templates, prompts, .. } = &added.tables;
        let is_resource = !(resources.is_empty() && templates.is_empty());
        let changes = [
            (!tools.is_empty(), Change::Tools),
            (is_resource, Change::Resources),
            (!prompts.is_empty(), Change::Prompts),
        ];
        {
            let mut catalog = self.catalog.write().unwrap_or_else(PoisonError::into_inner);
            let (tables, states) = (catalog.tables.clone(), States::clone(&catalog.states));
            let mut entering = Entering::over(tables, states);
            entering.append(added);
            entering.check();
            let Entering { tables, states, problems, .. } = entering;
            if !problems.is_empty() {
                return Err(Error::from(Misadded(problems)));
            }
            *catalog = Arc::new(Catalog::new(tables, Arc::new(states), Arc::clone(&self.about)));
            self.version.fetch_add(1, Ordering::Release);
        }
        for (is_changed, change) in changes {
            if is_changed {
                self.hub.publish(change);
            }
        }
        Ok(())
    }

    /// Removes an entry while the server runs.
    pub(crate) fn remove(&self, entry: Entry<'_>) -> bool {
        self.edit(entry, |tables| tables.remove(entry))
    }

    /// Hides an entry while the server runs, or shows it again.
    pub(crate) fn hide(&self, entry: Entry<'_>, hidden: bool) -> bool {
        self.edit(entry, |tables| tables.hide(entry, hidden))
    }

    fn edit(&self, entry: Entry<'_>, edit: impl FnOnce(&mut Tables) -> bool) -> bool {
        {
            let mut catalog = self.catalog.write().unwrap_or_else(PoisonError::into_inner);
            let mut tables = catalog.tables.clone();
            if !edit(&mut tables) {
                return false;
            }
            *catalog = Arc::new(Catalog::new(tables, Arc::clone(&catalog.states), Arc::clone(&self.about)));
            self.version.fetch_add(1, Ordering::Release);
        }
        self.hub.publish(match entry {
            Entry::Tool(_) => Change::Tools,
            Entry::Resource(_) => Change::Resources,
            Entry::Prompt(_) => Change::Prompts,
        });
        true
    }
}

/// The server with its layers around it. Public only to be named by the sealed method of `Transport`.
pub struct App {
    pub(crate) core: Arc<Core>,
    pub(crate) layered: Option<Layered>,
}

/// Everything that keeps a server from starting.
#[derive(Debug)]
struct Misbuilt(Vec<String>);

impl fmt::Display for Misbuilt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [only] => write!(f, "the server cannot start: {only}"),
            all => {
                f.write_str("the server cannot start:")?;
                all.iter().try_for_each(|problem| write!(f, "\n- {problem}"))
            }
        }
    }
}

impl std::error::Error for Misbuilt {}

/// Everything that keeps entries from being added to a server that runs.
#[derive(Debug)]
struct Misadded(Vec<String>);

impl fmt::Display for Misadded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "nothing was added: {}", self.0.join("; "))
    }
}

impl std::error::Error for Misadded {}
