//! The calls of one connection that are not answered yet. Whoever takes a call out of the table ends it: with an answer, or,
//! when it was cancelled, without one. Its place among those that may be in flight is free once its function has ended, which
//! may be later than that. Floor 5.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::AbortHandle;

use crate::context::Context;
use crate::error::ProtocolError;
use crate::model::RequestId;

/// How long calls that are given up may take to drop what they hold.
const DROPPING: Duration = Duration::from_millis(100);

/// The table.
#[derive(Debug, Default)]
pub(super) struct Flights {
    table: Mutex<Table>,
    /// Wakes whoever waits for the last call to end.
    idle: Notify,
}

/// Tells a call from every other one. An id does not: it may be used again while a call that was cancelled goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticket(u64);

/// The place of a call that became a task. Dropped, it is free: when the call is answered, or with the task's future.
#[derive(Debug)]
pub(super) struct Seat {
    ticket: Ticket,
    taken: Arc<AtomicUsize>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.taken.fetch_sub(1, Ordering::AcqRel);
    }
}

#[derive(Debug, Default)]
struct Table {
    /// How many calls have been taken in.
    entered: u64,
    /// Calls in their first poll: few at any time, mostly one.
    polled: Vec<(Ticket, Context)>,
    /// How many calls were cancelled in their first poll, and are in it still.
    left_alone: usize,
    /// Calls that had to wait and became tasks.
    waiting: HashMap<RequestId, (Ticket, Context, AbortHandle)>,
    /// How many tasks there are, with those that nobody waits for any more.
    seats: Arc<AtomicUsize>,
    /// Somebody waits for the last call to end.
    is_awaited: bool,
    /// What was there was given up, and nothing else is taken in.
    is_closed: bool,
}

impl Flights {
    /// Takes a call in, before its first poll. What it gives must come back to [`Self::leave`] or [`Self::keep`].
    pub(super) fn enter(&self, context: &Context, most: usize) -> Result<Ticket, ProtocolError> {
        let mut table = self.lock();
        if table.is_closed {
            return Err(ProtocolError::internal("the connection is closed"));
        }
        let id = context.id();
        let is_taken = !table.waiting.is_empty() && table.waiting.contains_key(id);
        if is_taken || table.polled.iter().any(|(_, call)| call.id() == id) {
            return Err(ProtocolError::invalid_request(format!("a call with the id {id} is in flight already")));
        }
        if table.polled.len() + table.left_alone + table.seats.load(Ordering::Acquire) >= most {
            return Err(ProtocolError::internal(format!("{most} calls are in flight already; wait for some to end")));
        }
        table.entered += 1;
        let ticket = Ticket(table.entered);
        table.polled.push((ticket, context.clone()));
        Ok(ticket)
    }

    /// Takes a call out that was ready at once and answers it, unless it was cancelled meanwhile. The table is locked until
    /// the answer is handed on, so that nobody who waits for the last call closes the connection before.
    pub(super) fn leave(&self, ticket: Ticket, answer: impl FnOnce(&Context)) {
        let mut table = self.lock();
        let left = table.leave(ticket);
        if let Some(context) = &left {
            answer(context);
        }
        self.notify_if_idle(table);
        // What the call held is dropped with it, where nothing is locked.
        drop(left);
    }

    /// Keeps a call that has to wait; `spawn` makes its task, unless the call was cancelled meanwhile. The table is locked
    /// meanwhile, so that the task cannot end before it is in.
    pub(super) fn keep(&self, ticket: Ticket, spawn: impl FnOnce(&Context, Seat) -> AbortHandle) {
        let mut table = self.lock();
        if let Some(context) = table.leave(ticket) {
            table.seats.fetch_add(1, Ordering::AcqRel);
            let seat = Seat { ticket, taken: Arc::clone(&table.seats) };
            let task = spawn(&context, seat);
            table.waiting.insert(context.id().clone(), (ticket, context, task));
        }
    }

    /// Takes a call out whose task is done and answers it, unless it was cancelled meanwhile; locked as in [`Self::leave`].
    pub(super) fn land(&self, id: &RequestId, seat: Seat, answer: impl FnOnce()) {
        let mut table = self.lock();
        let ticket = seat.ticket;
        // Whoever reads the answer finds the place free.
        drop(seat);
        if table.waiting.get(id).is_some_and(|(kept, ..)| *kept == ticket) {
            table.waiting.remove(id);
            answer();
        }
        self.notify_if_idle(table);
    }

    /// Takes a call out that nobody wants any more and tells it so.
    pub(super) fn cancel(&self, id: &RequestId) {
        let (polled, waiting) = {
            let mut table = self.lock();
            let index = table.polled.iter().position(|(_, call)| call.id() == id);
            let polled = index.map(|index| table.polled.swap_remove(index).1);
            table.left_alone += usize::from(polled.is_some());
            let waiting = table.waiting.remove(id);
            self.notify_if_idle(table);
            (polled, waiting)
        };
        if let Some(context) = polled {
            context.cancel();
        }
        if let Some((_, context, task)) = waiting {
            context.cancel();
            // The task's future is dropped at its next await; a call that computes sees `is_cancelled`.
            task.abort();
        }
    }

    /// Waits until no call is left.
    pub(super) async fn drained(&self) {
        loop {
            let mut idle = pin!(self.idle.notified());
            // Registered before looking, so that no wake-up between the two is lost.
            idle.as_mut().enable();
            {
                let mut table = self.lock();
                if table.is_empty() {
                    return;
                }
                table.is_awaited = true;
            }
            idle.await;
        }
    }

    /// Gives up what is left.
    pub(super) fn give_up(&self) -> GivenUp {
        let (polled, waiting) = {
            let mut table = self.lock();
            table.is_closed = true;
            table.left_alone += table.polled.len();
            (std::mem::take(&mut table.polled), std::mem::take(&mut table.waiting))
        };
        for (_, context) in &polled {
            context.cancel();
        }
        let tasks = waiting.into_values().map(|(_, context, task)| {
            context.cancel();
            task.abort();
            task
        });
        GivenUp(tasks.collect())
    }

    /// How many calls are not answered yet.
    pub(super) fn count(&self) -> usize {
        let table = self.lock();
        table.polled.len() + table.waiting.len()
    }

    fn notify_if_idle(&self, table: MutexGuard<'_, Table>) {
        let is_due = table.is_awaited && table.is_empty();
        drop(table);
        if is_due {
            self.idle.notify_waiters();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        // Nothing that can panic runs while the table is locked but an allocation; a poisoned lock holds a whole table.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Takes a call out whose first poll is over; `None` if it was cancelled in it.
    fn leave(&mut self, ticket: Ticket) -> Option<Context> {
        match self.polled.iter().position(|(polled, _)| *polled == ticket) {
            Some(index) => Some(self.polled.swap_remove(index).1),
            None => {
                self.left_alone = self.left_alone.saturating_sub(1);
                None
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.polled.is_empty() && self.waiting.is_empty()
    }
}

/// Calls that were given up and may still be dropping what they hold.
#[must_use = "the calls may still be dropping what they hold"]
pub(super) struct GivenUp(Vec<AbortHandle>);

impl GivenUp {
    /// Waits a moment for them, so that a process does not end in the middle of their clean-up.
    pub(super) async fn dropped(self) {
        let all = async {
            while !self.0.iter().all(AbortHandle::is_finished) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        // A call that takes longer is left to the end of the process.
        let _ = tokio::time::timeout(DROPPING, all).await;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context as TaskContext, Poll, Waker};

    use super::*;

    fn is_idle(flights: &Flights) -> bool {
        let mut cx = TaskContext::from_waker(Waker::noop());
        pin!(flights.drained()).poll(&mut cx) == Poll::Ready(())
    }

    /// Takes a call in that must be let in.
    fn entered(flights: &Flights, call: &Context) -> Ticket {
        match flights.enter(call, 10) {
            Ok(ticket) => ticket,
            Err(error) => panic!("{error:?}"),
        }
    }

    #[test]
    fn a_call_counts_until_its_answer_is_handed_on() {
        let (flights, call) = (Flights::default(), Context::of_call(1));
        let ticket = entered(&flights, &call);
        assert!(!is_idle(&flights));
        let was_locked = Cell::new(false);
        flights.leave(ticket, |_| was_locked.set(flights.table.try_lock().is_err()));
        assert!(was_locked.get(), "somebody could have found it idle");
        assert!(is_idle(&flights));
    }

    #[test]
    fn what_was_given_up_takes_nothing_else_in() {
        let (flights, call) = (Flights::default(), Context::of_call(1));
        let ticket = entered(&flights, &call);
        drop(flights.give_up());
        assert!(call.is_cancelled());
        flights.leave(ticket, |_| panic!("it was given up"));
        assert_eq!(flights.enter(&Context::of_call(2), 10).map_err(|error| error.code()), Err(-32603));
        assert!(is_idle(&flights));
    }

    #[test]
    fn a_cancelled_call_is_not_answered() {
        let (flights, call) = (Flights::default(), Context::of_call(1));
        let ticket = entered(&flights, &call);
        flights.cancel(call.id());
        assert!(call.is_cancelled() && is_idle(&flights));
        flights.leave(ticket, |_| panic!("it was cancelled"));
        let ticket = entered(&flights, &call);
        flights.cancel(call.id());
        flights.keep(ticket, |_, _| panic!("it was cancelled"));
    }

    #[test]
    fn a_cancelled_call_has_its_place_until_it_ends_and_never_the_answer_of_another() {
        let flights = Flights::default();
        let (first, second) = (Context::of_call(1), Context::of_call(1));
        let one = entered(&flights, &first);
        flights.cancel(first.id());
        assert_eq!(flights.enter(&second, 1).map_err(|error| error.code()), Err(-32603));
        // Its id is free all the same, and what it says at last is not the answer to whoever has it now.
        let other = entered(&flights, &second);
        flights.leave(one, |_| panic!("it was cancelled"));
        let was_answered = Cell::new(false);
        flights.leave(other, |_| was_answered.set(true));
        assert!(was_answered.get());
        assert!(flights.enter(&first, 1).is_ok());
    }

    #[tokio::test]
    async fn a_cancelled_task_has_its_place_until_its_future_is_gone() {
        let flights = Flights::default();
        let (first, second) = (Context::of_call(1), Context::of_call(1));
        let ticket = entered(&flights, &first);
        let kept = std::cell::RefCell::new(None);
        let keep = |_: &Context, seat| {
            kept.replace(Some(seat));
            tokio::spawn(std::future::pending::<()>()).abort_handle()
        };
        flights.keep(ticket, keep);
        flights.cancel(first.id());
        assert_eq!(flights.enter(&second, 1).map_err(|error| error.code()), Err(-32603));
        let other = entered(&flights, &second);
        let Some(seat) = kept.take() else { panic!("it has a place") };
        flights.land(first.id(), seat, || panic!("it was cancelled"));
        let was_answered = Cell::new(false);
        flights.leave(other, |_| was_answered.set(true));
        assert!(was_answered.get());
        assert!(flights.enter(&first, 1).is_ok());
    }

    #[test]
    fn an_id_in_flight_and_a_call_too_many_are_refused() {
        let flights = Flights::default();
        let Ok(ticket) = flights.enter(&Context::of_call(1), 2) else { panic!("there is room") };
        assert_eq!(flights.enter(&Context::of_call(1), 2).map_err(|error| error.code()), Err(-32600));
        assert!(flights.enter(&Context::of_call(2), 2).is_ok());
        assert_eq!(flights.enter(&Context::of_call(3), 2).map_err(|error| error.code()), Err(-32603));
        flights.leave(ticket, |_| {});
        assert!(flights.enter(&Context::of_call(3), 2).is_ok());
    }
}
