//! When a request is made again: only where that is safe, with growing pauses, and never so often that it makes things worse
//! for a server that struggles. Floor 6.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::error::Error;

/// The time over which the budget of repetitions is spread.
const WINDOW: Duration = Duration::from_secs(10);

/// How often and how soon a request is made again whose answer was lost.
///
/// Only a request that is safe to repeat is: lists, reads, prompts, completions, calls of tools that say they are read-only
/// or idempotent (in the last list that was read), and what the caller marks with
/// [`Request::safe_to_repeat`](super::Request::safe_to_repeat). A request that surely never reached the server, or that it
/// refused unread because the session had expired, always is. What the server answered is never asked again, except 429,
/// 502, 503 and 504 over HTTP. A server that says with 429 or 503 how many seconds to wait (`Retry-After`) is left alone as
/// long; if that is more than the longest pause, or than the time that the request has left, the request fails at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Retry {
    times: u32,
    first: Duration,
    longest: Duration,
    budget: u32,
}

impl Default for Retry {
    /// Three times, after 0.2 s, 0.4 s and 0.8 s, each less up to half by chance; of all requests of a client at most 20 in
    /// ten seconds.
    fn default() -> Self {
        Self { times: 3, first: Duration::from_millis(200), longest: Duration::from_secs(10), budget: 20 }
    }
}

impl Retry {
    /// Nothing is made again, and a connection that ended is not opened again.
    pub fn never() -> Self {
        Self { times: 0, ..Self::default() }
    }

    /// How often one request is made again, 3 unless set.
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// The first pause and the longest one; each is twice the one before, less up to half of it by chance.
    pub fn pause(mut self, first: Duration, longest: Duration) -> Self {
        self.first = first;
        self.longest = longest;
        self
    }

    /// How many requests of the client are made again within ten seconds, 20 unless set; further ones fail at once.
    pub fn budget(mut self, requests: u32) -> Self {
        self.budget = requests;
        self
    }

    /// Whether a connection that ended is opened again.
    pub(super) fn is_on(&self) -> bool {
        self.times > 0
    }

    /// How long to wait before the next attempt; `attempt` counts from 0.
    pub(super) fn pause_before(&self, attempt: u32) -> Duration {
        let pause = self.first.saturating_mul(2_u32.saturating_pow(attempt)).min(self.longest);
        pause.mul_f64(1.0 - chance() / 2.0)
    }

    /// The same after this failure; `None` if the server wants a longer pause than there may be. An earlier attempt would only
    /// make things worse for it.
    pub(super) fn pause_after(&self, error: &Error, attempt: u32) -> Option<Duration> {
        let asked = error.retry_after().unwrap_or_default();
        (asked <= self.longest).then(|| self.pause_before(attempt).max(asked))
    }
}

/// A number from 0 up to 1. Without a source of randomness clients only lose their being out of step.
fn chance() -> f64 {
    let mut bytes = [0; 4];
    if getrandom::fill(&mut bytes).is_err() {
        return 0.5;
    }
    f64::from(u32::from_ne_bytes(bytes)) / (f64::from(u32::MAX) + 1.0)
}

/// What is left of the repetitions that a client allows itself.
#[derive(Debug)]
pub(super) struct Budget {
    policy: Retry,
    left: Mutex<(f64, Instant)>,
}

/// The attempts of one request.
#[derive(Debug)]
pub(super) struct Attempts<'b> {
    budget: &'b Budget,
    made: u32,
    is_safe: bool,
}

impl Budget {
    pub(super) fn new(policy: Retry) -> Self {
        Self { policy, left: Mutex::new((f64::from(policy.budget), Instant::now())) }
    }

    pub(super) fn attempts(&self, is_safe: bool) -> Attempts<'_> {
        Attempts { budget: self, made: 0, is_safe }
    }

    fn take(&self) -> bool {
        let most = f64::from(self.policy.budget);
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let regained = now.duration_since(left.1).as_secs_f64() / WINDOW.as_secs_f64() * most;
        *left = ((left.0 + regained).min(most), now);
        if left.0 < 1.0 {
            return false;
        }
        left.0 -= 1.0;
        true
    }
}

impl Attempts<'_> {
    /// How long to wait before the request is made again after this failure; `None` if it is not.
    pub(super) fn after(&mut self, error: &Error) -> Option<Duration> {
        let Budget { policy, .. } = self.budget;
        let is_worth_it = error.was_unread() || (self.is_safe && error.may_pass());
        let pause = policy.pause_after(error, self.made)?;
        if !is_worth_it || self.made >= policy.times || !self.budget.take() {
            return None;
        }
        self.made += 1;
        // There is nothing to wait for: only the session has to be opened again.
        let is_at_once = self.made == 1 && matches!(error, Error::Expired { .. });
        Some(if is_at_once { Duration::ZERO } else { pause })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost() -> Error {
        Error::Closed { server: String::new(), status: None, cause: None }
    }

    #[tokio::test(start_paused = true)]
    async fn only_what_is_safe_is_made_again_and_not_forever() {
        let budget = Budget::new(Retry::default());
        assert_eq!(budget.attempts(false).after(&lost()), None);
        let mut attempts = budget.attempts(true);
        let pauses: Vec<_> = std::iter::from_fn(|| attempts.after(&lost())).collect();
        assert_eq!(pauses.len(), 3);
        for (pause, longest) in pauses.iter().zip([200, 400, 800]) {
            let range = Duration::from_millis(longest / 2)..=Duration::from_millis(longest);
            assert!(range.contains(pause), "{pause:?}");
        }
        let refused = Error::Arguments { server: String::new(), reason: String::new() };
        assert_eq!(budget.attempts(true).after(&refused), None);
        let expired = Error::Expired { url: String::new() };
        assert_eq!(budget.attempts(false).after(&expired), Some(Duration::ZERO));
        assert_eq!(Budget::new(Retry::never()).attempts(true).after(&lost()), None);
    }

    #[tokio::test(start_paused = true)]
    async fn the_budget_is_shared_and_comes_back() {
        let budget = Budget::new(Retry::default().budget(4));
        let spend = || (0..10).filter(|_| budget.attempts(true).after(&lost()).is_some()).count();
        assert_eq!(spend(), 4);
        assert_eq!(spend(), 0);
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(spend(), 2);
    }
}
