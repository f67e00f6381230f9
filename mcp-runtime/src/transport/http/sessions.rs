//! The sessions of the older revisions: what a client agreed on stands in the store, what lives in this process stands here.
//! A session belongs to whoever opened it. Floor 5.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::task::AbortHandle;

use super::events::Stream;
use crate::budget::Exhausted;
use crate::error::ProtocolError;
use crate::model::{ClientCapabilities, Implementation};
use crate::peer::Peer;
use crate::pending::Pending;
use crate::revision::Revision;
use crate::seal::random;
use crate::server::App;
use crate::session::{Client, Session};
use crate::store::{Key, StoreError};
use crate::subscribe::Denied;
use crate::transport::Link;
use crate::usage::{Holds, Usage};

/// Under which name sessions stand in the store.
const SPACE: &str = "sessions";
/// How many streams that are over are kept for clients that lost them.
const FINISHED: usize = 16;

/// The sessions of one server.
pub(super) struct Sessions {
    app: Arc<App>,
    live: Mutex<BTreeMap<Box<str>, Arc<Live>>>,
    most: usize,
    ttl: Duration,
    bounds: Bounds,
}

/// What a session bounds.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    /// How many of its streams may go on at once.
    pub(super) streams: usize,
    /// How many bytes of each are kept for a client that lost it.
    pub(super) kept: usize,
}

/// A session in this process.
pub(super) struct Live {
    pub(super) id: Box<str>,
    pub(super) link: Arc<Link>,
    principal: Option<Arc<str>>,
    /// The number of the session's own stream, for what belongs to no request.
    pub(super) first: u64,
    streams: Mutex<Streams>,
    bounds: Bounds,
    /// The task that ends it when its time is over.
    expiring: OnceLock<AbortHandle>,
}

struct Streams {
    last: u64,
    all: BTreeMap<u64, Arc<Stream>>,
}

/// What stands in the store.
#[derive(Serialize, Deserialize)]
struct Record {
    revision: String,
    info: Option<Implementation>,
    capabilities: ClientCapabilities,
    principal: Option<String>,
    level: u8,
    resources: Vec<String>,
}

/// Why there is no session.
#[derive(Debug)]
pub(super) enum NoSession {
    /// There is none of this name, or it is somebody else's.
    Unknown,
    /// There are as many as there may be.
    Full(usize),
    /// The store does not answer.
    Unavailable,
}

impl From<Exhausted> for NoSession {
    fn from(_: Exhausted) -> Self {
        Self::Unavailable
    }
}

impl From<StoreError> for NoSession {
    fn from(_: StoreError) -> Self {
        Self::Unavailable
    }
}

impl Sessions {
    pub(super) fn new(app: &Arc<App>, most: usize, ttl: Duration, bounds: Bounds) -> Arc<Self> {
        let sessions = Arc::new(Self { app: Arc::clone(app), live: Mutex::default(), most, ttl, bounds });
        let holder: Weak<Self> = Arc::downgrade(&sessions);
        app.core.holders.enter(holder);
        sessions
    }

    /// A link for a session. All that goes out on its own way is news, and of that one message waits at most, so that it
    /// does not pile up while the client does not listen.
    pub(super) fn link(&self, principal: Option<Arc<str>>) -> Arc<Link> {
        Link::with_peer(Arc::clone(&self.app), principal, Peer::new(1).within(&self.app.core.memory))
    }

    /// Writes down the session that `link` has opened.
    pub(super) async fn open(
        self: &Arc<Self>,
        link: &Arc<Link>,
        principal: Option<Arc<str>>,
    ) -> Result<Arc<Live>, NoSession> {
        let store = &self.app.core.store;
        if store.count(SPACE).await? >= self.most {
            return Err(NoSession::Full(self.most));
        }
        let Some(record) = record(link, principal.as_deref()) else { return Err(NoSession::Unknown) };
        // 256 random bits. A client that guesses is not a case to reckon with.
        let id = random::<32>().map_err(|_| NoSession::Unavailable)?.iter().map(|byte| format!("{byte:02x}")).collect();
        let live = Live::new(id, Arc::clone(link), principal, self.bounds)?;
        let key = Key { space: SPACE, id: &live.id };
        store.insert(key, &record, Some(self.ttl)).await?.ok_or(NoSession::Unavailable)?;
        self.keep(&live);
        Ok(live)
    }

    /// The session of this name, if it is this principal's.
    pub(super) async fn find(self: &Arc<Self>, id: &str, principal: Option<&Arc<str>>) -> Result<Arc<Live>, NoSession> {
        let key = Key { space: SPACE, id };
        let known = self.lock().get(id).cloned();
        let live = match known {
            Some(live) => live,
            None => Box::pin(self.restore(key)).await?,
        };
        // Somebody else's session is not even kept alive.
        if live.principal.as_ref() != principal {
            return Err(NoSession::Unknown);
        }
        if !self.app.core.store.touch(key, Some(self.ttl)).await? {
            self.drop_live(&live);
            return Err(NoSession::Unknown);
        }
        Ok(live)
    }

    /// Takes up a session that another process opened, or this one before it was started anew.
    async fn restore(self: &Arc<Self>, key: Key<'_>) -> Result<Arc<Live>, NoSession> {
        let entry = self.app.core.store.get(key).await?.ok_or(NoSession::Unknown)?;
        let record: Record = crate::text::from_bytes(&entry.value).map_err(|_| NoSession::Unknown)?;
        let revision = Revision::parse(&record.revision).ok_or(NoSession::Unknown)?;
        let client = Client::new(record.info, record.capabilities);
        let core = &self.app.core;
        let client = (client, &*entry.value);
        let questions = Pending::after(number_by_chance()?, core.limits.questions);
        let session =
            Session::restored(revision, client, record.level, questions, || core.session_watcher(), &core.memory.kept)?;
        for uri in &record.resources {
            // A bound that was set lower meanwhile leaves some out.
            if let Err(Denied::Exhausted(_)) =
                session.watcher.want_resource(uri, core.limits.subscriptions, &core.memory.kept)
            {
                return Err(NoSession::Unavailable);
            }
        }
        let principal: Option<Arc<str>> = record.principal.map(Into::into);
        let link = self.link(principal.clone());
        link.resume(session);
        let live = Live::new(key.id.into(), link, principal, self.bounds)?;
        // Two requests may have come at once: the first one's stays.
        let known = Arc::clone(self.lock().entry(key.id.into()).or_insert_with(|| Arc::clone(&live)));
        if Arc::ptr_eq(&known, &live) {
            self.keep(&live);
        } else {
            live.link.give_up();
        }
        Ok(known)
    }

    /// Writes down what has changed in a session.
    pub(super) async fn save(&self, live: &Live) -> Result<(), NoSession> {
        let key = Key { space: SPACE, id: &live.id };
        let store = &self.app.core.store;
        while let Some(entry) = store.get(key).await? {
            let Some(record) = record(&live.link, live.principal.as_deref()) else { break };
            if store.replace(key, &record, entry.version).await?.is_some() {
                break;
            }
        }
        Ok(())
    }

    /// Ends a session; says whether there was one.
    pub(super) async fn end(&self, live: &Arc<Live>) -> Result<bool, NoSession> {
        self.drop_live(live);
        Ok(self.app.core.store.remove(Key { space: SPACE, id: &live.id }).await?)
    }

    /// Gives up what is in flight and closes every stream; sessions stay in the store.
    pub(super) async fn wind_down(&self, grace: Duration) {
        let all: Vec<_> = std::mem::take(&mut *self.lock()).into_values().collect();
        let mut ending = tokio::task::JoinSet::new();
        for live in all {
            ending.spawn(async move { live.link.wind_down(grace).await });
        }
        while ending.join_next().await.is_some() {}
    }

    fn drop_live(&self, live: &Arc<Live>) {
        self.lock().remove(&live.id);
        if let Some(expiring) = live.expiring.get() {
            expiring.abort();
        }
        live.link.give_up();
        live.lock().all.values().for_each(|stream| stream.peer.close());
    }

    /// Keeps a session here until it is over in the store.
    fn keep(self: &Arc<Self>, live: &Arc<Live>) {
        self.lock().insert(live.id.clone(), Arc::clone(live));
        let expiring = tokio::spawn(expire(Arc::downgrade(self), Arc::downgrade(live), self.ttl));
        // It is kept once.
        let _ = live.expiring.set(expiring.abort_handle());
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Box<str>, Arc<Live>>> {
        // Nothing that can panic runs while it is locked but an allocation.
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Holds for Sessions {
    fn add_to(&self, usage: &mut Usage) {
        let all: Vec<_> = self.lock().values().cloned().collect();
        usage.sessions += all.len();
        for live in all {
            live.link.add_to(usage);
            // The session's own does not count.
            usage.streams += live.lock().all.len().saturating_sub(1);
        }
    }
}

/// Drops what is here of a session that is over in the store; one with an open stream is not over.
async fn expire(sessions: Weak<Sessions>, live: Weak<Live>, ttl: Duration) {
    loop {
        tokio::time::sleep(ttl / 2 + Duration::from_millis(1)).await;
        let (Some(sessions), Some(live)) = (sessions.upgrade(), live.upgrade()) else { return };
        if !sessions.lock().contains_key(&live.id) {
            return;
        }
        let key = Key { space: SPACE, id: &live.id };
        let store = &sessions.app.core.store;
        let is_there = if live.is_read() {
            store.touch(key, Some(ttl)).await
        } else {
            store.get(key).await.map(|entry| entry.is_some())
        };
        // A store that does not answer ends nothing.
        if matches!(is_there, Ok(false)) {
            sessions.drop_live(&live);
            return;
        }
    }
}

/// Where to begin to count what a session names. The session may outlive the process, and what was named in another one must
/// not mean something else in this one. Every client can hold the number, whatever it makes of numbers.
fn number_by_chance() -> Result<u64, NoSession> {
    let mut bytes = [0; 8];
    bytes[2..].copy_from_slice(&random::<6>().map_err(|_| NoSession::Unavailable)?);
    Ok(u64::from_be_bytes(bytes))
}

fn record(link: &Link, principal: Option<&str>) -> Option<Vec<u8>> {
    let session = link.session()?;
    let record = Record {
        revision: session.revision.as_str().to_owned(),
        info: session.client.info.clone(),
        capabilities: session.client.capabilities.clone(),
        principal: principal.map(str::to_owned),
        level: session.log_level.load(std::sync::atomic::Ordering::Relaxed),
        resources: session.watcher.resources(),
    };
    serde_json::to_vec(&record).ok()
}

impl Live {
    fn new(id: Box<str>, link: Arc<Link>, principal: Option<Arc<str>>, bounds: Bounds) -> Result<Arc<Self>, NoSession> {
        let first = number_by_chance()?;
        let own = Stream::new(first, Arc::clone(link.peer()), bounds.kept);
        let streams = Mutex::new(Streams { last: first, all: BTreeMap::from([(first, own)]) });
        Ok(Arc::new(Self { id, link, principal, first, streams, bounds, expiring: OnceLock::new() }))
    }

    /// A stream for one request.
    ///
    /// # Errors
    /// There are too many that are not over.
    pub(super) fn stream(&self, peer: &Arc<Peer>) -> Result<Arc<Stream>, ProtocolError> {
        let mut streams = self.lock();
        streams.make_room(self.bounds.streams)?;
        streams.last += 1;
        let stream = Stream::new(streams.last, Arc::clone(peer), self.bounds.kept);
        let id = streams.last;
        streams.all.insert(id, Arc::clone(&stream));
        Ok(stream)
    }

    /// Sees to it that there is room for another stream.
    ///
    /// # Errors
    /// There are too many that are not over.
    pub(super) fn make_room(&self) -> Result<(), ProtocolError> {
        self.lock().make_room(self.bounds.streams)
    }

    /// Forgets a stream that nobody can take up again, because it has never become one.
    pub(super) fn forget_stream(&self, stream: &Stream) {
        self.lock().all.remove(&stream.id());
    }

    /// The stream of this number.
    pub(super) fn find_stream(&self, id: u64) -> Option<Arc<Stream>> {
        self.lock().all.get(&id).cloned()
    }

    /// Whether somebody reads from a stream of it.
    fn is_read(&self) -> bool {
        // One is held by the table itself.
        self.lock().all.values().any(|stream| Arc::strong_count(stream) > 1)
    }

    fn lock(&self) -> MutexGuard<'_, Streams> {
        // Nothing that can panic runs while it is locked but an allocation.
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Streams {
    fn make_room(&mut self, most: usize) -> Result<(), ProtocolError> {
        // So few that there is room, and none of them has to go, whatever has become of them.
        if self.all.len() <= most.min(FINISHED) {
            return Ok(());
        }
        let over: Vec<u64> = self.all.iter().filter(|(_, stream)| stream.is_over()).map(|(id, _)| *id).collect();
        for id in over.iter().take(over.len().saturating_sub(FINISHED)) {
            self.all.remove(id);
        }
        // Those that nobody came back for make room; the first is the session's own.
        let excess = (self.all.len() - over.len().min(FINISHED)).saturating_sub(most);
        let ended = self.all.iter().filter(|(_, stream)| stream.peer.is_closed() && !stream.is_over());
        let ended: Vec<u64> = ended.map(|(id, _)| *id).take(excess).collect();
        for id in &ended {
            self.all.remove(id);
        }
        if excess > ended.len() {
            return Err(ProtocolError::internal(format!("{most} streams of this session are open already")));
        }
        Ok(())
    }
}
