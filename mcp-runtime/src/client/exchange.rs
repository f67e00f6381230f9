//! A request goes out and its answer comes in: on the session in use, within its time, and again where that is safe.
//! Floor 6.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};

use super::Inner;
use super::error::Error;
use super::gather::Gather;
use super::session::Session;
use super::stamp::{Meta, Stamped};
use super::wire::PROGRESS_QUEUED;
use crate::message::encode_call;
use crate::method::Method;
use crate::model::{JsonObject, ProgressNotificationParams};
use crate::revision::Revision;

/// Whoever hears of a request's progress.
pub(super) type OnProgress<'a> = Box<dyn FnMut(ProgressNotificationParams) + Send + 'a>;

/// A request ready to go out.
pub(super) struct Order<'o, P> {
    pub(super) method: Method,
    pub(super) params: &'o P,
    pub(super) meta: &'o JsonObject,
    /// How long to wait for an answer, or for the next sign of progress.
    pub(super) timeout: Duration,
    /// How long to wait in all, with all attempts and rounds.
    pub(super) longest: Duration,
    /// Whether twice is as good as once.
    pub(super) is_safe: bool,
    /// What it may leave together with.
    pub(super) gather: Option<&'o Arc<Gather>>,
}

/// The moment after this time; of a time without end, one that nobody will live to see.
pub(super) fn after(time: Duration) -> Instant {
    const FAR: Duration = Duration::from_hours(24 * 365 * 30);
    Instant::now() + time.min(FAR)
}

impl Inner {
    /// Sends a request and waits for its result; sends it again where that is safe. What it takes is taken off the time that
    /// is `left`.
    pub(super) async fn exchange<P: Serialize + Sync>(
        &self,
        order: &Order<'_, P>,
        left: &mut Duration,
        on_progress: &mut Option<OnProgress<'_>>,
    ) -> Result<Bytes, Error> {
        let mut end = after(*left);
        let exchanged = self.exchange_until(order, &mut end, on_progress).await;
        *left = end.saturating_duration_since(Instant::now());
        exchanged
    }

    async fn exchange_until<P: Serialize + Sync>(
        &self,
        order: &Order<'_, P>,
        end: &mut Instant,
        on_progress: &mut Option<OnProgress<'_>>,
    ) -> Result<Bytes, Error> {
        let mut attempts = self.budget.attempts(order.is_safe);
        loop {
            let failed = match self.attempt(order, end, on_progress).await {
                Err(error) => error,
                answered => return answered,
            };
            // Where no other connection can be had, the same one fails again.
            let is_lost = matches!(failed, Error::Closed { .. }) && !self.sessions.opens_again(&self.options);
            let pause = if is_lost { None } else { attempts.after(&failed) };
            match pause {
                Some(pause) if Instant::now() + pause < *end => sleep(pause).await,
                _ => return Err(failed),
            }
        }
    }

    async fn attempt<P: Serialize + Sync>(
        &self,
        order: &Order<'_, P>,
        end: &mut Instant,
        on_progress: &mut Option<OnProgress<'_>>,
    ) -> Result<Bytes, Error> {
        let late = Error::Timeout { server: String::new(), method: order.method, after: order.longest };
        let session = tokio::select! {
            biased;
            session = self.sessions.live(self) => session?,
            () = sleep_until(*end) => return Err(late),
        };
        self.exchange_on(&session, order, end, on_progress).await
    }

    /// Sends a request on this session and waits for its result, until `end` at the latest.
    pub(super) async fn exchange_on<P: Serialize + Sync>(
        &self,
        session: &Session,
        order: &Order<'_, P>,
        end: &mut Instant,
        on_progress: &mut Option<OnProgress<'_>>,
    ) -> Result<Bytes, Error> {
        let Order { method, params, meta, timeout, longest, .. } = *order;
        // No other revision has batches.
        let gather = order.gather.filter(|_| session.agreed.revision == Revision::V2025_03_26);
        let late = |is_last: bool| Error::Timeout {
            server: String::new(),
            method,
            after: if is_last { longest } else { timeout },
        };
        let mut until = after(timeout).min(*end);
        let mut time = std::pin::pin!(sleep_until(until));
        let (sender, mut progress) = on_progress.is_some().then(|| mpsc::channel(PROGRESS_QUEUED)).unzip();
        let wants_progress = progress.is_some();
        let mut flight = tokio::select! {
            biased;
            () = &mut time => return Err(late(until == *end)),
            flight = session.connection.wire().send_in(gather, sender, |out, id| {
                let progress_token = wants_progress.then_some(id);
                let meta = Meta { own: meta, progress_token, modern: self.modern(session.agreed.revision) };
                encode_call(out, Some(id), method.as_str(), Some(&Stamped { params, meta }));
            }) => flight?,
        };
        let mut tell = |params: &Bytes| {
            if let (Some(f), Ok(params)) = (on_progress.as_mut(), crate::text::from_bytes(params)) {
                f(params);
            }
        };
        let answer = loop {
            tokio::select! {
                biased;
                () = &mut time => {
                    if session.connection.wire().is_paused() {
                        // Whoever gives credentials has time of their own.
                        *end = after(longest);
                        until = after(timeout);
                        time.as_mut().reset(until);
                        continue;
                    }
                    flight.give_up("the client's time for the request is over");
                    return Err(late(until == *end));
                }
                Some(params) = next(&mut progress) => {
                    tell(&params);
                    until = after(timeout).min(*end);
                    time.as_mut().reset(until);
                }
                answer = flight.answer() => break answer?,
            }
        };
        while let Some(params) = progress.as_mut().and_then(|progress| progress.try_recv().ok()) {
            tell(&params);
        }
        answer.result(method)
    }
}

/// The next progress notification; never, for a request that did not ask for any.
async fn next(progress: &mut Option<mpsc::Receiver<Bytes>>) -> Option<Bytes> {
    match progress {
        Some(progress) => progress.recv().await,
        None => std::future::pending().await,
    }
}
