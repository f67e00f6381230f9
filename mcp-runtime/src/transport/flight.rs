//! The calls of one connection that are not answered yet. Whoever takes a call out of the table ends it: with an answer, or,
//! when it was cancelled, without one. Floor 5.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
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

#[derive(Debug, Default)]
struct Table {
    /// Calls in their first poll: few at any time, mostly one.
    polled: Vec<Context>,
    /// Calls that had to wait and became tasks.
    waiting: HashMap<RequestId, (Context, AbortHandle)>,
    /// Calls that are out of both and whose answers are being handed on.
    landing: usize,
}

impl Flights {
    /// Takes a call in, before its first poll.
    pub(super) fn enter(&self, context: &Context, most: usize) -> Result<(), ProtocolError> {
        let mut table = self.lock();
        let id = context.id();
        if table.waiting.contains_key(id) || table.polled.iter().any(|call| call.id() == id) {
            return Err(ProtocolError::invalid_request(format!("a call with the id {id} is in flight already")));
        }
        if table.waiting.len() + table.polled.len() >= most {
            return Err(ProtocolError::internal(format!("{most} calls are in flight already; wait for some to end")));
        }
        table.polled.push(context.clone());
        Ok(())
    }

    /// Takes a call out that was ready at once and answers it, unless it was cancelled meanwhile.
    pub(super) fn leave(&self, id: &RequestId, answer: impl FnOnce()) {
        let is_wanted = self.lock().leave(id);
        self.land_with(is_wanted, answer);
    }

    /// Keeps a call that has to wait; `spawn` makes its task, unless the call was cancelled meanwhile: then `false`. The
    /// table is locked meanwhile, so that the task cannot end before it is in.
    pub(super) fn keep(&self, context: &Context, spawn: impl FnOnce() -> AbortHandle) -> bool {
        let mut table = self.lock();
        let is_wanted = table.leave(context.id());
        if is_wanted {
            let task = spawn();
            table.waiting.insert(context.id().clone(), (context.clone(), task));
            table.landing -= 1;
        }
        is_wanted
    }

    /// Takes a call out whose task is done and answers it, unless it was cancelled meanwhile.
    pub(super) fn land(&self, id: &RequestId, answer: impl FnOnce()) {
        let is_wanted = {
            let mut table = self.lock();
            let is_wanted = table.waiting.remove(id).is_some();
            table.landing += usize::from(is_wanted);
            is_wanted
        };
        self.land_with(is_wanted, answer);
    }

    /// Answers a call that is out of the table. It counts until its answer is handed on, so that nobody who waits for the
    /// last call closes the connection before.
    fn land_with(&self, is_wanted: bool, answer: impl FnOnce()) {
        if is_wanted {
            answer();
            self.lock().landing -= 1;
        }
        self.notify_if_idle();
    }

    /// Takes a call out that nobody wants any more and tells it so.
    pub(super) fn cancel(&self, id: &RequestId) {
        let (polled, waiting) = {
            let mut table = self.lock();
            let polled =
                table.polled.iter().position(|call| call.id() == id).map(|index| table.polled.swap_remove(index));
            (polled, table.waiting.remove(id))
        };
        if let Some(context) = polled {
            context.cancel();
        }
        if let Some((context, task)) = waiting {
            context.cancel();
            // The task's future is dropped at its next await; a call that computes sees `is_cancelled`.
            task.abort();
        }
        self.notify_if_idle();
    }

    /// Waits until no call is left.
    pub(super) async fn drained(&self) {
        loop {
            let mut idle = pin!(self.idle.notified());
            // Registered before looking, so that no wake-up between the two is lost.
            idle.as_mut().enable();
            if self.lock().is_empty() {
                return;
            }
            idle.await;
        }
    }

    /// Gives up what is left.
    pub(super) fn give_up(&self) -> GivenUp {
        let (polled, waiting) = {
            let mut table = self.lock();
            (std::mem::take(&mut table.polled), std::mem::take(&mut table.waiting))
        };
        polled.iter().for_each(Context::cancel);
        let tasks = waiting.into_values().map(|(context, task)| {
            context.cancel();
            task.abort();
            task
        });
        GivenUp(tasks.collect())
    }

    fn notify_if_idle(&self) {
        if self.lock().is_empty() {
            self.idle.notify_waiters();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        // Nothing that can panic runs while the table is locked; a poisoned lock holds a whole table.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Takes a call out that was polled; it is landing until the caller says otherwise.
    fn leave(&mut self, id: &RequestId) -> bool {
        match self.polled.iter().position(|call| call.id() == id) {
            Some(index) => {
                self.polled.swap_remove(index);
                self.landing += 1;
                true
            }
            None => false,
        }
    }

    fn is_empty(&self) -> bool {
        self.polled.is_empty() && self.waiting.is_empty() && self.landing == 0
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

    #[test]
    fn a_call_counts_until_its_answer_is_handed_on() {
        let (flights, call) = (Flights::default(), Context::of_call(1));
        assert!(flights.enter(&call, 10).is_ok());
        assert!(!is_idle(&flights));
        let was_idle = Cell::new(None);
        flights.leave(call.id(), || was_idle.set(Some(is_idle(&flights))));
        assert_eq!(was_idle.get(), Some(false));
        assert!(is_idle(&flights));
    }

    #[test]
    fn a_cancelled_call_is_not_answered() {
        let (flights, call) = (Flights::default(), Context::of_call(1));
        assert!(flights.enter(&call, 10).is_ok());
        flights.cancel(call.id());
        assert!(call.is_cancelled() && is_idle(&flights));
        flights.leave(call.id(), || panic!("it was cancelled"));
        assert!(!flights.keep(&call, || panic!("it was cancelled")));
    }

    #[test]
    fn an_id_in_flight_and_a_call_too_many_are_refused() {
        let flights = Flights::default();
        assert!(flights.enter(&Context::of_call(1), 2).is_ok());
        assert_eq!(flights.enter(&Context::of_call(1), 2).map_err(|error| error.code()), Err(-32600));
        assert!(flights.enter(&Context::of_call(2), 2).is_ok());
        assert_eq!(flights.enter(&Context::of_call(3), 2).map_err(|error| error.code()), Err(-32603));
        flights.leave(&crate::model::RequestId::Number(1), || {});
        assert!(flights.enter(&Context::of_call(3), 2).is_ok());
    }
}
