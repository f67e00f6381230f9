//! Reads standard input: one thread leads, which blocks in `read` and polls each call in place. While a call holds it up, a
//! watcher hands the reading on to another thread, so that a function which computes or blocks delays its neighbours by
//! milliseconds only. While calls are short, nobody is woken for this. Floor 5.

use std::fs::File;
use std::io::{self, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use tokio::sync::oneshot;

use super::super::frame::{Line, Lines};
use super::super::stream::receive;
use super::super::{Link, in_place};
use super::{Output, flush, spawn};

/// How much is read at once: as much as a pipe holds.
const CHUNK: usize = 64 * 1024;
/// How long a call may hold the reading thread before another takes over.
const PATIENCE: Duration = Duration::from_millis(4);
/// How long the last line may take before the end of the input is told all the same.
const SETTLING: Duration = Duration::from_millis(100);
/// How many calls may hold a thread at once. With all of them held, reading waits for one to end.
const HELD: usize = 256;
/// After how many rounds without a call the watcher goes to sleep.
const QUIET: u32 = 25;

/// What every thread that reads shares.
pub(super) struct Reading {
    link: Arc<Link>,
    output: Arc<Mutex<Output>>,
    desk: Mutex<Desk>,
    /// Wakes the watcher.
    begun: Condvar,
}

/// Where the leader leaves the reader while it is inside a call.
#[derive(Default)]
struct Desk {
    reader: Option<Box<Reader>>,
    /// How many calls have begun: tells one long call from many short ones.
    calls: u64,
    /// How often the reading was handed on: tells a leader that it no longer leads.
    term: u64,
    /// How many former leaders are inside a call.
    held: usize,
    /// A new leader was started and has not taken the reader yet.
    is_handed: bool,
    is_watched: bool,
    has_ended: bool,
}

/// What it takes to read; whoever has it leads.
struct Reader {
    input: File,
    lines: Lines,
    chunk: Vec<u8>,
    ended: oneshot::Sender<io::Result<()>>,
}

impl Reading {
    /// Starts the leader and the watcher. `ended` is told when the input ends.
    pub(super) fn begin(
        link: &Arc<Link>,
        output: &Arc<Mutex<Output>>,
        input: File,
        ended: oneshot::Sender<io::Result<()>>,
    ) -> io::Result<()> {
        let lines = Lines::new(link.limits().line);
        let reader = Box::new(Reader { input, lines, chunk: vec![0; CHUNK], ended });
        let reading = Arc::new(Self {
            link: Arc::clone(link),
            output: Arc::clone(output),
            desk: Mutex::new(Desk { reader: Some(reader), ..Desk::default() }),
            begun: Condvar::new(),
        });
        reading.hand_on(&mut reading.desk())?;
        spawn("mcp-watch", move || reading.watch()).map(drop)
    }

    /// Starts a new leader; the reader lies on the desk.
    fn hand_on(self: &Arc<Self>, desk: &mut Desk) -> io::Result<()> {
        let term = desk.term + 1;
        let reading = Arc::clone(self);
        spawn("mcp-read", move || reading.lead(term)).map(drop)?;
        desk.term = term;
        desk.is_handed = true;
        Ok(())
    }

    fn lead(&self, term: u64) {
        // Calls may use timers, spawn tasks and so on while they are polled here.
        let _entered = self.link.runtime().enter();
        let Some(mut reader) = self.take(term) else { return };
        // What the call before left in the queue has waited long enough.
        let mut is_written = flush(&self.output, self.link.peer()).is_ok();
        let result = loop {
            while let Some(line) = reader.lines.next() {
                let Some(back) = self.handle(reader, line, term) else { return };
                reader = back;
                // What was read at once may be many calls with long answers.
                if self.link.peer().is_full() {
                    is_written &= flush(&self.output, self.link.peer()).is_ok();
                }
            }
            // A client that has gone has ended its side too, or will.
            is_written &= flush(&self.output, self.link.peer()).is_ok();
            if !is_written {
                break Ok(());
            }
            match reader.input.read(&mut reader.chunk) {
                Ok(0) => break Ok(()),
                Ok(read) => reader.lines.push(reader.chunk.get(..read).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        self.end(*reader, result);
    }

    fn end(&self, mut reader: Reader, result: io::Result<()>) {
        if let Some(line) = reader.lines.rest() {
            // In a thread of its own, because a call that holds it up must not hide that the input has ended.
            let (link, output) = (Arc::clone(&self.link), Arc::clone(&self.output));
            let (alive, done) = mpsc::channel::<()>();
            let started = spawn("mcp-last", move || {
                let _entered = link.runtime().enter();
                receive(&link, line, &mut in_place);
                let _ = flush(&output, link.peer());
                drop(alive);
            });
            if started.is_ok() {
                // By then the call is answered, or is known to be in flight.
                let _ = done.recv_timeout(SETTLING);
            }
        }
        // Nobody listens any more if a signal came first.
        let _ = reader.ended.send(result);
        self.desk().has_ended = true;
        self.begun.notify_one();
    }

    /// Handles a line, with the reader on the desk while a call is polled; `None` if another thread has taken it meanwhile.
    /// Whatever else there is to a line is done in order: a session is open before the next line is read.
    fn handle(&self, reader: Box<Reader>, line: Line, term: u64) -> Option<Box<Reader>> {
        let mut reader = Some(reader);
        receive(&self.link, line, &mut |poll| {
            let is_leader = reader.is_some();
            if let Some(reader) = reader.take() {
                self.lay_down(reader);
            }
            poll();
            if is_leader {
                reader = self.take(term);
            }
        });
        if reader.is_none() {
            self.desk().held -= 1;
            let _ = flush(&self.output, self.link.peer());
        }
        reader
    }

    /// Lays the reader on the desk, where the watcher can see that a call has begun.
    fn lay_down(&self, reader: Box<Reader>) {
        let mut desk = self.desk();
        desk.reader = Some(reader);
        desk.calls += 1;
        if !desk.is_watched {
            desk.is_watched = true;
            self.begun.notify_one();
        }
    }

    /// Takes the reader from the desk, unless another thread leads.
    fn take(&self, term: u64) -> Option<Box<Reader>> {
        let mut desk = self.desk();
        if desk.term != term {
            return None;
        }
        desk.is_handed = false;
        desk.reader.take()
    }

    fn watch(self: &Arc<Self>) {
        let mut desk = self.desk();
        let mut quiet = 0;
        while !desk.has_ended {
            if !desk.is_watched {
                desk = self.begun.wait(desk).unwrap_or_else(PoisonError::into_inner);
                quiet = 0;
                continue;
            }
            let calls = desk.calls;
            desk = self.begun.wait_timeout(desk, PATIENCE).unwrap_or_else(PoisonError::into_inner).0;
            if desk.calls != calls {
                quiet = 0;
            } else if desk.is_handed {
                // The next leader is on its way.
            } else if desk.reader.is_some() {
                // The same call as before still holds the leader. A machine that has no thread to spare is asked again
                // in the next round.
                if desk.held < HELD && self.hand_on(&mut desk).is_ok() {
                    desk.held += 1;
                }
            } else {
                quiet += 1;
                desk.is_watched = quiet < QUIET;
            }
        }
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        // Nothing that can panic runs while the desk is locked.
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
