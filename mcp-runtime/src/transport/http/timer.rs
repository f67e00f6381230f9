//! The clock that `hyper` bounds the time for a head with. It sets a new one for every request, and almost never needs it: here that
//! takes a look at the clock, and not the lock of the runtime's timers. Floor 5.

use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::{Duration, Instant as StdInstant};

use hyper::rt::{Sleep, Timer};
use tokio::task::unconstrained;
use tokio::time::Instant;

/// The clock of one connection. All that it times one after the other has one alarm.
#[derive(Clone, Debug, Default)]
pub(super) struct LazyTimer(Arc<Mutex<Option<Alarm>>>);

#[derive(Debug)]
struct Alarm {
    sleep: Pin<Box<tokio::time::Sleep>>,
    /// Whom it wakes, once it is set.
    waker: Option<Waker>,
}

impl Timer for LazyTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, deadline: StdInstant) -> Pin<Box<dyn Sleep>> {
        Box::pin(LazySleep { deadline: Instant::from_std(deadline), alarm: self.clone() })
    }

    fn now(&self) -> StdInstant {
        Instant::now().into_std()
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn Sleep>>, new_deadline: StdInstant) {
        match sleep.as_mut().downcast_mut_pin::<LazySleep>() {
            Some(sleep) => sleep.get_mut().deadline = Instant::from_std(new_deadline),
            None => *sleep = self.sleep_until(new_deadline),
        }
    }
}

/// Waits until a time. The alarm may be set for an earlier one, and is set anew when it rings.
struct LazySleep {
    deadline: Instant,
    alarm: LazyTimer,
}

impl Future for LazySleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let deadline = self.deadline;
        // Nothing that can panic runs while it is locked, and nobody else polls meanwhile.
        let mut alarm = self.alarm.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Alarm { sleep, waker } =
            alarm.get_or_insert_with(|| Alarm { sleep: Box::pin(tokio::time::sleep_until(deadline)), waker: None });
        loop {
            if deadline < sleep.deadline() {
                sleep.as_mut().reset(deadline);
                *waker = None;
            }
            let is_set = waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker()));
            if is_set && !sleep.is_elapsed() {
                return Poll::Pending;
            }
            *waker = Some(cx.waker().clone());
            // Not within the budget of the task: without any left, nothing would be set here.
            ready!(pin!(unconstrained(sleep.as_mut())).poll(cx));
            if deadline <= sleep.deadline() {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(deadline);
            *waker = None;
        }
    }
}

impl Sleep for LazySleep {}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    /// After how long it ends, in seconds.
    async fn ends_after(sleep: &mut Pin<Box<dyn Sleep>>) -> u64 {
        let begun = Instant::now();
        assert!(timeout(Duration::from_hours(1), sleep).await.is_ok(), "it does not end");
        begun.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn it_ends_at_the_time_that_was_set_last() {
        let (second, timer) = (Duration::from_secs(1), LazyTimer::default());
        let mut sleep = timer.sleep(second * 30);
        // Put off while it is waited for, by as much as one likes.
        for _ in 0..3 {
            assert!(timeout(second * 20, sleep.as_mut()).await.is_err());
            timer.reset(&mut sleep, timer.now() + second * 30);
        }
        assert_eq!(ends_after(&mut sleep).await, 30);
        timer.reset(&mut sleep, timer.now() + second * 5);
        assert_eq!(ends_after(&mut sleep).await, 5);
        // Another one after it, later or earlier than what the alarm is set for.
        let mut sleep = timer.sleep(second * 30);
        assert!(timeout(second, sleep.as_mut()).await.is_err());
        let mut sleep = timer.sleep(second * 40);
        assert_eq!(ends_after(&mut sleep).await, 40);
        let mut sleep = timer.sleep(second * 30);
        assert!(timeout(second, sleep.as_mut()).await.is_err());
        let mut sleep = timer.sleep(second * 2);
        assert_eq!(ends_after(&mut sleep).await, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_has_used_up_its_budget_sets_it_all_the_same() {
        let mut sleep = LazyTimer::default().sleep(Duration::from_secs(3));
        let waker = std::future::poll_fn(|cx| {
            while pin!(tokio::task::consume_budget()).poll(cx).is_ready() {}
            assert!(sleep.as_mut().poll(cx).is_pending());
            Poll::Ready(cx.waker().clone())
        })
        .await;
        // The task is polled again without a word from the clock, and waits.
        assert!(sleep.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        assert_eq!(ends_after(&mut sleep).await, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_last_is_woken() {
        let mut sleep = LazyTimer::default().sleep(Duration::from_secs(3));
        assert!(sleep.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert_eq!(ends_after(&mut sleep).await, 3);
    }
}
