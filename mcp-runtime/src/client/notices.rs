//! What a server says unasked, as streams: log messages, progress. Changes are `subscription`. Floor 6.

use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};

use futures_core::Stream;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;

use super::Client;
use super::hub::Ear;
use super::wire::PROGRESS_QUEUED;
use crate::method::Method;
use crate::model::{LoggingMessageNotificationParams, ProgressNotificationParams};

/// A stream of what a server says unasked.
///
/// It goes on over reconnections, and ends with the last clone of the client. Whoever is behind misses what comes while 1,024
/// notifications or 4 MiB wait.
#[derive(Debug)]
pub struct Notices<T> {
    ear: Ear,
    of: PhantomData<fn() -> T>,
}

impl Client {
    /// The log messages of the server from here on.
    ///
    /// Which levels it sends is decided by [`Connect::log_level`](super::Connect::log_level) and [`Client::set_level`].
    pub fn logs(&self) -> Notices<LoggingMessageNotificationParams> {
        Notices { ear: self.0.hub.listen(|method| method == Method::LogMessage), of: PhantomData }
    }
}

impl<T: DeserializeOwned> Notices<T> {
    /// The next one. Dropping the future is harmless.
    pub async fn next(&mut self) -> Option<T> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// How many were dropped because nobody took those before them.
    pub fn missed(&self) -> u64 {
        self.ear.missed()
    }
}

impl<T: DeserializeOwned> Stream for Notices<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<T>> {
        loop {
            let Some(heard) = ready!(self.ear.poll(cx)) else { return Poll::Ready(None) };
            // What makes no sense is passed over, as a callback passes over it.
            if let Ok(notice) = crate::text::from_bytes(&heard.params) {
                return Poll::Ready(Some(notice));
            }
        }
    }
}

/// The progress of one request, see [`Request::progress`](super::Request::progress).
#[derive(Debug)]
pub struct Progress(mpsc::Receiver<ProgressNotificationParams>);

impl Progress {
    pub(super) fn channel() -> (mpsc::Sender<ProgressNotificationParams>, Self) {
        let (to, from) = mpsc::channel(PROGRESS_QUEUED);
        (to, Self(from))
    }

    /// The next sign of progress; `None` once the request is over. Dropping the future is harmless.
    pub async fn next(&mut self) -> Option<ProgressNotificationParams> {
        self.0.recv().await
    }
}

impl Stream for Progress {
    type Item = ProgressNotificationParams;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(cx)
    }
}
