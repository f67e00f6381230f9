//! What outlives a connection: whoever answers, and whoever listens. A connection hands on what its server says; nobody
//! makes it wait. Floor 6.

use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::{Semaphore, mpsc, watch};

use super::cache::Cache;
use super::handlers::Handlers;
use crate::method::Method;
use crate::model::LoggingMessageNotificationParams;

/// How many questions of a server are answered at once.
pub(super) const ANSWERS: usize = 32;
/// How many notifications wait for one listener; further ones are dropped, and counted.
const QUEUED: usize = 1024;
/// How many bytes of notifications wait for one listener.
const QUEUED_BYTES: usize = 4 << 20;

/// What is called for every log message.
pub(super) type OnLog = Box<dyn Fn(LoggingMessageNotificationParams) + Send + Sync>;

/// Which way a frame goes, see [`Connect::on_frame`](super::Connect::on_frame).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the client to the server.
    Sent,
    /// From the server to the client.
    Received,
}

/// What is called for every frame.
pub(super) type OnFrame = Box<dyn Fn(Direction, &[u8]) + Send + Sync>;

/// Whoever is told from the first frame on.
#[derive(Default)]
pub(super) struct Observers {
    pub(super) on_log: Option<OnLog>,
    pub(super) on_frame: Option<OnFrame>,
}

/// Whoever answers and listens.
pub(super) struct Hub {
    pub(super) handlers: Handlers,
    pub(super) cache: Cache,
    /// A permit for each question that is being answered.
    pub(super) answers: Arc<Semaphore>,
    observers: Observers,
    listeners: Mutex<Vec<Listener>>,
    /// How many subscriptions there are to each resource.
    watched: Mutex<HashMap<String, usize>>,
    /// Resources that the server is being told to forget, each until it has.
    leaving: Mutex<HashMap<String, watch::Receiver<()>>>,
}

/// A resource that the server is being told to forget. Once it is dropped, whoever wants to hear of it again may say so.
pub(super) struct Leaving {
    hub: Arc<Hub>,
    pub(super) uri: String,
    _over: watch::Sender<()>,
}

impl Drop for Leaving {
    fn drop(&mut self) {
        self.hub.leaving().remove(&self.uri);
    }
}

struct Listener {
    wants: fn(Method) -> bool,
    to: mpsc::Sender<Heard>,
    backlog: Arc<Backlog>,
}

/// What a listener has not heard yet, or never will.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    bytes: AtomicU64,
    missed: AtomicU64,
}

/// A notification as it came.
#[derive(Clone, Debug)]
pub(super) struct Heard {
    pub(super) method: Method,
    pub(super) params: Bytes,
}

/// One end of what is heard.
#[derive(Debug)]
pub(super) struct Ear {
    from: mpsc::Receiver<Heard>,
    backlog: Arc<Backlog>,
}

impl Hub {
    pub(super) fn new(handlers: Handlers, cache: Cache, observers: Observers) -> Arc<Self> {
        let answers = Arc::new(Semaphore::new(ANSWERS));
        let (listeners, watched, leaving) = (Mutex::default(), Mutex::default(), Mutex::default());
        Arc::new(Self { handlers, cache, answers, observers, listeners, watched, leaving })
    }

    /// Hears every notification that is wanted from here on.
    pub(super) fn listen(&self, wants: fn(Method) -> bool) -> Ear {
        let (to, from) = mpsc::channel(QUEUED);
        let backlog = Arc::<Backlog>::default();
        let mut listeners = self.listeners();
        listeners.retain(|listener| !listener.to.is_closed());
        listeners.push(Listener { wants, to, backlog: Arc::clone(&backlog) });
        Ear { from, backlog }
    }

    /// Tells whoever wants to know.
    pub(super) fn tell(&self, method: Method, params: &Bytes) {
        self.cache.invalidate(method, params);
        if method == Method::LogMessage {
            self.log(params);
        }
        for listener in self.listeners().iter().filter(|listener| (listener.wants)(method)) {
            listener.hear(method, params);
        }
    }

    /// Whether somebody looks at the frames.
    pub(super) fn is_observed(&self) -> bool {
        self.observers.on_frame.is_some()
    }

    /// Shows a frame to whoever looks at them.
    pub(super) fn observe(&self, direction: Direction, frame: &[u8]) {
        let Some(on_frame) = &self.observers.on_frame else { return };
        // The user's code must not end the connection; the panic itself is on standard error by now.
        let _ = catch_unwind(AssertUnwindSafe(|| on_frame(direction, frame)));
    }

    /// How many listen, and to how many resources somebody is subscribed.
    pub(super) fn usage(&self) -> (usize, usize) {
        let listeners = self.listeners().iter().filter(|listener| !listener.to.is_closed()).count();
        (listeners, self.watched.lock().unwrap_or_else(PoisonError::into_inner).len())
    }

    /// One more subscription to this resource.
    pub(super) fn watch(&self, uri: &str) {
        *self.watched.lock().unwrap_or_else(PoisonError::into_inner).entry(uri.to_owned()).or_default() += 1;
    }

    /// One less; says whether it was the last.
    pub(super) fn unwatch(&self, uri: &str) -> bool {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(count) = watched.get_mut(uri) else { return true };
        *count -= 1;
        let is_last = *count == 0;
        if is_last {
            watched.remove(uri);
        }
        is_last
    }

    /// Notes that the server is told to forget this resource.
    pub(super) fn leave(self: &Arc<Self>, uri: String) -> Leaving {
        let (over, waiting) = watch::channel(());
        self.leaving().insert(uri.clone(), waiting);
        Leaving { hub: Arc::clone(self), uri, _over: over }
    }

    /// Waits until the server has forgotten this resource, if it is being told to. Over HTTP it may hear of two requests in
    /// either order.
    pub(super) async fn left(&self, uri: &str) {
        let waiting = self.leaving().get(uri).cloned();
        if let Some(mut waiting) = waiting {
            // It fails when the sender is gone, which is what is waited for.
            let _ = waiting.changed().await;
        }
    }

    fn leaving(&self) -> MutexGuard<'_, HashMap<String, watch::Receiver<()>>> {
        // Nothing that can panic but an allocation runs while it is locked.
        self.leaving.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log(&self, params: &Bytes) {
        let Some(on_log) = &self.observers.on_log else { return };
        let Ok(params) = crate::text::from_bytes(params) else { return };
        // The user's code must not end the connection; the panic itself is on standard error by now.
        let _ = catch_unwind(AssertUnwindSafe(|| on_log(params)));
    }

    fn listeners(&self) -> MutexGuard<'_, Vec<Listener>> {
        // Nothing that can panic runs while it is locked.
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener {
    fn hear(&self, method: Method, params: &Bytes) {
        let length = params.len() as u64;
        let has_room = self.backlog.bytes.load(Ordering::Relaxed) + length <= QUEUED_BYTES as u64;
        // A copy, so that a listener that is behind does not hold on to whole frames.
        let copy = || Heard { method, params: Bytes::copy_from_slice(params) };
        if has_room && self.to.try_send(copy()).is_ok() {
            self.backlog.bytes.fetch_add(length, Ordering::Relaxed);
        } else {
            self.backlog.missed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Ear {
    /// The next notification. Dropping the future is harmless.
    pub(super) async fn next(&mut self) -> Option<Heard> {
        std::future::poll_fn(|cx| self.poll(cx)).await
    }

    pub(super) fn poll(&mut self, cx: &mut std::task::Context<'_>) -> std::task::Poll<Option<Heard>> {
        let heard = self.from.poll_recv(cx);
        if let std::task::Poll::Ready(Some(heard)) = &heard {
            self.backlog.bytes.fetch_sub(heard.params.len() as u64, Ordering::Relaxed);
        }
        heard
    }

    /// How many notifications were dropped because nobody took those before them.
    pub(super) fn missed(&self) -> u64 {
        self.backlog.missed.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").field("handlers", &self.handlers).finish_non_exhaustive()
    }
}
