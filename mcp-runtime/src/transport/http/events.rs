//! What is answered, as it comes: all at once, or events that go on while a call runs. A stream of an older revision can be
//! taken up again where its connection was lost. Floor 5.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;

use crate::budget::{Charge, Memory};
use crate::call::Reply;
use crate::context::Context;
use crate::dispatch::Running;
use crate::peer::{Peer, Whole};
use crate::server::App;

/// How often a stream without news says that it is alive.
pub(super) const ALIVE: Duration = Duration::from_secs(15);

/// Where frames come from.
pub(super) struct Source {
    peer: Arc<Peer>,
    /// A call that runs here, and is given up when nobody reads any more.
    call: Option<Box<Call>>,
    /// The code of the error that the call was answered with.
    refused: Option<i64>,
    /// What is counted of the frames that were taken last.
    held: Option<Charge>,
    waiting: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

struct Call {
    app: Arc<App>,
    context: Context,
    running: Running,
    is_done: bool,
}

impl Drop for Call {
    fn drop(&mut self) {
        self.app.core.running.fetch_sub(1, Ordering::Relaxed);
        if !self.is_done {
            self.context.cancel();
        }
    }
}

impl Source {
    /// The frames of a call that somebody else runs.
    pub(super) fn of(peer: Arc<Peer>) -> Self {
        Self { peer, call: None, refused: None, held: None, waiting: None }
    }

    /// The frames of a call that runs while they are read.
    pub(super) fn running(app: Arc<App>, peer: Arc<Peer>, context: Context, running: Running) -> Self {
        app.core.running.fetch_add(1, Ordering::Relaxed);
        let call = Some(Box::new(Call { app, context, running, is_done: false }));
        Self { peer, call, refused: None, held: None, waiting: None }
    }

    /// The frames of a call that is answered.
    pub(super) fn replied(app: &App, peer: Arc<Peer>, context: &Context, reply: Reply) -> Self {
        let refused = settle(app, &peer, context, reply);
        Self { peer, call: None, refused, held: None, waiting: None }
    }

    /// The next frames, each a line; `None` when there are no more.
    pub(super) fn poll_frames(&mut self, cx: &mut TaskContext<'_>) -> Poll<Option<Vec<u8>>> {
        loop {
            if let Some(call) = &mut self.call
                && let Poll::Ready(reply) = Pin::new(&mut call.running).poll(cx)
            {
                call.is_done = true;
                self.refused = settle(&call.app, &self.peer, &call.context, reply);
                self.call = None;
            }
            let mut frames = Vec::new();
            self.held = self.peer.take_held(&mut frames);
            if !frames.is_empty() {
                return Poll::Ready(Some(frames));
            }
            if self.is_over() {
                return Poll::Ready(None);
            }
            let peer = &self.peer;
            let waiting = self.waiting.get_or_insert_with(|| {
                let peer = Arc::clone(peer);
                Box::pin(async move {
                    peer.wait().await;
                })
            });
            match waiting.as_mut().poll(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(()) => self.waiting = None,
            }
        }
    }

    /// All there is, if that is at most one frame and nothing more can come.
    pub(super) fn take_whole(&mut self) -> Option<Whole> {
        if self.call.is_some() { None } else { self.peer.take_whole() }
    }

    /// What is to be held for as long as the frames are that were taken last.
    pub(super) fn take_held(&mut self) -> Option<Charge> {
        self.held.take()
    }

    /// The code of the error that a call which ran here was answered with.
    pub(super) fn refused(&self) -> Option<i64> {
        self.refused
    }

    /// Whether nothing more can come.
    pub(super) fn is_over(&self) -> bool {
        self.call.is_none() && self.peer.is_over()
    }
}

/// Puts a call's answer after what it said; gives the code of the error that it is, if it is one.
fn settle(app: &App, peer: &Peer, context: &Context, reply: Reply) -> Option<i64> {
    context.end();
    let refused = reply.error_code(context.revision());
    let mut text = Vec::new();
    let rest = app.encode(&mut text, context.revision(), context.id(), reply);
    peer.send_written(text, rest);
    peer.close();
    refused
}

/// Bytes that are counted for as long as they are there.
pub(super) fn held(bytes: Vec<u8>, held: Option<Charge>) -> Bytes {
    struct Held(Vec<u8>, #[expect(dead_code, reason = "it is dropped with the bytes")] Charge);
    impl AsRef<[u8]> for Held {
        fn as_ref(&self) -> &[u8] {
            &self.0
        }
    }
    match held {
        None => bytes.into(),
        Some(mut charge) => {
            charge.set(bytes.capacity());
            Bytes::from_owner(Held(bytes, charge))
        }
    }
}

/// A stream of an older revision, which outlives its connection.
pub(super) struct Stream {
    id: u64,
    pub(super) peer: Arc<Peer>,
    sent: Mutex<Sent>,
    /// How many bytes are kept for a client that lost its connection; the last event always is.
    kept: usize,
    /// Who reads: a later reader takes the stream from an earlier one.
    reader: AtomicU64,
    /// Wakes a reader from whom the stream was taken, or whose client is to come back later.
    woken: Notify,
    /// The milliseconds after which the client is to come back; 0 while it need not go.
    back: AtomicU64,
}

#[derive(Default)]
struct Sent {
    next: u64,
    events: VecDeque<(u64, Bytes)>,
    bytes: usize,
    /// What is counted of them.
    held: Option<Charge>,
}

impl Sent {
    /// Forgets the event that has been kept longest, if there is one.
    fn forget_first(&mut self) -> bool {
        let first = self.events.pop_front();
        if let Some((_, frame)) = &first {
            self.bytes -= frame.len() + EVENT;
        }
        first.is_some()
    }

    /// Counts what is kept, as far as there is room for it.
    fn is_held(&mut self, memory: &Memory) -> bool {
        self.held.get_or_insert_with(|| memory.kept.nothing()).fit(self.bytes).is_ok()
    }
}

/// What an event takes beside its bytes.
const EVENT: usize = 64;

impl Stream {
    pub(super) fn new(id: u64, peer: Arc<Peer>, kept: usize) -> Arc<Self> {
        Arc::new(Self {
            id,
            peer,
            sent: Mutex::default(),
            kept,
            reader: AtomicU64::new(0),
            woken: Notify::new(),
            back: AtomicU64::new(0),
        })
    }

    /// Asks the client to come back after this time, and lets its connection go.
    pub(super) fn let_go(&self, back: Duration) {
        self.back.store(u64::try_from(back.as_millis()).unwrap_or(u64::MAX).max(1), Ordering::Release);
        self.woken.notify_waiters();
    }

    /// Waits until the client is to come back later.
    pub(super) async fn wait_let_go(&self) {
        loop {
            let mut woken = std::pin::pin!(self.woken.notified());
            woken.as_mut().enable();
            if self.back.load(Ordering::Acquire) > 0 {
                return;
            }
            woken.await;
        }
    }

    /// Whether nothing more will be said on it, whoever has read it.
    pub(super) fn is_over(&self) -> bool {
        self.peer.is_closed()
    }

    /// The number by which it is known.
    pub(super) fn id(&self) -> u64 {
        self.id
    }

    /// Takes the stream from whoever reads it, from behind this event on.
    fn take_over(self: &Arc<Self>) -> u64 {
        let reader = self.reader.fetch_add(1, Ordering::AcqRel) + 1;
        self.woken.notify_waiters();
        reader
    }

    /// Keeps an event and says its number.
    fn keep(&self, frame: Bytes) -> u64 {
        let mut sent = self.lock();
        let number = sent.next;
        sent.next += 1;
        sent.bytes += frame.len() + EVENT;
        sent.events.push_back((number, frame));
        while sent.bytes > self.kept && sent.events.len() > 1 {
            sent.forget_first();
        }
        // Where no memory is left, what was kept longest makes room.
        if let Some(memory) = self.peer.memory() {
            while !sent.is_held(memory) && sent.forget_first() {}
        }
        number
    }

    /// Whether there was an event of this number, kept or not.
    pub(super) fn has_sent(&self, number: u64) -> bool {
        number < self.lock().next
    }

    /// What was sent behind this event.
    fn since(&self, number: u64) -> Vec<(u64, Bytes)> {
        self.lock().events.iter().filter(|(known, _)| *known > number).cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Sent> {
        // Nothing that can panic runs while it is locked but an allocation.
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream of events, as it goes to one connection.
pub(super) struct Events {
    source: Source,
    /// What goes out before anything else.
    first: Vec<u8>,
    /// What it is called where it can be taken up again, and by whom it is read.
    stream: Option<(Arc<Stream>, u64)>,
    alive: Pin<Box<tokio::time::Sleep>>,
    interrupted: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    over: bool,
    /// Something that lives as long as the stream does.
    held: Option<Box<dyn Send + Sync>>,
}

impl Events {
    /// The events of one answer, begun with what has come already.
    pub(super) fn answer(source: Source, begun: &[u8]) -> Self {
        let mut events = Self::new(source, None);
        events.first = events.texts(begun);
        events
    }

    /// The same for a stream that can be taken up again. `primes` begins it with an event that has nothing but a number.
    pub(super) fn resumable(source: Source, begun: &[u8], stream: &Arc<Stream>, primes: bool) -> Self {
        let reader = stream.take_over();
        let mut events = Self::new(source, Some((Arc::clone(stream), reader)));
        if primes {
            let number = stream.keep(Bytes::new());
            events.first = format!("id: {}-{number}\ndata: \n\n", stream.id).into_bytes();
        }
        let begun = events.texts(begun);
        events.first.extend(begun);
        events
    }

    /// A stream taken up again behind an event.
    pub(super) fn taken_up(stream: &Arc<Stream>, number: u64) -> Self {
        let reader = stream.take_over();
        stream.back.store(0, Ordering::Release);
        let mut events = Self::new(Source::of(Arc::clone(&stream.peer)), Some((Arc::clone(stream), reader)));
        for (number, frame) in stream.since(number) {
            if !frame.is_empty() {
                event(&mut events.first, Some((stream.id, number)), &frame);
            }
        }
        events
    }

    /// Begins with this text.
    pub(super) fn beginning(mut self, text: String) -> Self {
        self.first = text.into_bytes();
        self
    }

    /// Holds something for as long as the stream lives.
    pub(super) fn holding(mut self, held: impl Send + Sync + 'static) -> Self {
        self.held = Some(Box::new(held));
        self
    }

    fn new(source: Source, stream: Option<(Arc<Stream>, u64)>) -> Self {
        Self {
            source,
            first: Vec::new(),
            stream,
            alive: Box::pin(tokio::time::sleep(ALIVE)),
            interrupted: None,
            over: false,
            held: None,
        }
    }

    pub(super) fn poll_text(&mut self, cx: &mut TaskContext<'_>) -> Poll<Option<Bytes>> {
        loop {
            if self.over {
                return Poll::Ready(None);
            }
            if !self.first.is_empty() {
                return Poll::Ready(Some(held(std::mem::take(&mut self.first), self.source.take_held())));
            }
            if let Some((stream, reader)) = &self.stream {
                // Listens before it looks, so that nothing between the two is missed.
                let interrupted = self.interrupted.get_or_insert_with(|| {
                    let stream = Arc::clone(stream);
                    Box::pin(async move { stream.woken.notified().await })
                });
                if interrupted.as_mut().poll(cx).is_ready() {
                    self.interrupted = None;
                    continue;
                }
                if stream.reader.load(Ordering::Acquire) != *reader {
                    // Somebody else reads it now.
                    return Poll::Ready(None);
                }
                let back = stream.back.load(Ordering::Acquire);
                if back > 0 {
                    self.over = true;
                    let number = stream.keep(Bytes::new());
                    let text = format!("id: {}-{number}\nretry: {back}\ndata: \n\n", stream.id);
                    return Poll::Ready(Some(text.into()));
                }
            }
            match self.source.poll_frames(cx) {
                Poll::Ready(Some(frames)) => {
                    self.alive.as_mut().reset(tokio::time::Instant::now() + ALIVE);
                    self.first = self.texts(&frames);
                }
                Poll::Ready(None) => self.over = true,
                Poll::Pending => {
                    if self.alive.as_mut().poll(cx).is_pending() {
                        return Poll::Pending;
                    }
                    self.alive.as_mut().reset(tokio::time::Instant::now() + ALIVE);
                    return Poll::Ready(Some(Bytes::from_static(b":\n\n")));
                }
            }
        }
    }

    /// Frames as events.
    fn texts(&self, frames: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(frames.len() + 64);
        for frame in frames.split(|byte| *byte == b'\n').filter(|frame| !frame.is_empty()) {
            let name = self.stream.as_ref().map(|(stream, _)| {
                let number = stream.keep(Bytes::copy_from_slice(frame));
                (stream.id, number)
            });
            event(&mut out, name, frame);
        }
        out
    }
}

/// One event. A frame has no line breaks; whatever else is in it goes through as it is.
pub(super) fn event(out: &mut Vec<u8>, name: Option<(u64, u64)>, frame: &[u8]) {
    out.extend_from_slice(b"event: message\n");
    if let Some((stream, number)) = name {
        out.extend_from_slice(format!("id: {stream}-{number}\n").as_bytes());
    }
    out.extend_from_slice(b"data: ");
    out.extend_from_slice(frame);
    out.extend_from_slice(b"\n\n");
}

/// Takes the name of an event apart: its stream and its number.
pub(super) fn event_name(text: &str) -> Option<(u64, u64)> {
    let (stream, number) = text.split_once('-')?;
    Some((stream.parse().ok()?, number.parse().ok()?))
}
