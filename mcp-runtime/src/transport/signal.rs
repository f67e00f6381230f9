//! The signals that tell a process to stop. Floor 5.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::task::Poll;

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
#[cfg(windows)]
use tokio::signal::windows::{CtrlBreak, CtrlC, ctrl_break, ctrl_c};

/// The signals that tell a process to stop.
#[cfg(unix)]
pub(super) struct Signals(Signal, Signal);

/// The signals that tell a process to stop.
#[cfg(windows)]
pub(super) struct Signals(CtrlC, CtrlBreak);

impl Signals {
    #[cfg(unix)]
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self(signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?))
    }

    #[cfg(windows)]
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self(ctrl_c()?, ctrl_break()?))
    }

    /// Waits for `future`, or for a signal: then `None`.
    pub(super) async fn or<T>(&mut self, future: impl Future<Output = T>) -> Option<T> {
        let mut future = pin!(future);
        poll_fn(|cx| {
            if let Poll::Ready(value) = future.as_mut().poll(cx) {
                return Poll::Ready(Some(value));
            }
            if self.0.poll_recv(cx).is_ready() || self.1.poll_recv(cx).is_ready() {
                return Poll::Ready(None);
            }
            Poll::Pending
        })
        .await
    }

    /// Waits for the next signal.
    pub(super) async fn again(&mut self) {
        let never: Option<std::convert::Infallible> = self.or(std::future::pending()).await;
        debug_assert!(never.is_none());
    }
}
