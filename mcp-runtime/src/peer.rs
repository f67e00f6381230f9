//! The way to the other side of a connection: a bounded queue of encoded frames. Whoever answers or notifies appends
//! here; the transport takes what has gathered and writes it at once. Knows nothing of files or sockets. Floor 2.

use std::mem;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::sync::Notify;

use crate::budget::{Charge, FREE_ANSWER, Memory};
use crate::message::{self, Rest, blank_breaks};

/// Buffers that grew beyond this are given back after they were written, unless [`Peer::keeping`] says otherwise.
const KEPT: usize = 256 * 1024;

/// A bounded queue of frames on their way out.
#[derive(Debug)]
pub(crate) struct Peer {
    queue: Mutex<Queue>,
    /// Wakes a transport that waits as a thread.
    filled: Condvar,
    /// Wakes a transport that waits as a task.
    filled_task: Notify,
    /// Wakes whoever waits for room.
    drained: Notify,
    capacity: usize,
    /// Buffers that grew beyond this are given back.
    kept: usize,
    /// How many bytes wait to be written: to be looked at without the lock.
    queued: AtomicUsize,
    /// What the frames are counted against while they wait.
    memory: Option<Arc<Memory>>,
}

#[derive(Debug, Default)]
struct Queue {
    frames: Vec<u8>,
    /// What belongs behind them: then they are the beginning of one frame, and no line break ends it yet.
    rest: Option<Rest>,
    /// How many frames these are.
    count: usize,
    /// Someone other than the reading side appended: the transport must look.
    wanted: bool,
    closed: bool,
    /// A thread waits: to wake one takes a call of the system, whether or not there is any.
    is_awaited: bool,
    /// What is counted of the frames.
    held: Option<Charge>,
}

/// A frame that is all there is to say.
#[cfg(feature = "http")]
#[derive(Debug, Default)]
pub(crate) struct Whole {
    /// Its beginning, or all of it, without the line break.
    pub(crate) text: Vec<u8>,
    pub(crate) rest: Option<Rest>,
    /// What is counted of it.
    pub(crate) held: Option<Charge>,
}

impl Peer {
    /// A queue that lets no more in once `capacity` bytes wait to be written.
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            queue: Mutex::default(),
            filled: Condvar::new(),
            filled_task: Notify::new(),
            drained: Notify::new(),
            capacity,
            kept: KEPT,
            queued: AtomicUsize::new(0),
            memory: None,
        }
    }

    /// The same, but what waits is counted.
    #[cfg(feature = "http")]
    pub(crate) fn within(mut self, memory: &Arc<Memory>) -> Self {
        self.memory = Some(Arc::clone(memory));
        self
    }

    /// What frames are counted against.
    #[cfg(feature = "http")]
    pub(crate) fn memory(&self) -> Option<&Memory> {
        self.memory.as_deref()
    }

    /// The same, but it keeps buffers of up to so many bytes for what comes next: memory once touched is cheap to write to.
    pub(crate) fn keeping(mut self, bytes: usize) -> Self {
        self.kept = bytes;
        self
    }

    /// Appends a frame and wakes the transport. Does not look at the capacity: call [`Self::room`] before where waiting
    /// is possible.
    pub(crate) fn send(&self, encode: impl FnOnce(&mut Vec<u8>)) {
        let mut queue = self.lock();
        self.append(&mut queue, |out| {
            let start = out.len();
            encode(out);
            // JSON that somebody laid out by hand may hold line breaks between its tokens.
            blank_breaks(out, start);
        });
        self.wake(queue);
    }

    /// Appends a frame that holds no line break, without waking the transport: the caller flushes when it has handled all
    /// that it read.
    pub(crate) fn send_later(&self, encode: impl FnOnce(&mut Vec<u8>)) {
        self.append(&mut self.lock(), encode);
    }

    /// The same for a frame that is written already, of which the rest may be shared with others.
    pub(crate) fn send_written(&self, text: Vec<u8>, rest: Option<Rest>) {
        let mut queue = self.lock();
        if queue.closed {
            return;
        }
        self.join(&mut queue);
        if queue.frames.is_empty() {
            queue.frames = text;
        } else {
            queue.frames.extend_from_slice(&text);
        }
        self.appended(&mut queue, rest);
    }

    /// Appends a notification, or drops it when the other side does not read: it must never hold up a call.
    /// Says whether it was appended.
    pub(crate) fn notify(&self, method: &str, params: &impl Serialize) -> bool {
        let mut queue = self.lock();
        if queue.frames.len() >= self.capacity || queue.closed {
            return false;
        }
        self.append(&mut queue, |out| message::encode_call(out, None, method, Some(params)));
        self.wake(queue);
        true
    }

    /// How many bytes wait to be written, as of a moment ago.
    pub(crate) fn queued(&self) -> usize {
        self.queued.load(Ordering::Relaxed)
    }

    /// Whether as much waits to be written as may.
    pub(crate) fn is_full(&self) -> bool {
        self.queued() >= self.capacity
    }

    /// Whether nothing waits to be written.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().frames.is_empty()
    }

    /// Waits until there is room for another frame, or the queue is closed. Dropping the future is harmless.
    pub(crate) async fn room(&self) {
        loop {
            let mut drained = pin!(self.drained.notified());
            // Registered before looking, so that no wake-up between the two is lost.
            drained.as_mut().enable();
            {
                let queue = self.lock();
                if queue.frames.len() < self.capacity || queue.closed {
                    return;
                }
            }
            drained.await;
        }
    }

    /// No more frames are accepted; what is queued can still be taken.
    pub(crate) fn close(&self) {
        let mut queue = self.lock();
        queue.closed = true;
        self.wake(queue);
        self.drained.notify_waiters();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// Takes all there is, if that is at most one frame and nothing more can come.
    #[cfg(feature = "http")]
    pub(crate) fn take_whole(&self) -> Option<Whole> {
        let mut queue = self.lock();
        if !queue.closed || queue.count > 1 {
            return None;
        }
        queue.count = 0;
        self.queued.store(0, Ordering::Relaxed);
        let mut whole = Whole { text: mem::take(&mut queue.frames), rest: queue.rest.take(), held: queue.held.take() };
        if whole.rest.is_none() {
            whole.text.pop();
        }
        Some(whole)
    }

    /// Whether it is closed and all of it was taken.
    #[cfg(feature = "http")]
    pub(crate) fn is_over(&self) -> bool {
        let queue = self.lock();
        queue.closed && queue.frames.is_empty()
    }

    /// Swaps what is queued into `out`, which must be empty; its memory is used for what comes next.
    pub(crate) fn take(&self, out: &mut Vec<u8>) {
        drop(self.take_held(out));
    }

    /// The same with what is counted of it.
    pub(crate) fn take_held(&self, out: &mut Vec<u8>) -> Option<Charge> {
        debug_assert!(out.is_empty());
        if out.capacity() > self.kept {
            *out = Vec::new();
        }
        let (was_full, held) = {
            let mut queue = self.lock();
            self.join(&mut queue);
            queue.wanted = false;
            queue.count = 0;
            mem::swap(&mut queue.frames, out);
            self.queued.store(0, Ordering::Relaxed);
            (out.len() >= self.capacity, queue.held.take())
        };
        if was_full {
            self.drained.notify_waiters();
        }
        held
    }

    /// Blocks the thread until the transport is wanted; `false` when the queue is closed and empty.
    pub(crate) fn wait_blocking(&self) -> bool {
        let mut queue = self.lock();
        while !queue.wanted && !queue.closed {
            queue.is_awaited = true;
            queue = self.filled.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        !queue.frames.is_empty() || !queue.closed
    }

    /// The same as a future; it is woken by [`Self::send_later`] only at the next [`Self::flush_task`].
    pub(crate) async fn wait(&self) -> bool {
        loop {
            let mut filled = pin!(self.filled_task.notified());
            filled.as_mut().enable();
            {
                let queue = self.lock();
                if !queue.frames.is_empty() {
                    return true;
                }
                if queue.closed {
                    return false;
                }
            }
            filled.await;
        }
    }

    /// Wakes a transport task for what [`Self::send_later`] appended.
    pub(crate) fn flush_task(&self) {
        self.filled_task.notify_one();
    }

    fn wake(&self, mut queue: MutexGuard<'_, Queue>) {
        queue.wanted = true;
        let is_awaited = mem::take(&mut queue.is_awaited);
        drop(queue);
        if is_awaited {
            self.filled.notify_one();
        }
        self.filled_task.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        // Nothing panics while the queue is locked but an allocation; its frames stay whole either way.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn append(&self, queue: &mut Queue, encode: impl FnOnce(&mut Vec<u8>)) {
        if queue.closed {
            return;
        }
        self.join(queue);
        encode(&mut queue.frames);
        self.appended(queue, None);
    }

    /// Makes a frame of what is there.
    #[inline]
    fn join(&self, queue: &mut Queue) {
        if queue.rest.is_some() {
            self.join_rest(queue);
        }
    }

    #[cold]
    fn join_rest(&self, queue: &mut Queue) {
        if let Some(rest) = queue.rest.take() {
            rest.append_to(&mut queue.frames);
            queue.frames.push(b'\n');
            self.count(queue);
        }
    }

    /// Counts the frames, if they are long.
    #[inline]
    fn count(&self, queue: &mut Queue) {
        if queue.frames.len() > FREE_ANSWER
            && let Some(memory) = &self.memory
        {
            queue.held.get_or_insert_with(|| memory.flying.nothing()).set(queue.frames.len());
        }
    }

    /// A frame was appended, but for its rest and its end.
    #[inline]
    fn appended(&self, queue: &mut Queue, rest: Option<Rest>) {
        let more = rest.as_ref().map_or(0, Rest::len);
        queue.rest = rest;
        if queue.rest.is_none() {
            // A line ends the frame.
            queue.frames.push(b'\n');
        }
        queue.count += 1;
        self.count(queue);
        self.queued.store(queue.frames.len().saturating_add(more), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_drops_notifications_and_keeps_answers() {
        let peer = Peer::new(64);
        let mut sent = 0;
        while peer.notify("notifications/message", &"x".repeat(20)) {
            sent += 1;
        }
        assert!(sent >= 1);
        peer.send(|out| out.extend_from_slice(b"{\"an\":\n\"answer\"}"));
        let mut out = Vec::new();
        peer.take(&mut out);
        assert!(out.ends_with(b"{\"an\": \"answer\"}\n"));
        assert_eq!(out.split_inclusive(|byte| *byte == b'\n').count(), sent + 1);
        assert!(peer.notify("notifications/message", &"there is room again"));
    }

    #[tokio::test]
    async fn room_waits_for_the_reader() {
        let peer = Arc::new(Peer::new(8));
        peer.send(|out| out.extend_from_slice(b"123456789"));
        let waiting = tokio::spawn({
            let peer = Arc::clone(&peer);
            async move { peer.room().await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        peer.take(&mut Vec::new());
        assert!(waiting.await.is_ok());
    }

    #[cfg(feature = "http")]
    #[test]
    fn what_many_are_answered_with_is_counted_once_it_is_copied() {
        let memory = Arc::new(Memory::new(1 << 20));
        let rest = Rest::shared(vec![b'1'; 100_000]);
        let whole = |peer: &Peer| {
            peer.send_written(b"[".to_vec(), Some(rest.clone()));
            peer.close();
        };
        let peer = Peer::new(64).within(&memory);
        whole(&peer);
        assert!(peer.is_full());
        let taken = peer.take_whole().expect("nothing more can come");
        assert_eq!((taken.text.as_slice(), taken.rest.map(|rest| rest.len())), (&b"["[..], Some(100_001)));
        assert_eq!((taken.held.map(|held| held.bytes()), memory.held()), (None, 0));
        // Behind something else, or taken as a frame, it is a copy.
        let peer = Peer::new(64).within(&memory);
        peer.send_later(|out| out.extend_from_slice(b"first"));
        whole(&peer);
        assert!(peer.take_whole().is_none(), "there are two");
        let mut out = Vec::new();
        let held = peer.take_held(&mut out);
        assert!(out.starts_with(b"first\n[1") && out.ends_with(b"1}\n"));
        assert_eq!(memchr::memchr_iter(b'\n', &out).count(), 2);
        assert_eq!((held.map(|held| held.bytes()), out.len()), (Some(100_009), 100_009));
        assert_eq!(memory.held(), 0, "it is given back");
    }
}
