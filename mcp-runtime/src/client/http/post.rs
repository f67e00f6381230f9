//! A frame on its way: a POST with what its headers have to say, as part of a session where there is one. What comes back
//! is read in `answer`. Floor 6.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::Method as Verb;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Response, Url};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::timeout;

use super::annotation::Mirrors;
use super::answer::Asked;
use super::gate::{Gate, Sent, Whose};
use super::headers::{Outline, SESSION, VERSION};
use super::{answer, legacy, listen};
use crate::client::error::Error;
use crate::client::outlet::{Falling, Posts};
use crate::client::shared::again;
use crate::client::wire::{Answer, End, Stage, Wire};
use crate::method::Method;
use crate::model::Tool;
use crate::revision::Revision;

/// How long a server may take to hear that a session is over.
pub(super) const FAREWELL: Duration = Duration::from_secs(5);
/// How long a server may take to hear what needs no answer.
const NOTICE: Duration = Duration::from_mins(1);
/// How much that needs no answer is on its way at once; the rest waits.
const NOTICES: usize = 32;
/// With so much of it waiting, a server that asks is not answered.
const UNHEARD: usize = 1024;
/// The most tools whose headers are remembered; calls of further ones go without.
const TOOLS: usize = 10_000;

pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");
pub(super) const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream");
const BOTH: HeaderValue = HeaderValue::from_static("application/json, text/event-stream");

/// A server that takes each frame by itself.
pub(super) struct Poster(Arc<Remote>);

/// One connection's worth of what is known of a server.
pub(super) struct Remote {
    pub(super) gate: Gate,
    pub(super) longest: usize,
    grace: Duration,
    connections: u32,
    slots: Semaphore,
    /// Turns of what is no request.
    notices: Semaphore,
    /// How many frames that are no requests are on their way, or wait for their turn.
    said: AtomicUsize,
    session: Mutex<Option<HeaderValue>>,
    /// The server has forgotten it. Its name stays: requests that are under way in it still come back refused for it.
    has_expired: AtomicBool,
    revision: OnceLock<Revision>,
    /// Where frames go to a server of 2024-11-05.
    pub(super) endpoint: OnceLock<Url>,
    mirrors: Mutex<HashMap<String, Arc<Mirrors>>>,
    /// The task that listens to what the server says unasked.
    listener: Mutex<Option<AbortHandle>>,
    runtime: Handle,
}

impl Poster {
    pub(super) fn new(gate: Gate, connections: usize, longest: usize, grace: Duration) -> Self {
        Self(Arc::new(Remote {
            gate,
            longest,
            grace,
            connections: u32::try_from(connections).unwrap_or(u32::MAX),
            slots: Semaphore::new(connections),
            notices: Semaphore::new(NOTICES),
            said: AtomicUsize::new(0),
            session: Mutex::default(),
            has_expired: AtomicBool::new(false),
            revision: OnceLock::new(),
            endpoint: OnceLock::new(),
            mirrors: Mutex::default(),
            listener: Mutex::default(),
            runtime: Handle::current(),
        }))
    }
}

impl Posts for Poster {
    fn post(&self, wire: &Arc<Wire>, ids: Vec<i64>, frame: Bytes) -> JoinHandle<()> {
        let (remote, wire) = (Arc::clone(&self.0), Arc::clone(wire));
        let saying = ids.is_empty().then(|| Saying::begin(&self.0));
        self.0.runtime.spawn(async move {
            let _saying = saying;
            remote.carry(&wire, &ids, frame).await;
        })
    }

    fn has_room(&self) -> bool {
        self.0.said.load(Ordering::Relaxed) < UNHEARD
    }

    fn agreed(&self, _: &Arc<Wire>, revision: Revision) {
        // A connection agrees once.
        let _ = self.0.revision.set(revision);
    }

    fn fall_back<'a>(&'a self, wire: &'a Arc<Wire>) -> Falling<'a> {
        Box::pin(legacy::fall_back(&self.0, wire))
    }

    fn cancels_by_ending(&self) -> bool {
        self.0.is_modern()
    }

    fn is_paused(&self) -> bool {
        self.0.gate.is_authorizing()
    }

    fn screen(&self, tools: &mut Vec<Tool>) -> Vec<(String, String)> {
        if !self.0.is_modern() {
            return Vec::new();
        }
        let mut left_out = Vec::new();
        let mut known = lock(&self.0.mirrors);
        tools.retain(|tool| match Mirrors::of(&tool.input_schema) {
            Ok(mirrors) => {
                if mirrors.is_empty() {
                    known.remove(&tool.name);
                } else if known.len() < TOOLS || known.contains_key(&tool.name) {
                    known.insert(tool.name.clone(), Arc::new(mirrors));
                }
                true
            }
            Err(reason) => {
                left_out.push((tool.name.clone(), reason));
                false
            }
        });
        left_out
    }

    fn close(&self, wire: &Arc<Wire>) {
        let (remote, wire) = (Arc::clone(&self.0), Arc::clone(wire));
        drop(self.0.runtime.spawn(async move {
            // Whatever is under way may still be answered.
            let _ = timeout(remote.grace, remote.slots.acquire_many(remote.connections)).await;
            remote.hush();
            let _ = timeout(FAREWELL, remote.leave()).await;
            wire.end(End::default());
        }));
    }
}

/// A frame that is no request, for as long as it is on its way.
struct Saying(Arc<Remote>);

impl Saying {
    fn begin(remote: &Arc<Remote>) -> Self {
        remote.said.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(remote))
    }
}

impl Drop for Saying {
    fn drop(&mut self) {
        self.0.said.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Poster {
    fn drop(&mut self) {
        self.0.hush();
    }
}

impl Remote {
    fn is_modern(&self) -> bool {
        self.revision.get().is_some_and(|revision| !revision.has_handshake())
    }

    /// What listens to the server from here on. What did before is ended.
    pub(super) fn listen_with(&self, task: AbortHandle) {
        if let Some(before) = lock(&self.listener).replace(task) {
            before.abort();
        }
    }

    fn hush(&self) {
        if let Some(listener) = lock(&self.listener).take() {
            listener.abort();
        }
    }

    /// Sends a frame and hands on what comes back.
    async fn carry(self: &Arc<Self>, wire: &Arc<Wire>, ids: &[i64], frame: Bytes) {
        let outline = Outline::of(&frame);
        let method = outline.method.as_deref().and_then(Method::parse);
        // A stream that stays open has no turn to wait for, and what is no request may be what a request waits for.
        let takes_turns = !ids.is_empty() && method != Some(Method::Listen);
        let _slot = if takes_turns { self.slots.acquire().await.ok() } else { None };
        let carrying = self.carry_now(wire, ids, method, &outline, &frame);
        let carried = if ids.is_empty() {
            let in_turn = timeout(NOTICE, async {
                let _turn = self.notices.acquire().await;
                carrying.await
            });
            // Once nothing comes any more there is nobody left to tell.
            tokio::select! {
                carried = in_turn => carried.unwrap_or(Ok(())),
                () = wire.reached(Stage::Ended) => Ok(()),
            }
        } else {
            // Whoever waits for an answer knows how long.
            carrying.await
        };
        // The session goes on even if it was lost that it is open, and has to be listened to.
        let goes_on = carried.as_ref().err().is_none_or(Error::may_pass);
        if goes_on && method == Some(Method::Initialized) {
            listen::begin(self, wire).await;
        }
        let Err(failed) = carried else { return };
        let has_expired = matches!(failed, Error::Expired { .. });
        if has_expired {
            // Before anybody learns of it, so that whoever asks again does so in another session.
            wire.lead_out();
        }
        let failed = again(failed);
        for id in ids {
            wire.answer(*id, || Answer::Failed(failed()));
        }
        if has_expired {
            self.expire(wire);
        }
    }

    async fn carry_now(
        self: &Arc<Self>,
        wire: &Arc<Wire>,
        ids: &[i64],
        method: Option<Method>,
        outline: &Outline<'_>,
        frame: &Bytes,
    ) -> Result<(), Error> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, JSON);
        headers.insert(ACCEPT, BOTH);
        let is_modern = outline.add(&mut headers);
        if is_modern {
            self.mirror(outline, &mut headers);
        } else if method != Some(Method::Initialize) {
            self.add_session(&mut headers);
        }
        let url = self.endpoint.get().unwrap_or(self.gate.url()).clone();
        let whose = if method == Some(Method::Cancelled) { Whose::Nobody } else { Whose::Caller };
        let sent = Sent { method: Verb::POST, url, headers, body: Some(frame.clone()), whose };
        let response = self.gate.send(sent).await?;
        if method == Some(Method::Initialize) {
            self.note_session(&response);
        }
        let asked = Asked { ids, method: method.unwrap_or(Method::Ping) };
        answer::read(self, wire, Some(asked).filter(|_| !ids.is_empty()), response).await
    }

    fn mirror(&self, outline: &Outline<'_>, headers: &mut HeaderMap) {
        let (true, Some(arguments)) = (outline.is(Method::CallTool), outline.arguments()) else { return };
        let Some(tool) = outline.name() else { return };
        let mirrors = lock(&self.mirrors).get(&tool).cloned();
        if let Some(mirrors) = mirrors {
            mirrors.add(headers, arguments);
        }
    }

    /// Adds which session a request belongs to, and what was agreed for it.
    pub(super) fn add_session(&self, headers: &mut HeaderMap) {
        if let Some(session) = &*lock(&self.session) {
            headers.insert(SESSION, session.clone());
        }
        if let Some(revision) = self.revision.get().filter(|revision| **revision >= Revision::V2025_06_18) {
            headers.insert(VERSION, HeaderValue::from_static(revision.as_str()));
        }
    }

    pub(super) fn has_session(&self) -> bool {
        lock(&self.session).is_some()
    }

    /// Whether a broken stream can be gone on with.
    pub(super) fn resumes(&self) -> bool {
        !self.is_modern()
    }

    fn note_session(&self, response: &Response) {
        /// The longest name of a session in bytes; it comes back with every request.
        const LONGEST: usize = 1024;
        let session = response.headers().get(SESSION).filter(|session| session.len() <= LONGEST);
        *lock(&self.session) = session.cloned().map(|mut session| {
            session.set_sensitive(true);
            session
        });
    }

    /// The server has forgotten the session. What is under way in it comes back, refused for it or answered all the same;
    /// everything else is asked in another one.
    pub(super) fn expire(self: &Arc<Self>, wire: &Arc<Wire>) {
        wire.lead_out();
        self.hush();
        if self.has_expired.swap(true, Ordering::AcqRel) {
            return;
        }
        let (remote, wire) = (Arc::clone(self), Arc::clone(wire));
        drop(self.runtime.spawn(async move {
            let _all = remote.slots.acquire_many(remote.connections).await;
            let cause = std::io::Error::other("the server no longer knows the session");
            wire.end(End { status: None, cause: Some(Arc::new(cause)) });
        }));
    }

    /// Tells the server that the session is over. It may refuse, which changes nothing.
    async fn leave(&self) {
        if !self.has_session() || self.has_expired.load(Ordering::Acquire) {
            return;
        }
        let mut headers = HeaderMap::new();
        self.add_session(&mut headers);
        let url = self.gate.url().clone();
        let sent = Sent { method: Verb::DELETE, url, headers, body: None, whose: Whose::Nobody };
        let _ = self.gate.send(sent).await;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that can panic but an allocation runs while it is locked.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
