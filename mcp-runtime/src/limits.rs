//! What a server bounds, and how much of it there may be. Who keeps to a bound is in the files that name it. Floor 1.

use std::time::Duration;

/// What a server bounds. Every bound has a default that is safe for a server on the open network.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub(crate) line: usize,
    pub(crate) outgoing: usize,
    pub(crate) in_flight: usize,
    pub(crate) grace: Duration,
    pub(crate) answer: Duration,
    pub(crate) state: usize,
    pub(crate) subscriptions: usize,
    pub(crate) tasks: usize,
    pub(crate) task_ttl: Duration,
    pub(crate) memory: usize,
    pub(crate) blocking: usize,
    pub(crate) questions: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            line: 4 << 20,
            outgoing: 4 << 20,
            in_flight: 16 * 1024,
            grace: Duration::from_secs(5),
            answer: Duration::from_mins(10),
            state: 64 * 1024,
            subscriptions: 1024,
            tasks: 1000,
            task_ttl: Duration::from_hours(1),
            memory: 192 << 20,
            blocking: 256,
            questions: 1024,
        }
    }
}

impl Limits {
    /// The longest message in bytes, 4 MiB unless set. A longer one is answered with an error and skipped unread.
    pub fn line(mut self, bytes: usize) -> Self {
        self.line = bytes.max(1024);
        self
    }

    /// How many bytes of answers may wait for a client that does not read, 4 MiB unless set. Beyond it calls wait, and
    /// progress and log messages are dropped.
    pub fn outgoing(mut self, bytes: usize) -> Self {
        self.outgoing = bytes.max(1024);
        self
    }

    /// How many calls of one connection may be in flight, 16,384 unless set. Further ones are answered with an error. A call
    /// that was cancelled is in flight until its function has ended.
    pub fn in_flight(mut self, calls: usize) -> Self {
        self.in_flight = calls.max(1);
        self
    }

    /// How many calls may hold a thread of their own on standard input and output because they compute or block, 256 unless
    /// set. With more, reading waits for one to end.
    pub fn blocking(mut self, calls: usize) -> Self {
        self.blocking = calls.max(1);
        self
    }

    /// How many questions one session may leave open (up to 2025-11-25), 1,024 unless set. A call that asks one more is told
    /// so.
    pub fn questions(mut self, questions: usize) -> Self {
        self.questions = questions;
        self
    }

    /// How long a client may take to answer what a call asks it, 10 minutes unless set.
    pub fn answer(mut self, time: Duration) -> Self {
        self.answer = time;
        self
    }

    /// How many bytes a client of 2026-07-28 is given to hold between the rounds of a call that asks, 64 KiB unless set. A
    /// call that has to remember more is answered with an error.
    pub fn state(mut self, bytes: usize) -> Self {
        self.state = bytes;
        self
    }

    /// How many resources one session or stream may subscribe to, 1,024 unless set. Further ones are refused.
    pub fn subscriptions(mut self, resources: usize) -> Self {
        self.subscriptions = resources;
        self
    }

    /// How many tasks one principal may have, done ones among them: 1,000 unless set. Further ones are refused.
    pub fn tasks(mut self, tasks: usize) -> Self {
        self.tasks = tasks;
        self
    }

    /// For how long a task is kept from its beginning, an hour unless set. One that is not done by then is given up.
    pub fn task_ttl(mut self, time: Duration) -> Self {
        self.task_ttl = time.max(Duration::from_millis(1));
        self
    }

    /// How many bytes of memory all that clients send, wait for and leave behind may take together: 192 MiB unless set.
    ///
    /// Counted are messages from their first bytes until their call has ended, arguments with a bound for what their JSON
    /// becomes once it is read; over HTTP also all of a body that says its length once half of it is there, answers that are
    /// not sent yet, events that are kept for clients that lost them, and what sessions know of their clients. Not counted are
    /// the first 4 KiB of a message and 16 KiB of an answer. A call that would go beyond it is answered with an error; over
    /// HTTP with 503, or 413 if it alone is too much, where there is no room for its bytes. What a tool allocates for itself is
    /// its own affair.
    pub fn memory(mut self, bytes: usize) -> Self {
        self.memory = bytes;
        self
    }

    /// How long calls in flight may go on once the input has ended or the process was told to stop, 5 s unless set.
    pub fn grace(mut self, time: Duration) -> Self {
        self.grace = time;
        self
    }
}
