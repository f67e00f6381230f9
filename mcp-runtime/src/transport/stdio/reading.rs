//! Reads standard input: one thread leads, which blocks in `read` and polls each call in place. While a call holds it up, a
//! watcher hands the reading on to another thread, so that a function which computes or blocks delays its neighbours by
//! a millisecond or two. While calls are short, nobody is woken for this. Floor 5.

use std::fs::File;
use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use tokio::sync::oneshot;

use super::super::frame::{Line, Lines};
use super::super::{Input, Link, in_place};
use super::{KEPT, Output, flush, spawn};
use crate::ground::Ground;
use crate::piece::Slot;

/// How much may be answered before it is written though there is more to handle: a pipe takes no more at once either.
const WRITTEN: usize = 64 * 1024;
/// How long a call may hold the reading thread before another takes over.
const PATIENCE: Duration = Duration::from_millis(1);
/// How long the last line may take before the end of the input is told all the same.
const SETTLING: Duration = Duration::from_millis(100);
/// After how many rounds without a line the watcher goes to sleep.
const QUIET: u32 = 25;

/// What every thread that reads shares.
pub(super) struct Reading {
    link: Arc<Link>,
    output: Arc<Mutex<Output>>,
    input: File,
    desk: Mutex<Desk>,
    /// The number of the line whose call was polled last. Only the leader writes it, and only once for a line.
    polled: AtomicU64,
    /// Only the leader starts the watcher.
    has_watcher: AtomicBool,
    /// Wakes the watcher.
    begun: Condvar,
    /// Wakes the thread that stands by.
    called: Condvar,
}

/// What passes from one leader to the next.
struct Desk {
    /// What was read and is not handled yet; the leader has it while it reads.
    lines: Lines,
    /// How many lines were taken: tells one long call from many short ones.
    taken: u64,
    /// How often the reading was handed on: tells a leader that it no longer leads.
    term: u64,
    /// How many former leaders are inside a call.
    held: usize,
    /// The leader handles a line, rather than waiting for one.
    is_inside: bool,
    /// A new leader was started and has not begun yet.
    is_handed: bool,
    /// A former leader may wait to be called again: a thread of its own for each long call would bring its memory anew.
    spare: Spare,
    is_watched: bool,
    /// Whom to tell when the input ends; nobody, once it has.
    ended: Option<oneshot::Sender<io::Result<()>>>,
}

/// A former leader.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Spare {
    None,
    Waits,
    /// To lead in this term.
    Called(u64),
}

/// What a leader finds on the desk.
enum Found<'s> {
    /// A line, and its number.
    Line(Input<'s>, u64),
    /// All that was read is handled: this is to be read into.
    Nothing(Lines),
    /// Another leader.
    Successor,
}

impl Reading {
    /// Starts the leader. `ended` is told when the input ends.
    pub(super) fn begin(
        link: &Arc<Link>,
        output: &Arc<Mutex<Output>>,
        input: File,
        ended: oneshot::Sender<io::Result<()>>,
    ) -> io::Result<()> {
        let desk = Desk {
            lines: Lines::new(link.limits().line).keeping(KEPT),
            taken: 0,
            term: 0,
            held: 0,
            is_inside: false,
            is_handed: false,
            spare: Spare::None,
            is_watched: false,
            ended: Some(ended),
        };
        let reading = Arc::new(Self {
            link: Arc::clone(link),
            output: Arc::clone(output),
            input,
            desk: Mutex::new(desk),
            polled: AtomicU64::new(0),
            has_watcher: AtomicBool::new(false),
            begun: Condvar::new(),
            called: Condvar::new(),
        });
        reading.hand_on(&mut reading.desk())
    }

    /// Starts the watcher when the first call is about to be polled: what comes before holds nobody up. A machine that has
    /// no thread to spare is asked again at the next call; until it has one, whoever holds the reader holds up the rest.
    fn watched(self: &Arc<Self>) {
        if !self.has_watcher.load(Ordering::Relaxed) {
            let reading = Arc::clone(self);
            let is_there = spawn("mcp-watch", move || reading.watch()).is_ok();
            self.has_watcher.store(is_there, Ordering::Relaxed);
        }
    }

    /// Calls the thread that stands by, or starts one.
    fn hand_on(self: &Arc<Self>, desk: &mut Desk) -> io::Result<()> {
        let term = desk.term + 1;
        if desk.spare == Spare::Waits {
            desk.spare = Spare::Called(term);
            self.called.notify_one();
        } else {
            let reading = Arc::clone(self);
            spawn("mcp-read", move || reading.lead(term))?;
        }
        desk.term = term;
        desk.is_handed = true;
        Ok(())
    }

    /// Waits to be called again; `None` if another thread waits already, or the input ends.
    fn stand_by(&self) -> Option<u64> {
        let mut desk = self.desk();
        if desk.spare != Spare::None {
            return None;
        }
        desk.spare = Spare::Waits;
        while desk.ended.is_some() && desk.spare == Spare::Waits {
            desk = self.called.wait(desk).unwrap_or_else(PoisonError::into_inner);
        }
        match std::mem::replace(&mut desk.spare, Spare::None) {
            Spare::Called(term) => Some(term),
            Spare::None | Spare::Waits => None,
        }
    }

    fn lead(self: &Arc<Self>, mut term: u64) {
        // Calls may use timers, spawn tasks and so on while they are polled here.
        let _entered = self.link.runtime().enter();
        let (mut slot, mut ground) = (Slot::default(), self.link.ground());
        // What the call before left in the queue has waited long enough.
        let mut is_written = self.write();
        let result = loop {
            match self.next(term, &mut slot) {
                Found::Successor => {
                    self.write();
                    // What is out of date is not kept meanwhile.
                    self.link.renew(&mut ground);
                    drop(ground);
                    let Some(again) = self.stand_by() else { return };
                    (term, ground) = (again, self.link.ground());
                    is_written = self.write();
                }
                Found::Line(line, number) => {
                    self.handle(line, number, &mut ground);
                    if self.link.peer().queued() >= WRITTEN {
                        is_written &= self.write();
                    }
                }
                Found::Nothing(mut lines) => {
                    is_written &= self.write();
                    // A client that has gone has ended its side too, or will.
                    if !is_written {
                        break Ok(());
                    }
                    let read = (&self.input).read(lines.room());
                    lines.add(read.as_ref().copied().unwrap_or_default());
                    self.desk().lines = lines;
                    match read {
                        Ok(0) => break Ok(()),
                        Err(error) if error.kind() != io::ErrorKind::Interrupted => break Err(error),
                        _ => {}
                    }
                }
            }
        };
        self.end(result);
    }

    /// Takes the next line from the desk, unless another thread leads by now.
    fn next<'s>(&self, term: u64, slot: &'s mut Slot) -> Found<'s> {
        let mut desk = self.desk();
        if desk.term != term {
            desk.held -= 1;
            return Found::Successor;
        }
        desk.is_handed = false;
        let input = desk.lines.next().map(|line| Input::of(line, slot));
        desk.is_inside = input.is_some();
        let Some(input) = input else {
            return Found::Nothing(std::mem::replace(&mut desk.lines, Lines::new(0)));
        };
        desk.taken += 1;
        if !desk.is_watched {
            desk.is_watched = true;
            self.begun.notify_one();
        }
        Found::Line(input, desk.taken)
    }

    /// Handles a line. From when its call is polled the reading may be handed on; whatever comes before that is done in
    /// order: a session is open before the next line is taken.
    fn handle(self: &Arc<Self>, line: Input<'_>, number: u64, ground: &mut Ground) {
        let mut is_first = true;
        self.link.receive(line, ground, &mut |poll| {
            // Of a batch, the first call decides: once the reading was handed on, the mark is the next leader's.
            if std::mem::take(&mut is_first) {
                self.watched();
                self.polled.store(number, Ordering::Release);
            }
            poll();
        });
    }

    /// Writes what is queued; says whether anybody reads it.
    fn write(&self) -> bool {
        flush(&self.output, self.link.peer()).is_ok()
    }

    fn end(&self, result: io::Result<()>) {
        let (rest, ended) = {
            let mut desk = self.desk();
            let rest = desk.lines.rest().map(|line| match line {
                Line::Whole(line) => Some(line.to_vec()),
                Line::TooLong => None,
            });
            (rest, desk.ended.take())
        };
        self.begun.notify_one();
        self.called.notify_one();
        if let Some(rest) = rest {
            // In a thread of its own, because a call that holds it up must not hide that the input has ended.
            let (link, output) = (Arc::clone(&self.link), Arc::clone(&self.output));
            let (alive, done) = mpsc::channel::<()>();
            let started = spawn("mcp-last", move || {
                let _entered = link.runtime().enter();
                let (mut slot, mut ground) = (Slot::default(), link.ground());
                let rest = rest.as_deref().map_or(Line::TooLong, Line::Whole);
                link.receive(Input::of(rest, &mut slot), &mut ground, &mut in_place);
                let _ = flush(&output, link.peer());
                drop(alive);
            });
            if started.is_ok() {
                // By then the call is answered, or is known to be in flight.
                let _ = done.recv_timeout(SETTLING);
            }
        }
        // Nobody listens any more if a signal came first.
        let _ = ended.map(|ended| ended.send(result));
    }

    fn watch(self: &Arc<Self>) {
        let mut desk = self.desk();
        let mut quiet = 0;
        while desk.ended.is_some() {
            if !desk.is_watched {
                desk = self.begun.wait(desk).unwrap_or_else(PoisonError::into_inner);
                quiet = 0;
                continue;
            }
            let taken = desk.taken;
            desk = self.begun.wait_timeout(desk, PATIENCE).unwrap_or_else(PoisonError::into_inner).0;
            if desk.taken != taken {
                quiet = 0;
            } else if desk.is_handed {
                // The next leader is on its way.
            } else if desk.is_inside && self.polled.load(Ordering::Acquire) == taken {
                // The same call as before still holds the leader. A machine that has no thread to spare is asked again
                // in the next round.
                if desk.held < self.link.limits().blocking && self.hand_on(&mut desk).is_ok() {
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
